"""Taking a message: the right to send it once, for as long as a lease lasts."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from notifications import secrets
from notifications.enums import MessageKind, MessageStatus
from notifications.gateways.base import OutgoingMessage
from notifications.models import Message
from notifications.secrets import Secret, SecretUnavailable
from notifications.services.states import CALL_LIMIT, LEASE, finish, is_stale, is_takeable, write

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
    return _claim_plain(message_id) or _claim_locked(message_id)


def _claim_plain(message_id: int) -> Claim | None:
    """Takes a message that has no secret, in one statement; None also when there is more to be said about it."""
    now, until = timezone.now(), time.monotonic() + LEASE.total_seconds()
    moment, lease = (connection.ops.adapt_datetimefield_value(each) for each in (now, now + LEASE))
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_PLAIN, [lease, message_id, f"%{secrets.PLACEHOLDER}%", MAX_ATTEMPTS, moment, moment])
        rows = cursor.fetchall()
    if not rows:
        return None
    number, before, request_id, phone, text = rows[0]
    outgoing = OutgoingMessage(request_id=request_id, phone=phone, text=text, until=until)
    return Claim(message_id, number, number - before, now + LEASE, outgoing)


# The same conditions as in is_takeable and _ready. Waiting for the row only shortens the lease: the database looks at
# the conditions again when it has it. CASE keeps PostgreSQL from weighing indexes where the id says it all.
_TAKE_PLAIN = """
    UPDATE notifications_message
    SET status = 'sending', attempts = attempts + 1, lease_until = %s, published_at = NULL
    WHERE id = %s AND body NOT LIKE %s AND secret_expires_at IS NULL AND attempts - attempts_before < %s
      AND CASE status WHEN 'queued' THEN true WHEN 'failed' THEN next_attempt_at <= %s
                      WHEN 'sending' THEN lease_until <= %s ELSE false END
    RETURNING attempts, attempts_before, request_id, phone, body
"""


def _claim_locked(message_id: int) -> Claim | None:
    try:
        with transaction.atomic(durable=True):
            message = _lock(message_id)
            # Not before the row is ours: a long wait for it would have eaten the lease.
            now, until = timezone.now(), time.monotonic() + LEASE.total_seconds()
            if message is None or not is_takeable(message, now):
                return None
            secret = _ready(message, now)
            changes = {"status": MessageStatus.SENDING, "attempts": message.attempts + 1, "lease_until": now + LEASE}
            secret_encrypted = message.secret_encrypted or (secrets.encrypt(secret) if secret else "")
            write(message, {**changes, "published_at": None, "secret_encrypted": secret_encrypted})
    except SecretUnavailable as problem:
        refusal = problem
    else:
        tries = message.attempts - message.attempts_before
        return Claim(message.pk, message.attempts, tries, now + LEASE, _outgoing(message, secret, until))
    _give_up(message_id, refusal)
    return None


def _lock(message_id: int) -> Message | None:
    return next(iter(Message.objects.select_for_update().filter(pk=message_id)), None)


def _give_up(message_id: int, problem: SecretUnavailable) -> None:
    """Ends the message. By now everything is undone that a secret maker wrote before it refused."""
    with transaction.atomic(durable=True):
        message = _lock(message_id)
        if message is None or not is_takeable(message, timezone.now()):
            return
        finish(message, MessageStatus.DEAD if problem.needs_person else MessageStatus.CANCELLED, problem.code)
    logger.warning("Message %s is %s: %s", message_id, message.status, problem.code)


def retry_delay(attempts: int) -> timedelta | None:
    """How long to wait after the `attempts`-th try has failed; None when that was the last."""
    return timedelta(minutes=RETRY_MINUTES[attempts - 1]) if attempts < MAX_ATTEMPTS else None


def _ready(message: Message, now: datetime) -> Secret | None:
    """The secret that goes with the text, if any. Raises SecretUnavailable: the message must not be sent any more."""
    if is_stale(message, now):
        # Nobody waits for the code of a reset that is over: whoever still wants one asks for the next.
        raise SecretUnavailable("expired", needs_person=message.kind != MessageKind.RESET_CODE)
    if message.attempts - message.attempts_before >= MAX_ATTEMPTS:
        raise SecretUnavailable("no-answer")
    if secrets.PLACEHOLDER not in message.body:
        return None
    return secrets.kept_secret(message) if message.secret_encrypted else secrets.make_secret(message)


def _outgoing(message: Message, secret: Secret | None, until: float) -> OutgoingMessage:
    """The text as it will be read. The same on every try."""
    return OutgoingMessage(
        request_id=message.request_id,
        phone=message.phone,
        text=message.body.replace(secrets.PLACEHOLDER, secret.value) if secret else message.body,
        until=until,
        secret=secret.value if secret else "",
    )
