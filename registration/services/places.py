"""The place of a live declaration: its number for itself, and one of its phone's places."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from registration.enums import LIVE_STATUSES, Status
from registration.models import Declaration
from registration.services.errors import TakenMeanwhile


def awaits_paper(declaration: Declaration) -> bool:
    """Whether an expired declaration ended while its paper, not a correction, was awaited."""
    last = declaration.changes.last()
    return declaration.status == Status.EXPIRED and last is not None and last.from_status == Status.SUBMITTED


def newer_declarations(declaration: Declaration) -> QuerySet[Declaration]:
    """The live declaration, if any, that has this one's number now."""
    live = Declaration.objects.filter(bhxh_number=declaration.bhxh_number, status__in=LIVE_STATUSES)
    return live.exclude(pk=declaration.pk)


def can_be_taken_up(declaration: Declaration) -> bool:
    """Whether an expired declaration's number, and a place of its phone, are free."""
    return not newer_declarations(declaration).exists() and bool(_free_slots(declaration))


@contextmanager
def taking_place(declaration: Declaration) -> Iterator[None]:
    """Around the step that makes a declaration live again; nothing where it is live already.

    Raises TakenMeanwhile, also when somebody takes the place between our look and our write.
    """
    if declaration.status in LIVE_STATUSES:
        yield
        return
    free = _free_slots(declaration)
    if not free or newer_declarations(declaration).exists():
        raise TakenMeanwhile
    before = declaration.status
    declaration.phone_slot = free[0]
    try:
        with transaction.atomic():
            yield
    except IntegrityError as taken:
        declaration.status = before
        raise TakenMeanwhile from taken


def _free_slots(declaration: Declaration) -> list[int]:
    live = Declaration.objects.filter(phone=declaration.phone, status__in=LIVE_STATUSES).exclude(pk=declaration.pk)
    taken = set(live.values_list("phone_slot", flat=True))
    return [slot for slot in range(1, settings.NUMBERS_PER_PHONE + 1) if slot not in taken]
