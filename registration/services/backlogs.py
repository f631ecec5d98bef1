"""What the clock's work has not come to yet, for whoever watches."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from registration.models import Setback
from registration.services.documents import missing_documents
from registration.services.drafts import stale_drafts
from registration.services.draining import DOCUMENTS, DRAFTS, EXPIRY, REMINDERS, RESETS
from registration.services.expiry import REMIND_DAYS, overdue_declarations, unreminded_declarations
from registration.services.resets import LOST_AFTER, lost_resets

# Beyond that the exact number tells nothing more.
COUNTED_TO = 100_000


@dataclass(frozen=True)
class Backlog:
    """How many rows of one kind of work are due (counted up to COUNTED_TO), for how many seconds the oldest has been,
    and how many have failed and wait for another try."""

    kind: str
    count: int
    oldest_seconds: int
    set_back: int


def measure_backlogs() -> list[Backlog]:
    """Every kind of work, those without a backlog too."""
    days_before = timedelta(days=REMIND_DAYS + 1)
    return [
        _measure(DRAFTS, stale_drafts(), "updated_at", timedelta(hours=settings.DRAFT_HOURS)),
        _measure(EXPIRY, overdue_declarations(), "expires_at", timedelta()),
        _measure(REMINDERS, unreminded_declarations(), "expires_at", -days_before),
        _measure(DOCUMENTS, missing_documents(), "submitted_at", timedelta(minutes=1)),
        _measure(RESETS, lost_resets(), "created_at", LOST_AFTER),
    ]


def _measure(kind: str, rows: QuerySet[Any], by: str, due_after: timedelta) -> Backlog:
    """`due_after`: how long after `by` the work was due."""
    oldest = rows.order_by(by).values_list(by, flat=True).first()
    seconds = int((timezone.now() - oldest - due_after).total_seconds()) if oldest else 0
    set_back = Setback.objects.filter(kind=kind, until__gt=timezone.now()).count()
    return Backlog(kind, rows.order_by()[:COUNTED_TO].count(), max(seconds, 0), set_back)
