"""The code by which another device goes on with a draft: five groups of three digits, `482-177-350-946-218`.

No other code of the portal has this shape: a reference has nine letters and digits, a code by SMS six digits, an
office's twelve, a check code sixteen hexadecimal ones. 50 random bits: with a million drafts under way, whoever tries
30 a minute (RATE_RESUME) finds one in two thousand years.
"""

import unicodedata

from common.sms_codes import random_digits

DIGITS = 15
_GROUP = 3
# Nothing longer is looked at.
_MAX_TYPED = 100


def make_resume_code() -> str:
    """A new one without dashes, as it is stored."""
    return random_digits(DIGITS)


def format_resume_code(code: str) -> str:
    """The grouped form that people read."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def parse_resume_code(text: str) -> str | None:
    """The stored form of what was typed, in whichever script and grouping; None where it cannot be one."""
    kept = [sign for sign in text[:_MAX_TYPED] if unicodedata.category(sign)[0] not in "CZP"]
    digits = "".join(str(unicodedata.decimal(sign)) for sign in kept if sign.isdecimal())
    return digits if len(digits) == len(kept) == DIGITS else None
