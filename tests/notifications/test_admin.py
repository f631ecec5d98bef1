import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from notifications import secrets
from notifications.gateways.base import GatewayUnavailable
from notifications.services import deliver_message

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def pending(message, first, made):
    """A message with a secret on its row."""
    first.script = [GatewayUnavailable("timeout")]
    deliver_message(message.pk)
    message.refresh_from_db()
    assert secrets.decrypt(message.secret_encrypted).value == made[0]
    return message


@pytest.fixture
def superuser(client, db):
    user = get_user_model().objects.create_superuser(username="chief", password="x-Long-enough-1")
    client.force_login(user, backend=BACKEND)
    return user


def pages(message) -> list[str]:
    return [
        reverse("admin:notifications_message_changelist"),
        reverse("admin:notifications_message_change", args=[message.pk]),
    ]


def test_message_pages_show_the_template_and_no_secret(client, superuser, pending, made):
    for url in pages(pending):
        answer = client.get(url)
        page = answer.content.decode()
        assert answer.status_code == 200
        assert made[0] not in page
        assert pending.secret_encrypted not in page
    assert "Mat khau: {secret}." in page


def test_messages_are_found_by_phone(client, superuser, pending):
    url = reverse("admin:notifications_message_changelist")

    assert f"/message/{pending.pk}/" in client.get(url, {"q": "0912 345 678"}).content.decode()
    assert f"/message/{pending.pk}/" not in client.get(url, {"q": "0987"}).content.decode()


def test_message_cannot_be_changed(client, superuser, pending):
    change = reverse("admin:notifications_message_change", args=[pending.pk])

    assert client.post(change, {"status": "accepted"}).status_code == 403
    assert client.get(reverse("admin:notifications_message_add")).status_code == 403
    assert client.post(reverse("admin:notifications_message_delete", args=[pending.pk])).status_code == 403


def test_messages_are_hidden_from_other_staff(client, pending):
    user = get_user_model().objects.create(username="officer", is_staff=True)
    client.force_login(user, backend=BACKEND)

    assert [client.get(url).status_code for url in pages(pending)] == [403, 403]
