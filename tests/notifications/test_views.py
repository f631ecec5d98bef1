import gzip
import json
import logging
from io import BytesIO
from urllib.parse import urlencode

import pytest
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from notifications.models import InboxMessage, Message, ProviderReceipt
from notifications.services import deliver_message, poll_receipts, receipts
from notifications.views import MAX_REPORTS
from tests.notifications.factories import make_message

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


ADDRESS = f"/sms/bao-phat/esms/{SECRET}/"


def post(client, body, content_type="application/json", **extra):
    # Not client.post, which would encode the body anew.
    answer = client.generic("POST", ADDRESS, body, content_type=content_type, **extra)
    return answer.status_code, answer.content.decode()


def state(message):
    message.refresh_from_db()
    return message.status


def test_receipt_of_an_unknown_message_is_kept(told, client, caplog):
    answer = client.get(ADDRESS, receipt(told, RequestId="someone-elses"))
    assert (answer.status_code, answer.content) == (200, b"unknown")
    assert ProviderReceipt.objects.get().message is None
    assert SECRET not in caplog.text


NO_RECEIPTS = {
    "nothing": "",
    "empty object": "{}",
    "empty list": "[]",
    "text": '"5"',
    "number": "5",
    "null": "null",
    "broken": '{"SMSID": "sms-1", "SendStatus": "5"',
    "deep": "[" * 60_000,
    "deep object": '{"a":' * 10_000,
    "long number": '{"SMSID": "sms-1", "SendStatus": ' + "5" * 9000 + "}",
    "list of lists": '[[{"SMSID": "sms-1"}]]',
    "bytes": bytes(range(1, 256)),
    "compressed": gzip.compress(b'{"SMSID": "sms-1", "SendStatus": "5", "SendSuccess": "1"}'),
    "XML": "<receipt><SMSID>sms-1</SMSID></receipt>",
    "no status": '{"SMSID": "sms-1", "SendSuccess": "1"}',
    "status of words": '{"SMSID": "sms-1", "SendStatus": "done", "SendSuccess": "1"}',
    "truth": '{"SMSID": "sms-1", "SendStatus": 5, "SendSuccess": true}',
    "no counts": '{"SMSID": "sms-1", "SendStatus": 5}',
    "no result": '{"SMSID": "sms-1", "SendStatus": 5, "SendSuccess": 0, "SendFailed": 0}',
    "negative": '{"SMSID": "sms-1", "SendStatus": 5, "SendSuccess": 1, "SendFailed": -1}',
    "endless": '{"SMSID": "sms-1", "SendStatus": 5, "SendSuccess": 1e999}',
    "no id": '{"SMSID": "", "RequestId": null, "SendStatus": 5, "SendSuccess": 1}',
    "id of words": '{"SMSID": "so 0912 345 678", "SendStatus": 5, "SendSuccess": 1}',
    "id of parts": '{"SMSID": {"a": 1}, "SendStatus": 5, "SendSuccess": 1}',
}


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", "x"])
@pytest.mark.parametrize("what", NO_RECEIPTS)
def test_receipt_that_was_not_taken_is_not_answered_with_200(told, client, caplog, what, content_type):
    assert post(client, NO_RECEIPTS[what], content_type) == (400, "unreadable")
    assert (state(told), ProviderReceipt.objects.count()) == ("accepted", 0)
    assert SECRET not in caplog.text
    assert "912" not in caplog.text


TYPES = [
    "application/json", "application/json; charset=utf-8", "Application/JSON", "text/plain", "text/json",
    "application/vnd.provider+json", "application/x-www-form-urlencoded", "application/octet-stream", "text/html", "",
    "application/json; charset=windows-1258", "application/json; charset=zip", "nonsense", ";;;",
]  # fmt: skip


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_receipt_in_json_is_taken_under_whatever_name(told, client, content_type, encoding):
    if "1258" in content_type and encoding != "utf-8":
        return
    assert post(client, json.dumps(receipt(told)).encode(encoding), content_type) == (200, "ok")
    assert state(told) == "delivered"


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_receipt_as_a_form_is_taken_under_whatever_name(told, client, content_type):
    assert post(client, urlencode(receipt(told)), content_type) == (200, "ok")
    assert state(told) == "delivered"


def test_receipt_with_words_in_another_encoding_is_taken(told, client):
    body = json.dumps(receipt(told, Network="?")).encode().replace(b"?", "đã gửi".encode("windows-1258", "ignore"))
    assert post(client, body) == (200, "ok")


