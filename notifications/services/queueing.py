"""Queueing, sweeping up and cancelling messages."""

import logging
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
from notifications.enums import WAITING, MessageKind, MessageStatus
from notifications.models import Message
from notifications.phones import E164
from notifications.segments import is_gsm7, segment_count
from notifications.services.states import finish, is_abandoned

logger = logging.getLogger(__name__)

DELIVER_TASK = "notifications.tasks.deliver"
# The broker is away or refuses. Anything else is a fault of ours and is heard of.
PUBLISH_ERRORS = (OperationalError, RedisError, OSError)
# A task that was published this long ago and has not shown up may be lost: it is published again.
REPUBLISH_AFTER = timedelta(seconds=30)
SWEEP_BATCH = 500


def queue_message(
    *,
    kind: MessageKind,
    phone: str,
    body: str,
    account: AbstractBaseUser | None = None,
    related_key: str = "",
    secret_expires_at: datetime | None = None,
) -> Message:
    """A new message, handed to the queue when the surrounding transaction commits.

    `phone` is E.164; `body` may hold `{secret}` once; `related_key` (64 characters at most) is the caller's.
    A queue that is away does not matter: the sweep finds the row. Raises ValueError unless the text, with the
    secret in it, is one GSM-7 segment, and when nobody makes secrets for this kind.
    """
    _check_text(kind, body)
    if not E164.fullmatch(phone):
        raise ValueError("phone must be E.164")
    message = Message.objects.create(
        kind=kind,
        phone=phone,
        body=body,
        account_id=account.pk if account else None,
        related_key=related_key,
        secret_expires_at=secret_expires_at,
        published_at=timezone.now(),
    )
    transaction.on_commit(partial(publish_message, message.pk))
    return message


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


def cancel_credentials(account_id: int) -> bool:
    """Ends every message with a password that has not been handed over for this account.

    False, with nothing cancelled, while a worker is handing one over (LEASE at most): try again later.
    """
    waiting = Q(status__in=(*WAITING, MessageStatus.SENDING))
    with transaction.atomic():
        of_account = Message.objects.select_for_update().filter(account=account_id, kind=MessageKind.CREDENTIAL)
        messages = list(of_account.filter(waiting))
        if any(each.status not in WAITING and not is_abandoned(each, timezone.now()) for each in messages):
            return False
        for message in messages:
            finish(message, MessageStatus.CANCELLED, "")
    return True


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
