"""The states a message goes through: what changes in its row.

Each change is written to a row that is locked, or by an UPDATE that asks in the same statement whether the row still
stands where its writer left it.
"""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from notifications.enums import MessageStatus
from notifications.models import Message

# What one call to one gateway may take: 5 s to connect and 10 s for the answer; gateways.http holds it.
CALL_LIMIT = timedelta(seconds=15)
# Longer than one delivery may take. With the sweep's 10 s a killed worker's message is on its way again within 60 s.
LEASE = timedelta(seconds=40)
# Nothing more will be sent: the secret is wiped in the same write.
NO_FURTHER_TRY = {"secret_encrypted": "", "next_attempt_at": None, "lease_until": None, "published_at": None}
# How long a receipt is waited for before the provider is asked.
FIRST_POLL = timedelta(minutes=10)

Changes = dict[str, Any]


def is_abandoned(message: Message, now: datetime) -> bool:
    """Whether the worker that took it must be dead."""
    return message.status == MessageStatus.SENDING and message.lease_until is not None and message.lease_until <= now


def is_stale(message: Message, now: datetime) -> bool:
    """Whether its one-time password is out of date: it must not be sent any more."""
    return message.secret_expires_at is not None and message.secret_expires_at <= now


def is_takeable(message: Message, now: datetime) -> bool:
    """Whether a worker may take it now."""
    if message.status == MessageStatus.FAILED:
        return is_stale(message, now) or (message.next_attempt_at is not None and message.next_attempt_at <= now)
    return message.status == MessageStatus.QUEUED or is_abandoned(message, now)


def accepted(provider_message_id: str) -> Changes:
    """A provider has taken the message over."""
    now = timezone.now()
    return {
        "status": MessageStatus.ACCEPTED,
        "provider_message_id": provider_message_id,
        "sent_at": now,
        "last_error_code": "",
        # Asked for only where a receipt has not come by then.
        "poll_at": now + FIRST_POLL if provider_message_id else None,
        **NO_FURTHER_TRY,
    }


def postponed(code: str, delay: timedelta) -> Changes:
    """This try has failed; the next one is due after `delay`."""
    return {
        "status": MessageStatus.FAILED,
        "last_error_code": code,
        "lease_until": None,
        "next_attempt_at": timezone.now() + delay,
    }


def ended(status: MessageStatus, code: str) -> Changes:
    """Given up (DEAD) or called off (CANCELLED). An empty `code` keeps the last one."""
    changes = {"status": status, "finished_at": timezone.now(), "poll_at": None, **NO_FURTHER_TRY}
    return changes | {"last_error_code": code} if code else changes


def confirm(message: Message) -> None:
    """It has reached the phone, whatever we knew of it until now."""
    now = timezone.now()
    changes = {"sent_at": message.sent_at or now, "finished_at": now, "last_error_code": "", "poll_at": None}
    write(message, {"status": MessageStatus.DELIVERED, **changes, **NO_FURTHER_TRY})


def finish(message: Message, status: MessageStatus, code: str) -> None:
    """No further try: see `ended`."""
    write(message, ended(status, code))


def write(message: Message, changes: Changes) -> None:
    """The changes, on the row and on the object. Not by `save`, which does more: a fifth of a message's time."""
    for name, value in changes.items():
        setattr(message, name, value)
    Message.objects.filter(pk=message.pk).update(**changes)
