"""Messages: queueing, delivering, sweeping up and cancelling. Their status changes nowhere else."""

from notifications.services.budget import has_messages, has_room
from notifications.services.delivery import deliver_message
from notifications.services.queueing import (
    NewMessage,
    cancel_credentials,
    cancel_message,
    message_state,
    queue_messages,
    sweep,
)
from notifications.services.receipts import Tally, match_reports, poll_receipts, record_report, record_reports

__all__ = [
    "NewMessage",
    "Tally",
    "cancel_credentials",
    "cancel_message",
    "deliver_message",
    "has_messages",
    "has_room",
    "match_reports",
    "message_state",
    "poll_receipts",
    "queue_messages",
    "record_report",
    "record_reports",
    "sweep",
]
