"""The clock's part in a declaration's life. Days are whole ones, by the calendar of Việt Nam (common.days)."""

from datetime import timedelta

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from common.days import day_of, end_of_day_in, start_of_day
from notifications.enums import HELD_BACK, MessageKind
from notifications.models import Message
from registration.enums import AWAITED_STATUSES
from registration.models import Declaration
from registration.services.decisions import expire_declaration
from registration.services.draining import DRAIN_SECONDS, EXPIRY, REMINDERS, drain
from registration.services.texts import send_messages

REMIND_DAYS = 3


def overdue_declarations() -> QuerySet[Declaration]:
    """Those whose last day, the one that was told, is over."""
    return Declaration.objects.filter(status__in=AWAITED_STATUSES, expires_at__lt=timezone.now())


def expire_declarations(seconds: float = DRAIN_SECONDS) -> int:
    """Expire what is overdue, the oldest first, until nothing is left or `seconds` are over; how many."""
    return drain(EXPIRY, overdue_declarations(), by="expires_at", work=expire_declaration, seconds=seconds).done


def is_due_soon(declaration: Declaration) -> bool:
    """Whether the last day is at most REMIND_DAYS away."""
    return declaration.expires_at <= end_of_day_in(REMIND_DAYS)


def unreminded_declarations() -> QuerySet[Declaration]:
    """Those whose last day is at most REMIND_DAYS away and who were not told so. Nobody is on the day of submitting."""
    now = timezone.now()
    key = Concat(Value("declaration:"), Cast(OuterRef("pk"), CharField()))
    # The days of one reminder are over before those of the next can begin.
    since = now - timedelta(days=REMIND_DAYS + 1)
    # One that was held back, for its phone had had enough that day, is tried again the next.
    done = ~Q(last_error_code=HELD_BACK) | Q(created_at__gt=now - timedelta(days=1))
    reminded = Message.objects.filter(done, related_key=key, kind=MessageKind.REMINDER, created_at__gt=since)
    return Declaration.objects.filter(
        ~Exists(reminded),
        status__in=AWAITED_STATUSES,
        expires_at__range=(now, end_of_day_in(REMIND_DAYS)),
        submitted_at__lt=start_of_day(day_of(now)),
    )


def send_reminders(seconds: float = DRAIN_SECONDS) -> int:
    """Remind those whose paper is due soon, once each time; how many were reminded."""
    return drain(REMINDERS, unreminded_declarations(), by="expires_at", work=_remind, seconds=seconds).done


def _remind(declaration_id: int) -> bool:
    with transaction.atomic():
        # Locked first, and looked at again after that by a query of its own, which sees what another run has
        # committed meanwhile: two at once remind once.
        declaration = Declaration.objects.select_for_update(of=("self",)).get(pk=declaration_id)
        if not unreminded_declarations().filter(pk=declaration_id).exists():
            return False
        send_messages([declaration], MessageKind.REMINDER)
    return True
