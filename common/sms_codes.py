"""The codes of six digits that an SMS carries, the same for a dossier and for a new password.

Only the browser session that asked for a code may type it, and each has few tries: a stranger who asks uses up tries
of his own codes, never the owner's, and ends none.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

CODE_DIGITS = 6
# A code lives to its end, whatever is asked for after it. The texts of the SMS say so.
VALID_FOR = timedelta(minutes=10)
MAX_TRIES = 5
# A browser session asks again after this at the earliest.
RESEND_AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class NewCode:
    """A code whose hash is in force once its app's SET_CODE has been run with `params` and has changed a row."""

    value: str = field(repr=False)
    params: Sequence[Any] = field(repr=False)


def random_digits(number: int) -> str:
    return f"{secrets.randbelow(10**number):0{number}d}"
