"""A citizen's browser that opens dossiers, for tests of what is shown then."""

import re
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from notifications.models import InboxMessage, Message
from notifications.services import deliver_message
from registration import grants
from registration.models import Declaration

SEND, TYPE = "/tra-cuu/ma/gui/", "/tra-cuu/ma/"


def open_in(client: Client, declaration: Declaration, minutes: float = 30) -> None:
    """Let this browser see the dossier, as a code does."""
    session = client.session
    grants.open_dossier(session, declaration, timezone.now() + timedelta(minutes=minutes))
    session.save()
    client.cookies["sessionid"] = session.session_key


def address(declaration: Declaration, rest: str = "") -> str:
    return f"/dang-ky/ho-so/{declaration.token}/{rest}"


def track(client: Client, declaration: Declaration):
    fields = {"reference": declaration.reference_text, "phone_end": declaration.phone[-4:]}
    return client.post("/tra-cuu/", fields)


def key_of(client: Client, declaration: Declaration) -> str:
    """The name that the tracking page's forms give the declaration."""
    found = re.search(r'name="key" value="([^"]+)"', track(client, declaration).text)
    assert found
    return found[1]


def deliver_codes() -> list[str]:
    """Hands over the messages with codes that wait; what the phones show, in the order of asking."""
    for message in Message.objects.filter(kind="access_code", status="queued").order_by("pk"):
        deliver_message(message.pk)
    texts = InboxMessage.objects.filter(text__contains="Ma xac nhan").order_by("pk").values_list("text", flat=True)
    return [re.search(r": (\d{6})\.", text)[1] for text in texts]


def ask(client: Client, declaration: Declaration) -> str:
    """Tracks the declaration, has a code sent, and reads it on the phone."""
    assert client.post(SEND, {"key": key_of(client, declaration)}).url == TYPE
    return deliver_codes()[-1]


def type_code(client: Client, declaration: Declaration, code: str):
    return client.post(TYPE, {"key": key_of(client, declaration), "code": code})
