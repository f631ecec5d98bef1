import json
import logging
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone

from notifications.models import InboxMessage, Message
from notifications.services import deliver_message, poll_receipts

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


SECRET = "duong-dan-bi-mat-0001"


@pytest.fixture
def told(message, provider, settings):
    """An accepted message whose provider knows where to send receipts."""
    settings.ESMS = settings.ESMS | {"RECEIPT_SECRET": SECRET}
    deliver_message(message.pk)
    message.refresh_from_db()
    return message


def receipt(message, **values):
    return {"SMSID": "sms-1", "RequestId": message.request_id, "SendStatus": "5", "SendSuccess": "1"} | values


def test_receipt_address_is_told_to_the_provider(told, provider, client):
    address = provider.requests[0]["CallbackUrl"]
    assert address.endswith(f"/sms/bao-phat/esms/{SECRET}/")

    answer = client.get(address.partition("//")[2].partition("/")[2].join(["/", ""]), receipt(told))

    assert (answer.status_code, answer.content) == (200, b"ok")
    told.refresh_from_db()
    assert told.status == "delivered"


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_receipt_is_taken_as_json_and_as_form(told, client, content_type):
    client.handler.enforce_csrf_checks = True
    values = receipt(told)
    body = json.dumps(values) if content_type == "application/json" else urlencode(values)
    answer = client.post(f"/sms/bao-phat/esms/{SECRET}/", body, content_type=content_type)
    assert answer.content == b"ok"


@pytest.mark.parametrize("path", ["esms/guessed-0123456789", "esms/x", "inbox/duong-dan-bi-mat-0001", "pigeon/x"])
def test_receipt_from_strangers_is_not_there(told, client, path):
    assert client.get(f"/sms/bao-phat/{path}/", receipt(told)).status_code == 404
    told.refresh_from_db()
    assert told.status == "accepted"


def test_receipt_address_is_closed_without_a_secret(message, provider, client):
    assert client.get("/sms/bao-phat/esms//").status_code == 404
    assert client.get("/sms/bao-phat/esms/x/", receipt(message)).status_code == 404


def test_receipt_that_makes_no_sense_or_is_unknown_is_taken_and_left(told, client, caplog):
    address = f"/sms/bao-phat/esms/{SECRET}/"
    assert client.get(address).content == b"unreadable"
    assert client.post(address, "[" * 5000, content_type="application/json").content == b"unreadable"
    answer = client.get(address, receipt(told, RequestId="someone-elses"))
    assert (answer.status_code, answer.content) == (200, b"unknown")
    assert SECRET not in caplog.text


def send(client, how):
    address = f"/sms/bao-phat/esms/{SECRET}/"
    form, multipart = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
    return {
        "method": lambda: client.put(address),
        "length": lambda: client.post(address, b"{}", content_type="application/json", CONTENT_LENGTH="zz"),
        "negative": lambda: client.post(address, b"{}", content_type="application/json", CONTENT_LENGTH="-1"),
        "long form": lambda: client.post(address, b"a=" + b"x" * 2_000_000, content_type=form),
        "long json": lambda: client.post(address, b" " * 2_000_000, content_type="application/json"),
        "many fields": lambda: client.post(address, b"&".join([b"a=1"] * 400), content_type=form),
        "broken parts": lambda: client.post(address, b"--y", content_type="multipart/form-data"),
        "many parts": lambda: client.post(address, b"--x" * 9, content_type=multipart),
    }[how]()


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ("method", 405),
        ("length", 400),
        ("negative", 400),
        ("long form", 413),
        ("long json", 413),
        ("many fields", 400),
        ("broken parts", 400),
        ("many parts", 200),
    ],
)
def test_receipt_that_is_none_is_refused_without_a_word_about_its_address(told, client, caplog, how, status):
    with caplog.at_level(logging.DEBUG):
        answer = send(client, how)

    assert answer.status_code == status
    assert SECRET not in caplog.text
    assert "Traceback" not in caplog.text
    told.refresh_from_db()
    assert told.status == "accepted"


def test_polling_tells_no_log_its_keys(told, provider, caplog):
    Message.objects.update(poll_at=timezone.now())
    provider.answer({"CodeResponse": "100", "SendStatus": "5", "SendSuccess": "1"})

    with caplog.at_level(logging.DEBUG):
        assert poll_receipts() == 1

    assert "SecretKey=secret-of-ours" in provider.asked[0]
    assert "secret-of-ours" not in caplog.text
