"""Queueing, sweeping up and cancelling messages."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from celery import current_app
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from notifications import secrets
from notifications.enums import HELD_BACK, WAITING, MessageKind, MessageStatus
from notifications.models import Message
from notifications.phones import E164
from notifications.segments import is_gsm7, segment_count
from notifications.services import budget
from notifications.services.states import ended, finish, is_abandoned

logger = logging.getLogger(__name__)

DELIVER_TASK = "notifications.tasks.deliver"
# The broker is away or refuses. Anything else is a fault of ours and is heard of.
PUBLISH_ERRORS = (OperationalError, RedisError, OSError)
# A task that was published this long ago and has not shown up may be lost: it is published again.
REPUBLISH_AFTER = timedelta(seconds=30)
SWEEP_BATCH = 500
_is_quiet: ContextVar[bool] = ContextVar("messages_not_published", default=False)


@dataclass(frozen=True, kw_only=True)
class NewMessage:
    """What a message is made of: `phone` is E.164; `body` may hold `{secret}` once; `related_key` (64 characters
    at most) is the caller's. With `hold` it is recorded and not sent: its sender has had enough for now."""

    kind: MessageKind
    phone: str
    body: str
    account: AbstractBaseUser | None = None
    related_key: str = ""
    secret_expires_at: datetime | None = None
    hold: bool = False


def queue_messages(new: Sequence[NewMessage]) -> list[Message]:
    """New messages, handed to the queue when the surrounding transaction commits.

    One to a phone that has had its day's messages is recorded as held back, and never sent (see budget). A queue that
    is away does not matter: the sweep finds the rows. Raises ValueError unless each text, with the
    secret in it, is one GSM-7 segment, and when nobody makes secrets for its kind.
    """
    rows = [_message(each) for each in new]
    has_room = budget.fitting([(each.phone, each.kind) for each in new])
    for each, row, fits in zip(new, rows, has_room, strict=True):
        if each.hold or not fits:
            _hold_back(row)
    messages = Message.objects.bulk_create(rows)
    if not _is_quiet.get():
        due = [message.pk for message in messages if message.status in WAITING]
        transaction.on_commit(partial(_publish_all, due))
    return messages


@contextmanager
def without_publishing() -> Iterator[None]:
    """Within it new messages are stored and not handed to the queue: for rows that are settled before they are seen."""
    token = _is_quiet.set(True)
    try:
        yield
    finally:
        _is_quiet.reset(token)


def _message(new: NewMessage) -> Message:
    _check_text(new.kind, new.body)
    if not E164.fullmatch(new.phone):
        raise ValueError("phone must be E.164")
    return Message(
        kind=new.kind,
        phone=new.phone,
        body=new.body,
        account_id=new.account.pk if new.account else None,
        related_key=new.related_key,
        secret_expires_at=new.secret_expires_at,
        published_at=timezone.now(),
    )


def _hold_back(message: Message) -> None:
    for name, value in ended(MessageStatus.CANCELLED, HELD_BACK).items():
        setattr(message, name, value)


def sweep() -> int:
    """Publishes messages whose time has come, oldest first; the number published (SWEEP_BATCH at most).

    These are the queued that no worker took, failed ones due for a retry, those whose worker died and those
    whose one-time password is out of date. Stops at the first refusal of the broker.
    """
    published: list[int] = []
    for message_id in _due(timezone.now()).order_by("pk").values_list("pk", flat=True)[:SWEEP_BATCH]:
        if not publish_message(message_id):
            break
        published.append(message_id)
    Message.objects.filter(pk__in=published, status__in=[*WAITING, MessageStatus.SENDING]).update(
        published_at=timezone.now()
    )
    return len(published)


def cancel_message(message_id: int) -> bool:
    """Ends a message that no provider has accepted, and wipes its secret; whether it was still possible.

    While a worker is sending it (LEASE at most) it cannot be called back: try again later.
    """
    with transaction.atomic():
        message = Message.objects.select_for_update().filter(pk=message_id).first()
        if message is None or not (message.status in WAITING or is_abandoned(message, timezone.now())):
            return False
        finish(message, MessageStatus.CANCELLED, "")
    return True


def cancel_credentials(account_ids: Iterable[int]) -> set[int]:
    """Ends every message with a password that has not been handed over for these accounts.

    Returns the accounts for which a worker is handing one over (LEASE at most) and nothing was cancelled: try
    again later.
    """
    waiting = Q(status__in=(*WAITING, MessageStatus.SENDING))
    with transaction.atomic():
        of_accounts = Message.objects.select_for_update().filter(
            account__in=list(account_ids), kind=MessageKind.CREDENTIAL
        )
        messages = list(of_accounts.filter(waiting).order_by("pk"))
        now = timezone.now()
        held = (each for each in messages if each.status not in WAITING and not is_abandoned(each, now))
        busy = {each.account_id for each in held if each.account_id is not None}
        for message in messages:
            if message.account_id not in busy:
                finish(message, MessageStatus.CANCELLED, "")
    return busy


def message_state(related_key: str, kind: str = "") -> Message | None:
    """The newest message that was queued with this key (and of this kind), for the caller's pages."""
    if not related_key:
        return None
    messages = Message.objects.filter(related_key=related_key)
    return (messages.filter(kind=kind) if kind else messages).order_by("-pk").first()


def publish_message(message_id: int, *, countdown: float = 0) -> bool:
    """Puts a task on the queue, due after `countdown` seconds.

    False, one log line and nothing else when the broker is away.
    """
    try:
        current_app.send_task(DELIVER_TASK, args=[message_id], countdown=countdown or None, ignore_result=True)
    except PUBLISH_ERRORS as problem:
        logger.warning("Message %s stays for the sweep: %s", message_id, type(problem).__name__)
        Message.objects.filter(pk=message_id).update(published_at=None)
        return False
    return True


def _publish_all(message_ids: Sequence[int]) -> None:
    """Where the broker refuses one, the others are not tried: each try may take its time, and the sweep comes."""
    for place, message_id in enumerate(message_ids):
        if not publish_message(message_id):
            Message.objects.filter(pk__in=message_ids[place:]).update(published_at=None)
            break


def _check_text(kind: MessageKind, body: str) -> None:
    secrets_in_it = body.count(secrets.PLACEHOLDER)
    text = body.replace(secrets.PLACEHOLDER, "x" * secrets.SECRET_LENGTH)
    if not is_gsm7(text) or segment_count(text) != 1:
        raise ValueError("the text must be one GSM-7 segment of 160 characters: no accents")
    if secrets_in_it > 1 or (secrets_in_it and kind not in secrets.SECRET_MAKERS):
        raise ValueError("{secret} may stand once, in a kind of message that has a secret maker")


def _due(now: datetime) -> models.QuerySet[Message]:
    is_due = Q(status__in=WAITING, next_attempt_at__lte=now)
    is_stale = Q(status__in=WAITING, secret_expires_at__lte=now)
    is_abandoned = Q(status=MessageStatus.SENDING, lease_until__lte=now)
    is_lost = Q(published_at=None) | Q(published_at__lte=now - REPUBLISH_AFTER)
    return Message.objects.filter(is_due | is_stale | is_abandoned).filter(is_lost)
