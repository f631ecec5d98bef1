import pytest

from notifications.gateways.base import OutgoingMessage
from notifications.gateways.inbox import InboxGateway
from notifications.models import InboxMessage


@pytest.mark.django_db
def test_send_keeps_one_message_for_one_request():
    message = OutgoingMessage(request_id="r-1", phone="+84912345678", text="Mat khau: aB3dE5gH7j.")

    first, again = InboxGateway().send(message), InboxGateway().send(message)

    assert first == again
    assert InboxMessage.objects.get().text == "Mat khau: aB3dE5gH7j."
