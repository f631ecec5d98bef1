"""What the queue and the clock start. The rows say what to do: each task may run twice, late or never."""

from celery import shared_task

from notifications import services


@shared_task(name="notifications.tasks.deliver", ignore_result=True)
def deliver(message_id: int) -> None:
    """Sends message `message_id` if it is still waiting for that."""
    services.deliver_message(message_id)


@shared_task(name="notifications.tasks.sweep", ignore_result=True)
def sweep() -> None:
    """Takes up every message whose time has come or that was left half done, and reports that nobody matched."""
    services.sweep()
    services.match_reports()


@shared_task(name="notifications.tasks.poll_receipts", ignore_result=True)
def poll_receipts() -> None:
    """Asks providers what became of messages whose receipt has not come."""
    services.poll_receipts()
