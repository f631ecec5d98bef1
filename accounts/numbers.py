"""The shapes in which a BHXH number reaches us, in one place.

A number is 10 digits with no known check digit; older health-insurance cards print it as the last 10 of 15
characters (class, benefit level, province, number), and a scanned card may add 5 digits of the hospital.
"""

import re
import unicodedata

NUMBER_LENGTH = 10
_CARD = re.compile(r"[A-Z]{2}[1-5]\d{2}(\d{10})(?:\d{5})?", re.ASCII)
_NUMBER = re.compile(r"\d{10}", re.ASCII)


def compact(text: str) -> str:
    """Upper case without spaces, dots and dashes, full-width signs made plain."""
    return re.sub(r"[\s.\-‐-―]", "", unicodedata.normalize("NFKC", text)).upper()


def parse_bhxh_number(text: str) -> str | None:
    """The 10 digits in a typed number or a pasted health-card number, or None where there are none."""
    symbols = compact(text)
    if _NUMBER.fullmatch(symbols):
        return symbols
    card = _CARD.fullmatch(symbols)
    return card[1] if card else None
