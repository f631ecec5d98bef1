"""The shapes in which a BHXH number reaches us, in one place.

A number is 10 digits with no known check digit; older health-insurance cards print it as the last 10 of 15
characters (two letters of the class, benefit level, province, number), and a scanned card may add 5 digits of the
hospital. Classes and levels have changed over the years (levels 1 to 7 until 2014) and say nothing about the number.
"""

import re

from common.text import compact

NUMBER_LENGTH = 10
_CARD = re.compile(r"[A-Z]{2}\d{3}(\d{10})(?:\d{5})?", re.ASCII)
_NUMBER = re.compile(r"\d{10}", re.ASCII)


def parse_bhxh_number(text: str) -> str | None:
    """The 10 digits in a typed number or a pasted health-card number, or None where there are none."""
    symbols = compact(text)
    if _NUMBER.fullmatch(symbols):
        return symbols
    card = _CARD.fullmatch(symbols)
    return card[1] if card else None
