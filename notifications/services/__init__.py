"""Messages: queueing, delivering, sweeping up and cancelling. Their status changes nowhere else."""

from notifications.services.delivery import deliver_message
from notifications.services.queueing import cancel_message, message_state, queue_message, sweep

__all__ = ["cancel_message", "deliver_message", "message_state", "queue_message", "sweep"]
