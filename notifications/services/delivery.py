"""Delivering one message.

Claim (a short transaction with the row locked) → the provider's call, with no transaction open → record
(a second short transaction, in force only while the claim is still the newest).
"""

import logging
import time
from functools import partial

from django.db import OperationalError, connection, transaction

from notifications.enums import AttemptOutcome, MessageStatus
from notifications.models import Attempt, Message
from notifications.services.calls import Call, call_gateways
from notifications.services.claims import Claim, claim_message, retry_delay
from notifications.services.queueing import publish_message
from notifications.services.receipts import apply_early_reports, reports
from notifications.services.routing import plan_route
from notifications.services.states import accept, finish, postpone

logger = logging.getLogger(__name__)

# A database that restarts is waited for, in seconds between tries: what is known should not have to be sent again.
RECORD_PAUSES = (0.2, 1, 3)


def deliver_message(message_id: int) -> MessageStatus | None:
    """Sends the message if it waits for that; its new status, or None when nothing was sent or recorded.

    Safe to run twice, at the same time too. Must not be called inside a transaction (RuntimeError).
    """
    gateways = plan_route(message_id)
    claim = claim_message(message_id) if gateways else None
    if claim is None:
        return None
    calls = call_gateways(claim, gateways)
    if not calls:
        logger.warning("Message %s: try %s came too late to send", message_id, claim.number)
        return None
    return _record_patiently(claim, calls)


def _record_patiently(claim: Claim, calls: list[Call]) -> MessageStatus | None:
    for pause in RECORD_PAUSES:
        try:
            return _record(claim, calls)
        except OperationalError:
            connection.close()
            time.sleep(pause)
    return _record(claim, calls)


def _record(claim: Claim, calls: list[Call]) -> MessageStatus | None:
    """Writes down what came of the claim; None, changing no status, when the row has moved on meanwhile."""
    with transaction.atomic(durable=True):
        message = Message.objects.select_for_update().filter(pk=claim.message_id).first()
        if message is None:
            return None
        Attempt.objects.bulk_create(call.attempt for call in calls)
        if message.status != MessageStatus.SENDING or message.attempts != claim.number:
            logger.info("Message %s: try %s came back too late to count", message.pk, claim.number)
            return None
        message.gateway = calls[-1].attempt.gateway
        _settle(message, calls[-1])
    logger.info("Message %s: try %s ended %s", message.pk, claim.number, message.status)
    return MessageStatus(message.status)


def _settle(message: Message, call: Call) -> None:
    delay = retry_delay(message.attempts - message.attempts_before)
    if call.attempt.outcome == AttemptOutcome.ACCEPTED:
        accept(message, call.provider_message_id)
        if reports(message.gateway):
            apply_early_reports(message)
    elif call.is_final or delay is None:
        finish(message, MessageStatus.DEAD, call.attempt.code)
    else:
        postpone(message, call.attempt.code, delay)
        if not delay:
            transaction.on_commit(partial(publish_message, message.pk))
