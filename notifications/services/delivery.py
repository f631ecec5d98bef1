"""Delivering one message.

Claim (one UPDATE; with a secret a short transaction that locks the row) → the provider's call, with no transaction
open → record (an UPDATE in force only while the claim is still the newest, and the tries).
"""

import logging
import time
from functools import partial

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from notifications.enums import AttemptOutcome, MessageStatus
from notifications.services.calls import Call, call_gateways
from notifications.services.claims import Claim, claim_message, retry_delay
from notifications.services.queueing import publish_message
from notifications.services.receipts import apply_early_reports, reports
from notifications.services.recording import write_outcome
from notifications.services.routing import plan_route
from notifications.services.states import Changes, accepted, ended, postponed

logger = logging.getLogger(__name__)

# A database that restarts is waited for, in seconds between tries: what is known should not have to be sent again.
RECORD_PAUSES = (0.2, 1, 3)


def deliver_message(message_id: int) -> MessageStatus | None:
    """Sends the message if it waits for that; its new status, or None when nothing was sent or recorded.

    Safe to run twice, at the same time too. Must not be called inside a transaction (RuntimeError).
    """
    gateways = plan_route(message_id)
    claim = _claim_patiently(message_id) if gateways else None
    if claim is None:
        return None
    calls = call_gateways(claim, gateways)
    if not calls:
        logger.warning("Message %s: try %s came too late to send", message_id, claim.number)
        return None
    return _record_patiently(claim, calls)


def _claim_patiently(message_id: int) -> Claim | None:
    """Once more on a new connection when the one that was kept is broken."""
    try:
        return claim_message(message_id)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
    return claim_message(message_id)


def _record_patiently(claim: Claim, calls: list[Call]) -> MessageStatus | None:
    for pause in RECORD_PAUSES:
        try:
            return _record(claim, calls)
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(pause)
    return _record(claim, calls)


def _record(claim: Claim, calls: list[Call]) -> MessageStatus | None:
    """Writes down what came of the claim; None, changing no status, when the row has moved on meanwhile."""
    changes = _changes(claim, calls[-1])
    if not write_outcome(claim, calls, changes):
        logger.info("Message %s: try %s came back too late to count", claim.message_id, claim.number)
        return None
    logger.info("Message %s: try %s ended %s", claim.message_id, claim.number, changes["status"])
    return _follow_up(claim.message_id, changes, calls[-1])


def _changes(claim: Claim, call: Call) -> Changes:
    delay = retry_delay(claim.tries)
    if call.attempt.outcome == AttemptOutcome.ACCEPTED:
        return accepted(call.provider_message_id)
    if call.is_final or delay is None:
        return ended(MessageStatus.DEAD, call.attempt.code)
    return postponed(call.attempt.code, delay)


def _follow_up(message_id: int, changes: Changes, call: Call) -> MessageStatus:
    """What the new status asks for. After the commit: a receipt that comes meanwhile finds the row."""
    status = MessageStatus(changes["status"])
    if status == MessageStatus.FAILED and changes["next_attempt_at"] <= timezone.now():
        transaction.on_commit(partial(publish_message, message_id))
    if status == MessageStatus.ACCEPTED and reports(call.attempt.gateway):
        return apply_early_reports(message_id, call.attempt.gateway, call.provider_message_id) or status
    return status
