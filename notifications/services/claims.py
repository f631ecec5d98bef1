"""Taking a message: the right to send it once, for as long as a lease lasts."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from notifications import secrets
from notifications.enums import SHORT_LIVED, MessageStatus
from notifications.gateways.base import OutgoingMessage
from notifications.models import Message
from notifications.secrets import Secret, SecretUnavailable
from notifications.services.keeping import ClaimLost, keep_secret, still_taken
from notifications.services.statements import on_new_line, open_cursor
from notifications.services.states import CALL_LIMIT, LEASE, ended, is_stale, is_takeable

logger = logging.getLogger(__name__)

# Minutes from one failed try to the next: at once, 1, 5, 15, 60, then hourly until 24 hours have gone by.
RETRY_MINUTES = (0, 1, 5, 15, 60) + (60,) * 22
MAX_ATTEMPTS = len(RETRY_MINUTES) + 1


@dataclass(frozen=True)
class Claim:
    """The right to send one message once. The attempt number is the proof: a later claim has a higher one.

    `tries` counts from when somebody last said "again".
    """

    message_id: int
    number: int
    tries: int
    lease_until: datetime
    outgoing: OutgoingMessage

    def allows_call(self) -> bool:
        """Whether a call that begins now ends before the lease does, by both clocks.

        One of them stands still while the machine sleeps, the other may be set.
        """
        now, seconds = timezone.now(), CALL_LIMIT.total_seconds()
        return now + CALL_LIMIT <= self.lease_until and time.monotonic() + seconds <= self.outgoing.until


def claim_message(message_id: int) -> Claim | None:
    """Takes the message for LEASE and makes or opens its secret; None when it is not to be sent (now).

    Must not be called inside a transaction (RuntimeError).
    """
    if connection.in_atomic_block:
        with transaction.atomic(durable=True):
            pass
    now, until = timezone.now(), time.monotonic() + LEASE.total_seconds()
    message = on_new_line(partial(_take, message_id, now))
    if message is None:
        _end_if_over(message_id)
        return None
    try:
        secret = _secret_of(message)
    except SecretUnavailable as problem:
        refusal = problem
    except ClaimLost:
        return None
    else:
        tries = message.attempts - message.attempts_before
        return Claim(message.pk, message.attempts, tries, now + LEASE, _outgoing(message, secret, until))
    # No try was made of it.
    _end(still_taken(message), message_id, refusal, attempts=message.attempts - 1)
    return None


# In the order of the model, as from_db wants them.
_TAKEN = (
    "id", "kind", "account_id", "phone", "body", "secret_encrypted", "attempts", "attempts_before", "request_id",
    "related_key",
)  # fmt: skip

# The same conditions as in is_takeable and _why_over. Waiting for the row only shortens the lease: the database looks
# at the conditions again when it has it. CASE keeps PostgreSQL from weighing indexes where the id says it all.
_TAKE = f"""
    UPDATE notifications_message
    SET status = 'sending', attempts = attempts + 1, lease_until = %s, published_at = NULL
    WHERE id = %s AND attempts - attempts_before < %s AND (secret_expires_at IS NULL OR secret_expires_at > %s)
      AND CASE status WHEN 'queued' THEN true WHEN 'failed' THEN next_attempt_at <= %s
                      WHEN 'sending' THEN lease_until <= %s ELSE false END
    RETURNING {", ".join(_TAKEN)}
"""  # noqa: S608 (our own names)


def _take(message_id: int, now: datetime) -> Message | None:
    """The message, now this worker's, with the fields of _TAKEN only."""
    moment, lease = (connection.ops.adapt_datetimefield_value(each) for each in (now, now + LEASE))
    with open_cursor() as cursor:
        cursor.execute(_TAKE, [lease, message_id, MAX_ATTEMPTS, moment, moment, moment])
        rows = cursor.fetchall()
    return Message.from_db(connection.alias, _TAKEN, rows[0]) if rows else None


def _secret_of(message: Message) -> Secret | None:
    """The secret that goes with the text, if any, kept with the row and in force.

    Raises SecretUnavailable: the message must not be sent any more; and ClaimLost.
    """
    if secrets.PLACEHOLDER not in message.body:
        return None
    if message.secret_encrypted:
        return secrets.kept_secret(message)
    new = secrets.make_secret(message)
    keep_secret(message, new)
    return new.secret


def _end_if_over(message_id: int) -> None:
    """Ends the message if it waits for a try that must not be made any more."""
    with transaction.atomic(durable=True):
        message = next(iter(Message.objects.select_for_update().filter(pk=message_id)), None)
        now = timezone.now()
        problem = _why_over(message, now) if message and is_takeable(message, now) else None
        if problem:
            _end(Message.objects.filter(pk=message_id), message_id, problem)


def _why_over(message: Message, now: datetime) -> SecretUnavailable | None:
    if is_stale(message, now):
        return SecretUnavailable("expired", needs_person=message.kind not in SHORT_LIVED)
    if message.attempts - message.attempts_before >= MAX_ATTEMPTS:
        return SecretUnavailable("no-answer")
    return None


def _end(row: QuerySet[Message], message_id: int, problem: SecretUnavailable, **changes: int) -> None:
    status = MessageStatus.DEAD if problem.needs_person else MessageStatus.CANCELLED
    if row.update(**ended(status, problem.code), **changes):
        logger.warning("Message %s is %s: %s", message_id, status, problem.code)


def retry_delay(attempts: int) -> timedelta | None:
    """How long to wait after the `attempts`-th try has failed; None when that was the last."""
    return timedelta(minutes=RETRY_MINUTES[attempts - 1]) if attempts < MAX_ATTEMPTS else None


def _outgoing(message: Message, secret: Secret | None, until: float) -> OutgoingMessage:
    """The text as it will be read. The same on every try."""
    return OutgoingMessage(
        request_id=message.request_id,
        phone=message.phone,
        text=message.body.replace(secrets.PLACEHOLDER, secret.value) if secret else message.body,
        until=until,
        secret=secret.value if secret else "",
    )
