"""The set-ups of docs/gateways.md, word for word, against a server that answers as those providers do."""

import base64
import json
import re
import tomllib
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from django.core.exceptions import ImproperlyConfigured

from notifications.gateways import check_settings, get_gateways
from notifications.gateways.base import GatewayRejected, GatewayUnavailable, OutgoingMessage, Report
from notifications.services import deliver_message
from tests.notifications.conftest import Provider

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "gateways.md"
MESSAGE = OutgoingMessage(request_id="r-1", phone="+84912345678", text="Mat khau: {phone}{x}.")
ENVIRONMENT = {
    "SPEEDSMS_TOKEN": "speed-token",
    "SPEEDSMS_SENDER": "BHXH",
    "SPEEDSMS_RECEIPT_SECRET": "speed-receipts-0001",
    "TWILIO_ACCOUNT": "AC1",
    "TWILIO_TOKEN": "twilio-token",
    "TWILIO_SENDER": "+12025550100",
    "TWILIO_RECEIPT_SECRET": "twilio-receipts-0001",
    "BROKEN": "speed-token\n",
}


def documented() -> dict:
    return tomllib.loads("\n".join(re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.S)))


class RawProvider(Provider):
    def parse(self, body: bytes):
        return body.decode()


@pytest.fixture
def raw(monkeypatch, settings):
    """The server; both documented gateways send to it."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    server = RawProvider()
    settings.DEBUG, settings.SMS_PROVIDERS = True, documented()
    for table in settings.SMS_PROVIDERS.values():
        table["url"] = server.url
    settings.SMS_GATEWAYS = ["speedsms", "twilio"]
    yield server
    server.close()


@pytest.fixture
def speedsms(raw):
    return get_gateways()[0]


@pytest.fixture
def twilio(raw):
    return get_gateways()[1]


def test_documented_set_ups_are_complete(monkeypatch, settings):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    settings.SMS_PROVIDERS, settings.SMS_GATEWAYS, settings.DEBUG = documented(), ["speedsms", "twilio"], False
    check_settings()


def test_speedsms_is_asked_as_it_wants(speedsms, raw):
    raw.answer({"status": "success", "code": "00", "data": {"tranId": 123456, "totalSMS": 1}})

    assert speedsms.send(MESSAGE).provider_message_id == "123456"
    assert json.loads(raw.requests[0]) == {
        "to": ["84912345678"],
        "content": "Mat khau: {phone}{x}.",
        "sms_type": 3,
        "sender": "BHXH",
    }
    assert raw.headers[0]["Authorization"] == "Basic " + base64.b64encode(b"speed-token:x").decode()


def test_twilio_is_asked_as_it_wants(twilio, raw, settings):
    raw.answer({"sid": "SM1", "status": "queued"}, status=201)

    assert twilio.send(MESSAGE).provider_message_id == "SM1"
    assert parse_qs(raw.requests[0]) == {
        "To": ["+84912345678"],
        "From": ["+12025550100"],
        "Body": ["Mat khau: {phone}{x}."],
        "StatusCallback": [f"{settings.PUBLIC_URL}/sms/bao-phat/twilio/twilio-receipts-0001/"],
    }


@pytest.mark.parametrize(
    ("name", "answer", "status", "kind", "code", "not_sent"),
    [
        ("speedsms", {"status": "error", "code": "105"}, 200, GatewayRejected, "speedsms-105", None),
        ("speedsms", {"status": "error", "code": "300"}, 200, GatewayUnavailable, "speedsms-300", True),
        ("speedsms", {"status": "error", "code": "500"}, 200, GatewayUnavailable, "speedsms-500", False),
        ("speedsms", {"status": "error", "code": "so 0912345678"}, 200, GatewayUnavailable, "garbage", False),
        ("speedsms", [], 200, GatewayUnavailable, "garbage", False),
        ("twilio", {"code": 21211, "message": "+84912345678"}, 400, GatewayRejected, "twilio-21211", None),
        ("twilio", {"code": 20003}, 401, GatewayUnavailable, "twilio-20003", True),
        ("twilio", {}, 429, GatewayUnavailable, "http-429", True),
        ("twilio", {}, 503, GatewayUnavailable, "http-503", False),
    ],
)
def test_answers_are_sorted(speedsms, twilio, raw, name, answer, status, kind, code, not_sent):
    raw.answer(answer, status=status)
    gateway = {"speedsms": speedsms, "twilio": twilio}[name]

    with pytest.raises(kind) as failed:
        gateway.send(MESSAGE)
    assert (failed.value.code, getattr(failed.value, "not_sent", None)) == (code, not_sent)


def test_duplicate_counts_as_accepted(raw, settings):
    settings.SMS_PROVIDERS["speedsms"]["errors"]["duplicate"] = ["409"]
    raw.answer({"status": "error", "code": "409"})
    assert get_gateways()[0].send(MESSAGE).provider_message_id == ""


def test_reports_are_read(speedsms, twilio):
    assert speedsms.read_reports({"type": "report", "tranId": "123456", "status": "0"}) == [Report(True, "", "123456")]
    assert speedsms.read_reports({"tranId": 123456, "status": 64})[0].delivered is False
    assert twilio.read_reports({"MessageSid": "SM1", "MessageStatus": "sent"})[0].delivered is None
    assert twilio.read_reports({"MessageSid": "SM1", "MessageStatus": "undelivered"})[0].code == "twilio-undelivered"
    assert twilio.read_reports({"MessageSid": "SM1"}) == [None]
    assert twilio.read_reports({"MessageStatus": "delivered"}) == [None]


def test_receipt_of_a_configured_provider_is_taken(message, raw, client):
    raw.answer({"status": "success", "data": {"tranId": 77}})
    deliver_message(message.pk)

    answer = client.post("/sms/bao-phat/speedsms/speed-receipts-0001/", {"tranId": "77", "status": "0"})

    assert answer.content == b"ok"
    message.refresh_from_db()
    assert (message.gateway, message.status) == ("speedsms", "delivered")


def test_repr_shows_no_credentials(speedsms, twilio):
    assert repr(speedsms) == "HttpGateway(name='speedsms')"
    assert "token" not in repr(twilio)


RESULTS = [{"id": "a", "status": {"name": "OK"}}, {"id": "b", "status": {"name": "NO"}}, {"id": "c"}, 5]
NESTED = {"entry": [{"changes": [{"id": "a", "s": "OK"}]}, {"changes": [{"id": "b", "s": "NO"}, {"id": "c"}]}, {}]}


@pytest.mark.parametrize(
    ("start", "status", "receipt"),
    [
        ("results.0.", "status.name", {"results": RESULTS}),
        ("0.", "status.name", RESULTS),
        ("", "status.name", RESULTS),
        ("d.results.0.", "status.name", [{"d": {"results": RESULTS[:2]}}, {"d": {"results": RESULTS[2:]}}]),
        ("entry.0.changes.0.", "s", NESTED),
    ],
)
def test_all_reports_that_come_together_are_read(raw, settings, start, status, receipt):
    rules = settings.SMS_PROVIDERS["speedsms"]["receipt"]
    rules |= {"message_id_path": f"{start}id", "status_path": f"{start}{status}", "delivered": ["OK"], "failed": ["NO"]}
    reports = get_gateways()[0].read_reports(receipt)

    found = [(each.provider_message_id, each.delivered) if each else None for each in reports]
    assert found == [("a", True), ("b", False), None, None]


@pytest.mark.parametrize("receipt", [None, 5, "x", [], {}, {"results": []}, {"results": {}}, {"results": 5}, [[[]]]])
def test_receipt_without_reports_is_none(raw, settings, receipt):
    rules = settings.SMS_PROVIDERS["speedsms"]["receipt"]
    rules |= {"message_id_path": "results.0.id", "status_path": "results.0.status"}
    assert set(get_gateways()[0].read_reports(receipt)) <= {None}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"status": "success", "code": "105", "data": {"tranId": 1}}, "contradiction"),
        ({"status": "success", "code": "300", "data": {"tranId": 1}}, "contradiction"),
        ({"status": "success", "data": {}}, "no-id"),
        ({"status": "success", "data": {"tranId": "so 0912"}}, "no-id"),
        ({"status": ["success"], "data": {"tranId": 1}}, "garbage"),
    ],
)
def test_success_without_proof_or_beside_a_refusal_is_none(speedsms, raw, answer, code):
    raw.answer(answer)
    with pytest.raises(GatewayUnavailable) as failed:
        speedsms.send(MESSAGE)
    assert (failed.value.code, failed.value.not_sent) == (code, False)


def test_documented_code_beside_a_server_error_is_no_refusal(twilio, raw):
    raw.answer({"code": 21211}, status=502)
    with pytest.raises(GatewayUnavailable):
        twilio.send(MESSAGE)


@pytest.mark.parametrize(("said", "value"), [(True, True), ("true", True), (1, 1)])
def test_success_may_be_truth_or_number(raw, settings, said, value):
    settings.SMS_PROVIDERS["speedsms"]["success"] = {"path": "ok", "values": [value]}
    raw.answer({"ok": said, "data": {"tranId": 5}})
    assert get_gateways()[0].send(MESSAGE).provider_message_id == "5"


FLAGGED = {"to": "{phone}", "sms_type": True}
MISTAKES = {
    "speedsms.url": lambda table: table.pop("url"),
    "speedsms.url ": lambda table: table.update(url="ftp://speedsms.example/"),
    "speedsms.url  ": lambda table: table.update(url="https://speedsms.example:https/"),
    "speedsms.url   ": lambda table: table.update(url="https://[speedsms/"),
    "speedsms.body.to": lambda table: table.update(encoding="form"),
    "speedsms.body.sms_type": lambda table: table.update(encoding="form", body=table["body"] | FLAGGED),
    "speedsms.encoding": lambda table: table.update(encoding="xml"),
    "speedsms.phone": lambda table: table.update(phone="local"),
    "speedsms.colour": lambda table: table.update(colour="blue"),
    "speedsms.auth.password": lambda table: table["auth"].pop("password"),
    "speedsms.auth.token": lambda table: table["auth"].update(token="t"),
    "speedsms.auth.type": lambda table: table["auth"].update(type="digest"),
    "speedsms.auth": lambda table: table.update(auth="basic"),
    "speedsms.body": lambda table: table["body"].pop("content"),
    "speedsms.body ": lambda table: table["body"].update(content="{text} {word}"),
    "speedsms.body.sender": lambda table: table["body"].update(sender="${NOT_SET_ANYWHERE}"),
    "speedsms.success.values": lambda table: table["success"].pop("values"),
    "speedsms.errors.path": lambda table: table["errors"].pop("path"),
    "speedsms.success.path": lambda table: [table.pop("success"), table.pop("message_id_path")],
    "speedsms.success.values ": lambda table: table["success"].update(values=[""]),
    "speedsms.errors.duplicate": lambda table: table["errors"].update(duplicate=[""]),
    "speedsms.errors.not_sent": lambda table: table["errors"].update(not_sent=["105"]),
    "speedsms.receipt.failed": lambda table: table["receipt"].update(failed=["0"]),
    "speedsms.errors.rejected": lambda table: table["errors"].update(rejected="105"),
    "speedsms.auth.username": lambda table: table["auth"].update(username="speed-token\n"),
    "speedsms.auth.token ": lambda table: table.update(auth={"type": "bearer", "token": "speed-token\r"}),
    "speedsms.auth.token  ": lambda table: table.update(auth={"type": "bearer", "token": "speed-token-ạ"}),
    "speedsms.auth.header": lambda table: table.update(auth={"type": "header", "header": "X Key", "value": "v"}),
    "speedsms.auth.value": lambda table: table.update(auth={"type": "header", "header": "X-Key", "value": "\x7f"}),
    "speedsms.headers.X:Y": lambda table: table.update(headers={"X:Y": "v"}),
    "speedsms.headers.X-Name": lambda table: table.update(headers={"X-Name": "Bảo hiểm"}),
    "speedsms.body.sender ": lambda table: table["body"].update(sender="${BROKEN}"),
    "speedsms.receipt.delivered": lambda table: table["receipt"].pop("delivered"),
    "speedsms.receipt.message_id_path": lambda table: table["receipt"].pop("message_id_path"),
    "speedsms.receipt.secret": lambda table: table["receipt"].update(secret="short"),
}


@pytest.mark.parametrize("key", MISTAKES)
def test_mistake_is_refused_at_start_up_by_its_key(raw, settings, key):
    MISTAKES[key](settings.SMS_PROVIDERS["speedsms"])

    with pytest.raises(ImproperlyConfigured, match=re.escape(key.strip())) as refused:
        check_settings()
    assert "speed-token" not in str(refused.value)


def test_plain_http_is_refused_in_production(raw, settings):
    settings.DEBUG = False
    with pytest.raises(ImproperlyConfigured, match=r"speedsms\.url"):
        check_settings()
