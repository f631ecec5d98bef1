"""Messages as the program makes them."""

from notifications.models import Message
from notifications.services import NewMessage, queue_messages


def make_message(**fields: object) -> Message:
    """One queued message; `fields` are those of NewMessage."""
    return queue_messages([NewMessage(**fields)])[0]
