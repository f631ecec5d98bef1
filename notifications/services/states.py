"""The states a message goes through. Every function here takes a row that its caller has locked."""

from datetime import datetime, timedelta

from django.utils import timezone

from notifications.enums import MessageStatus
from notifications.models import Message

# What one call to one gateway may take: 5 s to connect and 10 s for the answer; gateways.http holds it.
CALL_LIMIT = timedelta(seconds=15)
# Longer than one delivery may take. With the sweep's 10 s a killed worker's message is on its way again within 60 s.
LEASE = timedelta(seconds=40)
# How long a receipt is waited for before the provider is asked.
FIRST_POLL = timedelta(minutes=10)


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


def accept(message: Message, provider_message_id: str) -> None:
    """A provider has taken the message over."""
    message.status = MessageStatus.ACCEPTED
    message.provider_message_id = provider_message_id
    message.sent_at = timezone.now()
    message.last_error_code = ""
    # Asked for only where a receipt has not come by then.
    message.poll_at = message.sent_at + FIRST_POLL if provider_message_id else None
    _let_go(message)


def confirm(message: Message) -> None:
    """It has reached the phone, whatever we knew of it until now."""
    now = timezone.now()
    message.status = MessageStatus.DELIVERED
    message.sent_at = message.sent_at or now
    message.finished_at = now
    message.last_error_code = ""
    message.poll_at = None
    _let_go(message)


def postpone(message: Message, code: str, delay: timedelta) -> None:
    """This try has failed; the next one is due after `delay`."""
    message.status = MessageStatus.FAILED
    message.last_error_code = code
    message.lease_until = None
    message.next_attempt_at = timezone.now() + delay
    message.save()


def finish(message: Message, status: MessageStatus, code: str) -> None:
    """No further try: given up (DEAD) or called off (CANCELLED). An empty `code` keeps the last one."""
    message.status = status
    message.last_error_code = code or message.last_error_code
    message.finished_at = timezone.now()
    message.poll_at = None
    _let_go(message)


def _let_go(message: Message) -> None:
    """Nothing more will be sent: the secret is wiped in the same write."""
    message.secret_encrypted = ""
    message.next_attempt_at = message.lease_until = message.published_at = None
    message.save()
