"""A citizen sets a new password with a code from an SMS. Nothing here tells whether a number has an account."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import PasswordReset, User
from common.keyed import is_keyed_hash, keyed_hash

CODE_DIGITS = 6
VALID_FOR = timedelta(minutes=15)
# With 5 codes a day for a number, a guess succeeds once in 40,000 days of trying.
MAX_TRIES = 5
_SALT = "accounts.resets"


class ResetOver(Exception):
    """The reset has been used, replaced, tried too often, or has run out."""


def open_reset(number: str, *, allowed: bool = True) -> PasswordReset:
    """A new reset for this BHXH number; without an account behind it when there is none, or not `allowed`."""
    account = User.objects.filter(username=number, is_staff=False, is_active=True).exclude(phone="").first()
    return PasswordReset.objects.create(account=account if allowed else None, expires_at=timezone.now() + VALID_FOR)


@dataclass(frozen=True)
class ResetCode:
    """The code of one reset; only its hash is kept. It is good once SET_CODE has been run with `params` and has changed
    a row: where it has not, the reset is over or has another code."""

    value: str = field(repr=False)
    params: Sequence[Any] = field(repr=False)


SET_CODE = """
    UPDATE accounts_passwordreset SET code_hash = %s
    WHERE id = %s AND used_at IS NULL AND expires_at > %s AND code_hash IN ('', %s)
"""


def make_code(reset_id: int) -> ResetCode:
    """A code for this reset, made once, by the worker that sends it."""
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    code_hash = _hash(reset_id, code)
    return ResetCode(code, (code_hash, reset_id, now, code_hash))


def is_open(reset_id: int) -> bool:
    """Whether its code would still be taken: not used, not run out, not replaced by a newer one."""
    reset = PasswordReset.objects.filter(pk=reset_id, used_at=None, expires_at__gt=timezone.now()).first()
    return reset is not None and _is_newest(reset)


def check_code(token: str, code: str) -> User:
    """The account whose reset this is, if the code is right; each call counts as a try. Raises ResetOver otherwise."""
    with transaction.atomic():
        reset = PasswordReset.objects.select_for_update().filter(token=token).first()
        if reset is None or reset.used_at or reset.expires_at <= timezone.now() or reset.tries >= MAX_TRIES:
            raise ResetOver
        PasswordReset.objects.filter(pk=reset.pk).update(tries=F("tries") + 1)
        is_newest = _is_newest(reset)
    is_right = is_keyed_hash(reset.code_hash, _SALT, f"{reset.pk}:{code}")
    if not is_right or not is_newest or reset.account_id is None:
        raise ResetOver
    return User.objects.get(pk=reset.account_id)


def use_reset(token: str) -> None:
    """Ends the reset. Raises ResetOver when it has been used already."""
    if not PasswordReset.objects.filter(token=token, used_at=None).update(used_at=timezone.now()):
        raise ResetOver


def purge_resets() -> int:
    """Remove those of more than a week ago."""
    return PasswordReset.objects.filter(created_at__lt=timezone.now() - timedelta(days=7)).delete()[0]


def _is_newest(reset: PasswordReset) -> bool:
    return not PasswordReset.objects.filter(account=reset.account_id, pk__gt=reset.pk).exists()


def _hash(reset_id: int, code: str) -> str:
    return keyed_hash(_SALT, f"{reset_id}:{code}")
