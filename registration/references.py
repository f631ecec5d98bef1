"""The reference of a declaration: 40 random bits that people can read aloud, and a symbol that catches slips.

Eight symbols of Crockford's base 32 (no I, L, O, U) and one check symbol, grouped `7K3Q-9M2D-X`. Crockford's own
check (modulo 37) needs five more signs such as `*` and `$`, which nobody can dictate; here the check is a weighted
sum over the field of 32 elements, which stays in the same alphabet and also catches every single wrong symbol and
every swap of two neighbours. See docs/decisions/0003-reference.md.
"""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})
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


def parse_reference(text: str) -> str | None:
    """The stored form of what a person typed or scanned, or None where it cannot be a reference.

    Case, spaces, dots and dashes do not matter; O is read as 0, I and L as 1. Of the address in the paper's
    QR code, which a hand scanner types, the last part counts.
    """
    last = text.upper().strip().rstrip("/").rpartition("/Q/")[2]
    symbols = "".join(c for c in last if c.isalnum()).translate(_READ_AS)
    if len(symbols) != LENGTH + 1 or any(c not in ALPHABET for c in symbols):
        return None
    return symbols if check_symbol(symbols[:-1]) == symbols[-1] else None


def format_reference(reference: str) -> str:
    """The grouped form that people read: `7K3Q-9M2D-X`."""
    return f"{reference[:4]}-{reference[4:8]}-{reference[8:]}"
