"""Writing down what came of a claim, in force only while the claim is still the newest."""

from typing import Any

from django.db import connection, transaction

from notifications.enums import MessageStatus
from notifications.models import Attempt, Message
from notifications.services.calls import Call
from notifications.services.claims import Claim
from notifications.services.statements import open_cursor
from notifications.services.states import Changes

# One statement, one round trip, one commit. Where the claim does not hold any more nothing is written.
_RECORD = """
    WITH mine AS (
        UPDATE notifications_message SET {changes} WHERE id = %s AND status = 'sending' AND attempts = %s RETURNING id
    )
    INSERT INTO notifications_attempt (message_id, number, gateway, started_at, finished_at, outcome, code)
    SELECT id, %s, %s, %s, %s, %s, %s FROM mine
"""


def write_outcome(claim: Claim, calls: list[Call], changes: Changes) -> bool:
    """The calls, and the changes if the row still carries the claim; whether it did.

    All or nothing, and no harm when it is done again because nobody knows whether a broken line had done it.
    """
    changes = changes | {"gateway": calls[-1].attempt.gateway}
    if connection.vendor == "postgresql" and len(calls) == 1 and _write_at_once(claim, calls[0].attempt, changes):
        return True
    mine = Message.objects.filter(pk=claim.message_id, status=MessageStatus.SENDING, attempts=claim.number)
    with transaction.atomic(durable=True):
        counts = bool(mine.update(**changes))
        if counts or _is_news(claim, calls):
            Attempt.objects.bulk_create(call.attempt for call in calls)
    return counts


def _write_at_once(claim: Claim, call: Attempt, changes: Changes) -> bool:
    columns = ", ".join(f"{name} = %s" for name in changes)
    tried: list[Any] = [call.number, call.gateway, call.started_at, call.finished_at, str(call.outcome), call.code]
    values: list[Any] = [str(value) if isinstance(value, MessageStatus) else value for value in changes.values()]
    with open_cursor() as cursor:
        cursor.execute(_RECORD.format(changes=columns), [*values, claim.message_id, claim.number, *tried])
        return bool(cursor.rowcount > 0)


def _is_news(claim: Claim, calls: list[Call]) -> bool:
    """Whether a late try may be kept: its message is there, and the try is not."""
    kept = Attempt.objects.filter(message=claim.message_id, started_at=calls[0].attempt.started_at)
    return Message.objects.filter(pk=claim.message_id).exists() and not kept.exists()
