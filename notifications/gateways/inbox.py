"""The test inbox: messages land in the database and on a page that shows the "phone". Development only."""

from notifications.gateways.base import OutgoingMessage, SendResult
from notifications.models import InboxMessage


class InboxGateway:
    name = "inbox"

    def send(self, message: OutgoingMessage) -> SendResult:
        """Keeps the text; a repeated request id is the same message, as with a real provider."""
        kept, _created = InboxMessage.objects.get_or_create(
            request_id=message.request_id, defaults={"phone": message.phone, "text": message.text}
        )
        return SendResult(provider_message_id=f"inbox-{kept.pk}")
