"""Delivering one message.

Claim (a short transaction with the row locked) → the provider's call, with no transaction open → record
(a second short transaction, in force only while the claim is still the newest).
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import OperationalError, connection, transaction
from django.utils import timezone

from notifications import secrets
from notifications.enums import AttemptOutcome, MessageStatus
from notifications.gateways.base import Gateway, GatewayRejected, GatewayUnavailable, OutgoingMessage
from notifications.gateways.pace import take_turn
from notifications.models import Attempt, Message
from notifications.segments import is_gsm7
from notifications.services.queueing import publish_message
from notifications.services.receipts import apply_early_reports, reports
from notifications.services.routing import note_outcome, plan_route, postpone_for_pace
from notifications.services.states import CALL_LIMIT, LEASE, accept, finish, is_stale, is_takeable, postpone

logger = logging.getLogger(__name__)

# Minutes from one failed try to the next: at once, 1, 5, 15, 60, then hourly until 24 hours have gone by.
RETRY_MINUTES = (0, 1, 5, 15, 60) + (60,) * 22
MAX_ATTEMPTS = len(RETRY_MINUTES) + 1
CLAIMED_FIELDS = ("status", "attempts", "lease_until", "published_at", "secret_encrypted")
# A database that restarts is waited for, in seconds between tries: what is known should not have to be sent again.
RECORD_PAUSES = (0.2, 1, 3)


@dataclass(frozen=True)
class Claim:
    """The right to send one message once. The attempt number is the proof: a later claim has a higher one."""

    message_id: int
    number: int
    lease_until: datetime
    outgoing: OutgoingMessage

    def allows_call(self) -> bool:
        """Whether a call that begins now ends before the lease does, by both clocks.

        One of them stands still while the machine sleeps, the other may be set.
        """
        now, seconds = timezone.now(), CALL_LIMIT.total_seconds()
        return now + CALL_LIMIT <= self.lease_until and time.monotonic() + seconds <= self.outgoing.until


def deliver_message(message_id: int) -> MessageStatus | None:
    """Sends the message if it waits for that; its new status, or None when nothing was sent or recorded.

    Safe to run twice, at the same time too. Must not be called inside a transaction (RuntimeError).
    """
    gateways = plan_route()
    if not gateways:
        postpone_for_pace(message_id)
        return None
    claim = _claim(message_id)
    if claim is None:
        return None
    calls = _call_gateways(claim, gateways)
    if not calls[0]:
        logger.warning("Message %s: try %s came too late to send", message_id, claim.number)
        return None
    for pause in RECORD_PAUSES:
        try:
            return _record(claim, calls)
        except OperationalError:
            connection.close()
            time.sleep(pause)
    return _record(claim, calls)


def retry_delay(attempts: int) -> timedelta | None:
    """How long to wait after the `attempts`-th try has failed; None when that was the last."""
    return timedelta(minutes=RETRY_MINUTES[attempts - 1]) if attempts < MAX_ATTEMPTS else None


def _claim(message_id: int) -> Claim | None:
    """Takes the message for LEASE and makes or opens its secret; None when it is not to be sent (now)."""
    with transaction.atomic(durable=True):
        message = Message.objects.select_for_update().filter(pk=message_id).first()
        # Not before the row is ours: a long wait for it would have eaten the lease.
        now, until = timezone.now(), time.monotonic() + LEASE.total_seconds()
        if message is None or not is_takeable(message, now):
            return None
        text, problem, status = _prepare(message, now)
        if problem:
            finish(message, status, problem)
            logger.warning("Message %s is %s: %s", message.pk, status, problem)
            return None
        message.status = MessageStatus.SENDING
        message.attempts += 1
        message.lease_until = now + LEASE
        message.published_at = None
        message.save(update_fields=CLAIMED_FIELDS)
    outgoing = OutgoingMessage(request_id=message.request_id, phone=message.phone, text=text, until=until)
    return Claim(message.pk, message.attempts, now + LEASE, outgoing)


def _prepare(message: Message, now: datetime) -> tuple[str, str, MessageStatus]:
    """The text to send and ""; or "", the code of why it must not be sent any more, and how it then ends."""
    if is_stale(message, now):
        return "", "expired", MessageStatus.DEAD
    if message.attempts - message.attempts_before >= MAX_ATTEMPTS:
        return "", "no-answer", MessageStatus.DEAD
    if secrets.PLACEHOLDER not in message.body:
        return message.body, "", MessageStatus.SENDING
    try:
        # A savepoint: what a secret maker wrote before it refused is undone.
        with transaction.atomic():
            return _text_of(message), "", MessageStatus.SENDING
    except secrets.SecretUnavailable as problem:
        return "", problem.code, MessageStatus.DEAD if problem.needs_person else MessageStatus.CANCELLED


def _text_of(message: Message) -> str:
    """The text with its secret, as it will be read. Made on the first try, the same on every later one."""
    if message.secret_encrypted:
        secret = secrets.decrypt(message.secret_encrypted)
    else:
        secret = secrets.make_secret(message)
        if not is_gsm7(secret) or not 0 < len(secret) <= secrets.SECRET_LENGTH:
            raise ValueError("a secret maker returns at most SECRET_LENGTH GSM-7 characters")
        message.secret_encrypted = secrets.encrypt(secret)
    return message.body.replace(secrets.PLACEHOLDER, secret)


def _call_gateways(claim: Claim, gateways: list[Gateway]) -> tuple[list[Attempt], str]:
    """One try: the first gateway, and the next only when it is certain that the one before sent nothing. Each only
    while the lease leaves time for it: later the message may be another worker's, or called off.

    The calls made, not saved yet (the last one decides), and the provider's message id.
    """
    calls: list[Attempt] = []
    provider_message_id = ""
    for gateway in gateways:
        if not claim.allows_call():
            break
        if calls and not take_turn(gateway.name):
            continue
        call = Attempt(message_id=claim.message_id, number=claim.number, gateway=gateway.name)
        calls.append(call)
        call.started_at = timezone.now()
        provider_message_id, goes_on = "", False
        try:
            provider_message_id = gateway.send(claim.outgoing).provider_message_id
            call.outcome = AttemptOutcome.ACCEPTED
        except GatewayUnavailable as problem:
            call.outcome, call.code, goes_on = AttemptOutcome.UNAVAILABLE, problem.code, problem.not_sent
        except GatewayRejected as problem:
            call.outcome, call.code = AttemptOutcome.REJECTED, problem.code
        call.finished_at = timezone.now()
        note_outcome(call)
        if not goes_on:
            break
    return calls, provider_message_id


def _record(claim: Claim, result: tuple[list[Attempt], str]) -> MessageStatus | None:
    """Writes down what came of the claim; None, changing no status, when the row has moved on meanwhile."""
    calls, provider_message_id = result
    with transaction.atomic(durable=True):
        message = Message.objects.select_for_update().filter(pk=claim.message_id).first()
        if message is None:
            return None
        Attempt.objects.bulk_create(calls)
        if message.status != MessageStatus.SENDING or message.attempts != claim.number:
            logger.info("Message %s: try %s came back too late to count", message.pk, claim.number)
            return None
        message.gateway = calls[-1].gateway
        _settle(message, calls[-1], provider_message_id)
    logger.info("Message %s: try %s ended %s", message.pk, claim.number, message.status)
    return MessageStatus(message.status)


def _settle(message: Message, call: Attempt, provider_message_id: str) -> None:
    delay = retry_delay(message.attempts - message.attempts_before)
    if call.outcome == AttemptOutcome.ACCEPTED:
        accept(message, provider_message_id)
        if reports(message.gateway):
            apply_early_reports(message)
    elif call.outcome == AttemptOutcome.UNAVAILABLE and delay is not None:
        postpone(message, call.code, delay)
        if not delay:
            transaction.on_commit(partial(publish_message, message.pk))
    else:
        finish(message, MessageStatus.DEAD, call.code)
