"""The reference of a declaration: 40 random bits that people can read aloud, and a symbol that catches slips.

Eight symbols of Crockford's base 32 (no I, L, O, U) and one check symbol, grouped `7K3Q-9M2D-X`. Crockford's own
check (modulo 37) needs five more signs such as `*` and `$`, which nobody can dictate; here the check is a weighted
sum over the field of 32 elements, which stays in the same alphabet and also catches every single wrong symbol and
every swap of two neighbours. See docs/decisions/0003-reference.md.
"""

import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from registration import telex

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
# Nothing longer is looked at: the address in a QR code has less.
MAX_SCAN = 300
# As the database keeps versions; a paper of more than 9,999 pages does not exist.
MAX_VERSION = 32767
MAX_PAGE = 9999
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})
# Nine symbols; then a version and a page, each after something that is no letter and no digit.
_NUMBERS = r"((?<=[\W_])[0-9]{1,5})?(?:[\W_]+([0-9]{1,4}))?[\W_]*"
_TYPED = re.compile(r"[\W_]*((?:[^\W_][\W_]*){9})" + _NUMBERS)
# The same as the paper's codes have it: a keyboard that writes Vietnamese changes letters, not dashes.
_SCANNED = re.compile(r"[\W_]*((?:[^\W_]{4}[\W_]){2}[^\W_][\W_]*|[^\W_]{9}[\W_]*)" + _NUMBERS)
_MOST_SYMBOLS = LENGTH + 1 + len(str(MAX_VERSION)) + len(str(MAX_PAGE))
_POLYNOMIAL = 0b100101  # x^5 + x^2 + 1, primitive: powers of x run through all 31 non-zero elements


def _times_x(element: int) -> int:
    element <<= 1
    return element ^ _POLYNOMIAL if element & 0b100000 else element


def check_symbol(symbols: str) -> str:
    """The check symbol of a string of symbols of `ALPHABET` (31 at most)."""
    total = 0
    for symbol in symbols:
        total = _times_x(total) ^ ALPHABET.index(symbol)
    return ALPHABET[_times_x(total)]


def make_reference() -> str:
    """A new reference of nine symbols without dashes, as it is stored."""
    symbols = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return symbols + check_symbol(symbols)


@dataclass(frozen=True)
class Scan:
    """What a code on the paper, or a person, says: a reference as stored, and version and page where they are named."""

    reference: str
    version: int | None = None
    page: int | None = None


def scan_text(reference: str, version: int, page: int | None = None) -> str:
    """What the paper's codes carry: `7K3Q9M2DX-2` in the Code 128, with the page `7K3Q9M2DX-2-1` in the page's QR code.

    20 signs at most (9, a dash, 5 digits of a version, a dash, 4 of a page), all of the alphanumeric mode of QR codes:
    just what version 1-M holds (ISO/IEC 18004, table 7). Raises ValueError beyond that.
    """
    if not 0 < version <= MAX_VERSION or (page is not None and not 0 < page <= MAX_PAGE):
        raise ValueError("no such version or page fits into the code")
    return f"{reference}-{version}" if page is None else f"{reference}-{version}-{page}"


def parse_reference(text: str) -> str | None:
    """The stored form of the reference that a person typed or scanned, or None where it cannot be one."""
    found = parse_scan(text)
    return found.reference if found else None


def parse_scan(text: str) -> Scan | None:
    """What a person typed or a scanner read from any code of the paper, old or new; None where it cannot be one.

    Reference, reference-version or reference-version-page, alone or at the end of a QR code's address (of any host).
    Case, spaces, dots and dashes do not matter; O is read as 0, I and L as 1. What a hand scanner "types" while the
    computer writes Vietnamese (Telex) is read back: the check symbol decides among what may have been meant.
    """
    found = possible_scans(text)
    return found[0] if found else None


def possible_scans(text: str) -> list[Scan]:
    """Every reading of what was typed or scanned, the likeliest first; more than one only after Telex."""
    if len(text) > MAX_SCAN:
        return []
    address = unicodedata.normalize("NFC", text).upper().strip()
    # The last part of an address counts; its host and whatever follows a question mark do not.
    typed = re.split(r"[?#]", address.rpartition("/Q/")[2])[0]
    if sum(map(str.isalnum, typed)) > _MOST_SYMBOLS:
        return []
    if as_typed := _read(typed, _TYPED):
        return [as_typed]
    return _readings([typed]) or _readings(telex.with_a_letter_more(typed))


def _readings(texts: Iterable[str]) -> list[Scan]:
    read = (_read(plain, _SCANNED) for text in texts for plain in telex.before_telex(text))
    return list(dict.fromkeys(scan for scan in read if scan))


def _read(typed: str, pattern: re.Pattern[str]) -> Scan | None:
    """A reference of nine symbols and up to two numbers, each after a separator."""
    parts = pattern.fullmatch(typed.translate(_READ_AS))
    if not parts:
        return None
    symbols = "".join(sign for sign in parts[1] if sign.isalnum())
    if any(sign not in ALPHABET for sign in symbols) or check_symbol(symbols[:-1]) != symbols[-1]:
        return None
    version, page = (int(part) if part else None for part in parts.groups()[1:])
    if version == 0 or page == 0 or (version or 0) > MAX_VERSION:
        return None
    return Scan(symbols, version, page)


def format_reference(reference: str) -> str:
    """The grouped form that people read: `7K3Q-9M2D-X`."""
    return f"{reference[:4]}-{reference[4:8]}-{reference[8:]}"
