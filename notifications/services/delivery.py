"""Delivering one message.

Claim (one UPDATE; with a secret a second statement that keeps it and puts it in force) → the provider's call, with no
transaction open → record (an UPDATE in force only while the claim is still the newest, and the tries).
"""

import logging
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from notifications.enums import AttemptOutcome, MessageStatus
from notifications.services.calls import Call, call_gateways
from notifications.services.claims import Claim, claim_message, retry_delay
from notifications.services.queueing import publish_message
from notifications.services.receipts import apply_early_reports, reports
from notifications.services.recording import write_outcome
from notifications.services.routing import plan_route
from notifications.services.statements import patiently
from notifications.services.states import Changes, accepted, ended, postponed

logger = logging.getLogger(__name__)


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
    return _record(claim, calls)


def _record(claim: Claim, calls: list[Call]) -> MessageStatus | None:
    """Writes down what came of the claim; None, changing no status, when the row has moved on meanwhile."""
    call = calls[-1]
    changes = _changes(claim, calls)
    counts = patiently(partial(write_outcome, claim, calls, changes))
    status = MessageStatus(changes["status"])
    if status == MessageStatus.ACCEPTED and reports(call.attempt.gateway):
        # After the commit: a receipt that comes meanwhile finds the row. Also when we are too late: the write that
        # counted may have been our own, cut off behind its commit.
        early = partial(apply_early_reports, claim.message_id, call.attempt.gateway, call.provider_message_id)
        status = patiently(early) or status
    if not counts:
        logger.info("Message %s: try %s came back too late to count", claim.message_id, claim.number)
        return None
    logger.info("Message %s: try %s ended %s", claim.message_id, claim.number, status)
    if status == MessageStatus.FAILED and changes["next_attempt_at"] <= timezone.now():
        transaction.on_commit(partial(publish_message, claim.message_id))
    return status


def _changes(claim: Claim, calls: list[Call]) -> Changes:
    call, delay = calls[-1], retry_delay(claim.tries)
    if call.attempt.outcome == AttemptOutcome.ACCEPTED:
        return accepted(call.provider_message_id)
    if call.is_final or delay is None:
        return ended(MessageStatus.DEAD, call.attempt.code)
    return postponed(call.attempt.code, max(delay, _asked_for(calls)))


def _asked_for(calls: list[Call]) -> timedelta:
    """How long all providers want to be left alone; nothing where there is one more that may be asked."""
    all_asked = len(calls) == len(settings.SMS_GATEWAYS)
    return timedelta(seconds=min(call.retry_after for call in calls) if all_asked else 0)
