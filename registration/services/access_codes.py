"""Asking for a code that opens a dossier, and opening it with one."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.services import agencies_for
from common.sms_codes import MAX_TRIES, RESEND_AFTER, VALID_FOR, random_digits
from notifications.enums import MessageKind
from notifications.services import NewMessage, has_room, queue_messages
from registration import access_codes
from registration.enums import OPENABLE_STATUSES, AccessKind, Status
from registration.models import AccessCode, AccessEvent, Declaration
from registration.services.errors import AlreadyDecided, CodeRefused, CodesExhausted
from registration.services.texts import message_text
from registration.throttle import allow

if TYPE_CHECKING:
    from accounts.models import User

# The answer to a right code may get lost, or be the first of a double click's: the same browser may send it again.
AGAIN = timedelta(minutes=1)
OFFICE_CODES_A_DAY = 5
# In these an officer gives a code into the applicant's hand, whose phone may be wrong or lost.
OFFICE_CODE_STATUSES = (Status.SUBMITTED, Status.RETURNED)


def request_access_code(declaration_id: int, *, asking: str, address: str) -> None:
    """Queue an SMS with a code to the phone on record; only the browser session `asking` may type it.

    Codes asked for earlier live to their end. Raises CodesExhausted (asked again within RESEND_AFTER, or the day's
    codes of the declaration, its phone or this client `address` are used up), AlreadyDecided when there is nothing to
    open any more, Declaration.DoesNotExist.
    """
    declaration = _openable(Declaration.objects.get(pk=declaration_id), asking)
    if not _is_within_budget(declaration, address):
        raise CodesExhausted(
            _("No more codes can be sent for this dossier today. Try again tomorrow, or ask the office for a code.")
        )
    with transaction.atomic():
        locked = Declaration.objects.select_for_update(of=("self",)).get(pk=declaration_id)
        _queue_code(_openable(locked, asking), asking)


def _openable(declaration: Declaration, asking: str) -> Declaration:
    if declaration.status not in OPENABLE_STATUSES:
        raise AlreadyDecided
    since = timezone.now() - RESEND_AFTER
    if declaration.access_codes.filter(asking=asking, created_at__gt=since, issued_by=None).exists():
        raise CodesExhausted(_("A code has just been sent. Wait a minute before you ask for another."))
    return declaration


def _is_within_budget(declaration: Declaration, address: str) -> bool:
    """One client address uses up a part of the day's codes only: a stranger does not use up the owner's."""
    key = str(declaration.pk)
    phone_has_room = has_room(declaration.phone, MessageKind.ACCESS_CODE)
    return phone_has_room and allow("code-address", key, address) and allow("code-declaration", key)


def _queue_code(declaration: Declaration, asking: str) -> None:
    expires_at = timezone.now() + VALID_FOR
    code = AccessCode.objects.create(
        declaration=declaration, asking=asking, phone=declaration.phone, expires_at=expires_at
    )
    message = NewMessage(
        kind=MessageKind.ACCESS_CODE,
        phone=declaration.phone,
        body=message_text(declaration, MessageKind.ACCESS_CODE),
        related_key=f"{access_codes.MESSAGE_KEY}{code.pk}",
        secret_expires_at=expires_at,
    )
    queue_messages([message])


def open_with_code(declaration_id: int, digits: str, *, asking: str) -> Declaration:
    """The dossier, if `digits` are a code of it that this browser session may use; the code is used up by it.

    Each call is a try of every code that the session has asked for. Raises CodeRefused, Declaration.DoesNotExist.
    """
    with transaction.atomic():
        declaration = Declaration.objects.select_for_update(of=("self",)).get(pk=declaration_id)
        code = _matching(declaration, digits, asking) if declaration.status in OPENABLE_STATUSES else None
        if code is not None and code.used_at is None:
            AccessCode.objects.filter(pk=code.pk).update(used_at=timezone.now(), asking=asking)
    if code is None:
        raise CodeRefused
    return declaration


def _matching(declaration: Declaration, digits: str, asking: str) -> AccessCode | None:
    now = timezone.now()
    sent = Q(asking=asking, phone=declaration.phone)
    from_office = Q(phone="", asking__in=("", asking))
    usable = Q(used_at=None) | Q(used_at__gt=now - AGAIN)
    codes = list(declaration.access_codes.filter(sent | from_office, usable, expires_at__gt=now))
    codes = [code for code in codes if code.tries < MAX_TRIES]
    # An officer's code is too long to be guessed; counting its tries would let strangers use them up.
    tried = [code.pk for code in codes if code.phone]
    AccessCode.objects.filter(pk__in=tried).update(tries=F("tries") + 1)
    return next((code for code in codes if access_codes.matches(code, digits)), None)


def issue_access_code(declaration_id: int, *, officer: "User") -> str:
    """A code for the officer to tell the applicant, whose phone is wrong or lost; shown this once, and on record.

    Raises AlreadyDecided where there is nothing to correct, CodesExhausted after OFFICE_CODES_A_DAY,
    Declaration.DoesNotExist.
    """
    with transaction.atomic():
        mine = Declaration.objects.select_for_update(of=("self",)).filter(agency__in=agencies_for(officer))
        declaration = mine.get(pk=declaration_id)
        if declaration.status not in OFFICE_CODE_STATUSES:
            raise AlreadyDecided
        now = timezone.now()
        given = declaration.access_codes.filter(phone="", created_at__gt=now - timedelta(days=1))
        if given.count() >= OFFICE_CODES_A_DAY:
            raise CodesExhausted(_("Five codes have been given for this dossier within a day. Try again tomorrow."))
        digits = random_digits(access_codes.OFFICE_CODE_DIGITS)
        code = AccessCode.objects.create(
            declaration=declaration, issued_by=officer, expires_at=now + access_codes.OFFICE_VALID_FOR
        )
        AccessCode.objects.filter(pk=code.pk).update(code_hash=access_codes.hash_code(code.pk, digits))
        AccessEvent.objects.create(declaration=declaration, user=officer, kind=AccessKind.OPEN_CODE)
    return digits


def purge_access_codes() -> int:
    """Remove those of more than a week ago; how many. Who gave one stays on record as an AccessEvent."""
    return AccessCode.objects.filter(created_at__lt=timezone.now() - timedelta(days=7)).delete()[0]
