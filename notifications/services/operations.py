"""What operators ask and do: how many messages stand where, how old they are; try again, call off, drain."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import Count, Min, Sum
from django.utils import timezone

from notifications import secrets
from notifications.enums import UNDELIVERED, WAITING, MessageStatus
from notifications.models import Message, ProviderReceipt
from notifications.services.queueing import publish_message, sweep


@dataclass(frozen=True)
class Standing:
    """How many messages stand in a status, and the age of the oldest in seconds."""

    status: str
    count: int
    oldest_seconds: int


def standings() -> list[Standing]:
    """Every status, those without messages too, in the order of a message's life."""
    now = timezone.now()
    rows = Message.objects.order_by().values_list("status").annotate(number=Count("pk"), oldest=Min("created_at"))
    found = {status: (number, int((now - oldest).total_seconds())) for status, number, oldest in rows}
    return [Standing(status, *found.get(status, (0, 0))) for status in MessageStatus.values]


def oldest_undelivered_seconds() -> int:
    """The age of the oldest message that no provider has taken yet and that is not given up; 0 without one."""
    waiting = Message.objects.filter(status__in=UNDELIVERED).order_by("created_at")
    oldest = waiting.values_list("created_at", flat=True).first()
    return int((timezone.now() - oldest).total_seconds()) if oldest else 0


def unknown_receipts() -> int:
    """How many receipts came for messages that we do not know."""
    return ProviderReceipt.objects.filter(message=None).aggregate(times=Sum("times"))["times"] or 0


def retry_message(message_id: int) -> bool:
    """Lets a message that failed or was given up be tried again now; whether that was possible.

    One that carries a password is only hurried while its secret is still there: a given-up one has none, and the
    dossier's own button sends a new password. The request id stays, so a provider that has it sends nothing twice;
    for the same reason nothing is tried again that a provider reported as not delivered.
    """
    with transaction.atomic():
        message = Message.objects.select_for_update().filter(pk=message_id).first()
        if message is None or not _is_retryable(message):
            return False
        message.status, message.finished_at = MessageStatus.QUEUED, None
        # A day of tries begins anew; the numbers go on, so that a late finisher of an old try stays too late.
        message.next_attempt_at = message.published_at = timezone.now()
        message.attempts_before = message.attempts
        try:
            with transaction.atomic():
                message.save()
        except IntegrityError:
            return False
        transaction.on_commit(partial(publish_message, message_id))
    return True


def drain(seconds: float, pause: float = 1.0, tell: Callable[[int], None] = lambda left: None) -> int:
    """Hurries everything that waits and watches until nothing is left or `seconds` are over; how many are left."""
    until = time.monotonic() + seconds
    Message.objects.filter(status=MessageStatus.FAILED).update(next_attempt_at=timezone.now())
    while True:
        sweep()
        left = Message.objects.filter(status__in=UNDELIVERED).count()
        tell(left)
        if not left or time.monotonic() >= until:
            return left
        time.sleep(pause)


def given_up_since(age: timedelta) -> list[int]:
    """The ids of messages given up within `age`, oldest first."""
    dead = Message.objects.filter(status=MessageStatus.DEAD, finished_at__gte=timezone.now() - age)
    return list(dead.order_by("pk").values_list("pk", flat=True))


def _is_retryable(message: Message) -> bool:
    if message.status in WAITING:
        return True
    is_plain = secrets.PLACEHOLDER not in message.body
    return message.status == MessageStatus.DEAD and is_plain and not message.receipts.exists()
