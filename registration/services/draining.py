"""Work that the clock brings: done until nothing is left or the time is over, whatever a single row does.

A row that fails is passed over, set back for a while (the longer the more often it failed) and counted in the
metrics; the rows behind it are not held up, in this run or in the next.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from registration.models import Setback

logger = logging.getLogger(__name__)

# The kinds of work, as metrics and setbacks name them.
DRAFTS, EXPIRY, REMINDERS, DOCUMENTS, RESETS = "drafts", "expiry", "reminders", "documents", "resets"
# Half of what a task may take (CELERY_TASK_TIME_LIMIT): the last row begun has as long again.
DRAIN_SECONDS = 60.0
BATCH = 200
# Where so many rows fail one after another, what fails is not the rows: the next run tries again.
MAX_FAILURES_IN_A_ROW = 20
_FIRST_SETBACK, _LONGEST_SETBACK = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Drained:
    """What one run did; `is_empty` when nothing was left that could be done."""

    done: int = 0
    failed: int = 0
    is_empty: bool = False


def drain(
    kind: str, rows: QuerySet[Any], *, by: str, work: Callable[[int], bool], seconds: float = DRAIN_SECONDS
) -> Drained:
    """Call `work` with the id of each of `rows`, the oldest by the field `by` first, for at most `seconds`.

    `work` is a transaction of its own that looks at the row again: two runs at once do each row once. It says
    whether there was anything to do.
    """
    until, run, in_a_row = time.monotonic() + seconds, Drained(), 0
    waiting = rows.exclude(pk__in=_set_back(kind)).order_by(by, "pk")
    place: tuple[Any, int] | None = None
    while batch := list(_after(waiting, by, place).values_list(by, "pk")[:BATCH]):
        for place in batch:
            if time.monotonic() >= until or in_a_row >= MAX_FAILURES_IN_A_ROW:
                return run
            is_well = _try(kind, place[1], work, run)
            in_a_row = 0 if is_well else in_a_row + 1
    run.is_empty = True
    Setback.objects.filter(kind=kind, until__lt=timezone.now() - timedelta(days=7)).delete()
    return run


def _try(kind: str, row_id: int, work: Callable[[int], bool], run: Drained) -> bool:
    try:
        run.done += work(row_id)
    except Exception as problem:  # whatever it is, the others are not to wait for it
        logger.error("%s: row %s is set back: %s", kind, row_id, type(problem).__name__)
        run.failed += 1
        _note_setback(kind, row_id)
        return False
    return True


def _set_back(kind: str) -> QuerySet[Setback, int]:
    return Setback.objects.filter(kind=kind, until__gt=timezone.now()).values_list("row_id", flat=True)


def _after(rows: QuerySet[Any], by: str, place: tuple[Any, int] | None) -> QuerySet[Any]:
    if place is None:
        return rows
    at, row_id = place
    return rows.filter(Q(**{f"{by}__gt": at}) | Q(**{by: at, "pk__gt": row_id}))


def _note_setback(kind: str, row_id: int) -> None:
    setback, _is_new = Setback.objects.get_or_create(kind=kind, row_id=row_id, defaults={"until": timezone.now()})
    pause = min(_FIRST_SETBACK * 2 ** min(setback.times, 10), _LONGEST_SETBACK)
    setback.times, setback.until = setback.times + 1, timezone.now() + pause
    setback.save(update_fields=["times", "until"])
