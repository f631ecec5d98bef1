"""The clock's part in a declaration's life."""

from datetime import timedelta

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from notifications.enums import MessageKind
from notifications.models import Message
from registration.enums import Status
from registration.models import Declaration
from registration.services.decisions import expire_declaration
from registration.services.texts import send_messages

_AWAITED = (Status.SUBMITTED, Status.RETURNED)
REMIND_BEFORE = timedelta(days=3)


def expire_declarations(limit: int = 500) -> int:
    """Expire declarations whose paper did not come in time. Returns how many were looked at."""
    due = Declaration.objects.filter(status__in=_AWAITED, expires_at__lt=timezone.now())
    ids = list(due.order_by("expires_at").values_list("pk", flat=True)[:limit])
    for declaration_id in ids:
        expire_declaration(declaration_id)
    return len(ids)


def send_reminders(limit: int = 500) -> int:
    """Remind those whose paper is due within REMIND_BEFORE, once each time; how many were reminded.

    Nobody is reminded within a day of submitting.
    """
    now = timezone.now()
    key = Concat(Value("declaration:"), Cast(OuterRef("pk"), CharField()))
    reminded = Message.objects.filter(related_key=key, kind=MessageKind.REMINDER, created_at__gt=now - REMIND_BEFORE)
    due = Declaration.objects.filter(
        ~Exists(reminded),
        status__in=_AWAITED,
        expires_at__range=(now, now + REMIND_BEFORE),
        submitted_at__lt=now - timedelta(days=1),
    )
    ids = list(due.order_by("expires_at").values_list("pk", flat=True)[:limit])
    for declaration_id in ids:
        with transaction.atomic():
            # Locked first, and looked at again after that by a query of its own, which sees what another run has
            # committed meanwhile: two at once remind once.
            declaration = Declaration.objects.select_for_update(of=("self",)).get(pk=declaration_id)
            if due.filter(pk=declaration_id).exists():
                send_messages([declaration], MessageKind.REMINDER)
    return len(ids)
