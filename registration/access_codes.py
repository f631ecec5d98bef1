"""The codes that open a dossier for its applicant: how they are made and recognised.

A code by SMS belongs to the browser session that asked for it (common.sms_codes). With 10 codes a day for a declaration
(RATE_CODE_DECLARATION) a guess succeeds once in 20,000 days of trying. An officer's code is for whoever types it first,
so it is long instead.
"""

import unicodedata
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from common.keyed import is_keyed_hash, keyed_hash
from common.sms_codes import CODE_DIGITS, NewCode, random_digits
from registration.enums import OPENABLE_STATUSES
from registration.models import AccessCode

OFFICE_CODE_DIGITS = 12
OFFICE_VALID_FOR = timedelta(hours=24)
# Before the id of a code, in the related key of its message.
MESSAGE_KEY = "access:"
# The longest text that is looked at; a whole SMS is shorter.
_MAX_TYPED = 200
_SALT = "registration.access"


# Not for a dossier that has ended, nor to a phone that is no longer the declaration's.
SET_CODE = f"""
    UPDATE registration_accesscode SET code_hash = %s
    WHERE id = %s AND used_at IS NULL AND expires_at > %s AND code_hash IN ('', %s) AND EXISTS (
        SELECT 1 FROM registration_declaration AS dossier
        WHERE dossier.id = registration_accesscode.declaration_id AND dossier.phone = registration_accesscode.phone
        AND dossier.status IN ({", ".join(f"'{status.value}'" for status in OPENABLE_STATUSES)})
    )
"""  # noqa: S608 (our own names)


def make_code(code_id: int) -> NewCode:
    """The digits of this code, made once, by the worker that sends them."""
    digits = random_digits(CODE_DIGITS)
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    code_hash = hash_code(code_id, digits)
    return NewCode(digits, (code_hash, code_id, now, code_hash))


def is_open(code_id: int) -> bool:
    """Whether the code would still be taken: not used, not run out, the phone and the dossier as they were."""
    code = AccessCode.objects.select_related("declaration").filter(pk=code_id, used_at=None).first()
    return (
        code is not None
        and code.expires_at > timezone.now()
        and code.phone == code.declaration.phone
        and code.declaration.status in OPENABLE_STATUSES
    )


def hash_code(code_id: int, digits: str) -> str:
    return keyed_hash(_SALT, f"{code_id}:{digits}")


def matches(code: AccessCode, digits: str) -> bool:
    return is_keyed_hash(code.code_hash, _SALT, f"{code.pk}:{digits}")


def read_digits(typed: str) -> str:
    """The digits of a typed or pasted code, in whichever script; spaces, points and signs that nobody sees are
    dropped. Empty when something else stands in it, or when no code has as many."""
    kept = [sign for sign in typed[:_MAX_TYPED] if unicodedata.category(sign)[0] not in "CZP"]
    digits = "".join(str(unicodedata.decimal(sign)) for sign in kept if sign.isdecimal())
    return digits if len(digits) == len(kept) and len(digits) in (CODE_DIGITS, OFFICE_CODE_DIGITS) else ""
