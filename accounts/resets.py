"""A citizen sets a new password with a code from an SMS. Nothing here tells whether a number has an account.

With 15 codes a day to a phone (RATE_SMS_RESET) and five tries of each, a guess succeeds once in 13,000 days of trying.
"""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import PasswordReset, User
from common.keyed import is_keyed_hash, keyed_hash
from common.sms_codes import CODE_DIGITS, MAX_TRIES, RESEND_AFTER, VALID_FOR, NewCode, random_digits

KEPT_DAYS = 7
_SALT = "accounts.resets"


class ResetOver(Exception):
    """The reset has been used, tried too often, or has run out."""


def find_account(number: str, phone: str) -> User | None:
    """The open account with this BHXH number and this mobile phone (E.164). The same work for every pair."""
    account = User.objects.filter(username=number, is_staff=False, is_active=True).first()
    is_its_phone = constant_time_compare(account.phone if account else "", phone)
    return account if is_its_phone and phone else None


def asked_just_now(asking: str, account: User | None) -> bool:
    """Whether this browser session asked for the same account within RESEND_AFTER: that code is on its way."""
    since = timezone.now() - RESEND_AFTER
    earlier = PasswordReset.objects.filter(asking=asking, created_at__gt=since)
    return earlier.filter(account=account.pk if account else 0).exists()


def open_reset(account: User | None, asking: str) -> PasswordReset:
    """A new reset, whose code only the browser session `asking` may type; without an account nothing comes of it.

    Earlier ones live to their end.
    """
    return PasswordReset.objects.create(account=account, asking=asking, expires_at=timezone.now() + VALID_FOR)


SET_CODE = """
    UPDATE accounts_passwordreset SET code_hash = %s
    WHERE id = %s AND used_at IS NULL AND expires_at > %s AND code_hash IN ('', %s)
"""


def make_code(reset_id: int) -> NewCode:
    """A code for this reset, made once, by the worker that sends it."""
    code = random_digits(CODE_DIGITS)
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    code_hash = _hash(reset_id, code)
    return NewCode(code, (code_hash, reset_id, now, code_hash))


def is_open(reset_id: int) -> bool:
    """Whether its code would still be taken: not used, not run out."""
    return PasswordReset.objects.filter(pk=reset_id, used_at=None, expires_at__gt=timezone.now()).exists()


def check_code(asking: str, code: str) -> PasswordReset:
    """The reset with this code, of those that the browser session has asked for, with its account.

    Each call is a try of all of them. Raises ResetOver where none has it.
    """
    with transaction.atomic():
        asked = PasswordReset.objects.select_for_update(of=("self",)).select_related("account")
        usable = asked.filter(asking=asking, used_at=None, expires_at__gt=timezone.now(), tries__lt=MAX_TRIES)
        resets = list(usable.order_by("pk")) if asking else []
        PasswordReset.objects.filter(pk__in=[reset.pk for reset in resets]).update(tries=F("tries") + 1)
    right = [reset for reset in resets if is_keyed_hash(reset.code_hash, _SALT, f"{reset.pk}:{code}")]
    if not right or right[0].account is None or not right[0].account.is_active:
        raise ResetOver
    return right[0]


def use_reset(reset_id: int) -> None:
    """Ends the reset and the others of its account: its password has just been chosen. Raises ResetOver when it has
    been used already."""
    open_ones = PasswordReset.objects.filter(used_at=None)
    if not open_ones.filter(pk=reset_id).update(used_at=timezone.now()):
        raise ResetOver
    account_id = PasswordReset.objects.values_list("account", flat=True).get(pk=reset_id)
    open_ones.filter(account=account_id, account__isnull=False).update(used_at=timezone.now())


def purge_resets() -> int:
    """Remove those of more than KEPT_DAYS ago."""
    return PasswordReset.objects.filter(created_at__lt=timezone.now() - timedelta(days=KEPT_DAYS)).delete()[0]


def _hash(reset_id: int, code: str) -> str:
    return keyed_hash(_SALT, f"{reset_id}:{code}")
