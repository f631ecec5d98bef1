import pytest
from django.urls import reverse

from notifications.models import InboxMessage

pytestmark = pytest.mark.django_db
PASSWORD_TEXT = "Ma so: 7912345678. Mat khau: aB3dE5gH7j."


@pytest.fixture
def inbox(settings):
    settings.DEBUG = True
    settings.SMS_GATEWAYS = ["inbox"]
    return reverse("notifications:inbox")


def text(phone: str, body: str) -> InboxMessage:
    return InboxMessage.objects.create(phone=phone, text=body, request_id=body)


@pytest.mark.parametrize(("debug", "gateways"), [(False, ["inbox"]), (True, ["esms"])])
def test_inbox_is_not_there_in_production(client, settings, debug, gateways):
    text("+84912345678", PASSWORD_TEXT)
    settings.DEBUG, settings.SMS_GATEWAYS = debug, gateways

    answer = client.get(reverse("notifications:inbox"))

    assert answer.status_code == 404
    assert "aB3dE5gH7j" not in answer.content.decode()


def test_inbox_shows_texts_newest_first(client, inbox):
    text("+84912345678", "older")
    text("+84987111222", PASSWORD_TEXT)

    page = client.get(inbox).content.decode()

    assert inbox == "/hop-thu-thu/"
    assert f'<p class="sms__text">{PASSWORD_TEXT}</p>' in page
    assert "0987 111 222" in page
    assert page.index(PASSWORD_TEXT) < page.index("older")


def test_inbox_finds_by_phone_in_any_form(client, inbox):
    text("+84912345678", "hers")
    text("+84987111222", "his")

    page = client.get(inbox, {"q": "0912 345 678"}).content.decode()

    assert "hers" in page
    assert "his<" not in page


def test_inbox_says_when_it_is_empty(client, inbox):
    assert 'class="inbox__empty"' in client.get(inbox).content.decode()
    assert 'class="inbox__empty"' in client.get(inbox, {"q": "<b>0"}).content.decode()


def test_inbox_shows_a_text_as_it_is(client, inbox):
    text("+84912345678", "<script>alert(1)</script>")

    assert "<script>alert(1)" not in client.get(inbox).content.decode()


def test_inbox_shows_the_newest_fifty(client, inbox):
    for number in range(51):
        text("+84912345678", f"text {number}.")

    page = client.get(inbox).content.decode()

    assert page.count('class="sms__text"') == 50
    assert "text 0." not in page


def test_inbox_only_shows(client, inbox):
    assert client.post(inbox).status_code == 405
