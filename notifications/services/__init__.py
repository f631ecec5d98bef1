"""Messages: queueing, delivering, sweeping up and cancelling. Their status changes nowhere else."""

from notifications.services.delivery import deliver_message
from notifications.services.queueing import cancel_credentials, cancel_message, message_state, queue_message, sweep
from notifications.services.receipts import poll_receipts, record_report

__all__ = [
    "cancel_credentials",
    "cancel_message",
    "deliver_message",
    "message_state",
    "poll_receipts",
    "queue_message",
    "record_report",
    "sweep",
]