def test_receipt_in_chunks_is_taken_or_asked_for_with_its_length(told, client):
    """Also one that is too long: WSGI servers say by `input_terminated` that the stream ends with the body."""
    body = json.dumps(receipt(told)).encode()
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    assert post(client, body, **chunked) == (411, "length")
    assert post(client, b" " * 100_000, **chunked, **{"wsgi.input_terminated": True})[0] in (400, 413)
    assert post(client, body, **chunked, **{"wsgi.input_terminated": True, "wsgi.input": BytesIO(body)}) == (200, "ok")
    assert state(told) == "delivered"


@pytest.mark.parametrize(
    ("success", "failed", "outcome"),
    [
        (1, 0, "delivered"),
        (2, 0, "delivered"),
        (1, None, "delivered"),
        (0, 1, "dead"),
        (1, 1, "dead"),
        (2, 1, "dead"),
        (None, 1, "dead"),
    ],
)
@pytest.mark.parametrize("how", ["address", "json", "asked"])
def test_part_that_failed_makes_the_message_fail(told, client, provider, success, failed, outcome, how):
    counts = {"SendSuccess": success, "SendFailed": failed}
    values = receipt(told) | counts
    if how == "address":
        client.get(ADDRESS, {key: "" if value is None else value for key, value in values.items()})
    elif how == "json":
        assert post(client, json.dumps(values)) == (200, "ok")
    else:
        Message.objects.update(poll_at=timezone.now())
        provider.answer(values | {"CodeResponse": "100"})
        poll_receipts()
    assert state(told) == outcome


def test_receipts_that_come_together_all_count(told, provider, client):
    others = [make_message(kind="returned", phone="+84912345678", body="Ho so") for _ in range(3)]
    for place, other in enumerate(others):
        provider.answer({"CodeResult": "100", "SMSID": f"other-{place}"})
        deliver_message(other.pk)
    lost = {"SMSID": "other-1", "SendStatus": 5, "SendFailed": 1}
    batch = [receipt(told), {"SMSID": "other-0", "SendStatus": 5, "SendSuccess": 1}, lost, {"SMSID": "x"}, None, 5]

    # What cannot be read is asked for again; the rest counts, and counts once.
    for _ in range(2):
        assert post(client, json.dumps(batch)) == (400, "unreadable")
    assert [state(each) for each in (told, *others)] == ["delivered", "delivered", "dead", "accepted"]
    assert {row.times for row in ProviderReceipt.objects.all()} == {2}
    assert post(client, json.dumps(batch[:3])) == (200, "ok")


def test_receipts_repeated_in_the_address_all_count(told, provider, client):
    other = make_message(kind="returned", phone="+84912345678", body="Ho so")
    provider.answer({"CodeResult": "100", "SMSID": "other"})
    deliver_message(other.pk)

    answer = client.get(f"{ADDRESS}?SMSID=sms-1&SMSID=other&SendStatus=5&SendSuccess=1")
    assert (answer.status_code, state(told), state(other)) == (200, "delivered", "delivered")
    assert client.get(f"{ADDRESS}?SMSID=sms-1&SMSID=other&SMSID=x&SendStatus=5&SendStatus=2").status_code == 400


def test_parts_that_come_together_are_delivered_only_when_all_are(told, client):
    parts = [receipt(told), receipt(told, SendSuccess="0", SendFailed="1"), receipt(told)]
    assert post(client, json.dumps(parts)) == (200, "ok")
    assert state(told) == "dead"


def test_too_many_receipts_in_one_call_are_refused_before_any_is_written(told, client):
    many = [{"SMSID": "sms-1", "SendStatus": 5, "SendSuccess": 1}] * (MAX_REPORTS + 1)
    assert post(client, json.dumps(many).replace(" ", ""))[0] == 413
    assert state(told) == "accepted"


def test_outcome_that_is_still_open_is_taken(told, client):
    assert post(client, json.dumps(receipt(told, SendStatus="2"))) == (200, "open")
    assert state(told) == "accepted"


def test_receipt_that_cannot_be_written_down_is_asked_for_again(told, client, monkeypatch):
    def refuse(*_):
        raise OperationalError("away")

    monkeypatch.setattr(receipts, "record_report", refuse)
    assert post(client, json.dumps(receipt(told))) == (503, "later")


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
        ("many parts", 400),
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
