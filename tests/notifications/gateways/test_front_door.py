"""Whatever answers at a provider's address: a message is never lost, and never counts as sent without proof."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.http import http_date

from notifications import gateways
from notifications.enums import MessageKind, MessageStatus
from notifications.gateways import http
from notifications.gateways.base import MAX_RETRY_AFTER, GatewayUnavailable
from notifications.gateways.generic import Answers, HttpGateway
from notifications.models import Message
from notifications.services import deliver_message
from notifications.services.calls import PATIENCE
from notifications.services.claims import MAX_ATTEMPTS
from tests.notifications.conftest import PHONE, ScriptedGateway
from tests.notifications.factories import make_message
from tests.notifications.gateways.test_http import Server
from tests.notifications.test_messages_command import run

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
BODY = {"to": "{phone}", "text": "{text}", "id": "{request_id}"}
BY_ID = Answers(message_id_path="data.id", error_path="code", rejected=frozenset({"108"}), duplicate=frozenset({"124"}))
BY_RULE = Answers(success_path="status", success=frozenset({"ok"}), error_path="code", rejected=frozenset({"108"}))
PROOF = {"CodeResult": "100", "SMSID": "sms-1", "status": "ok", "data": {"id": "sms-1"}}
REFUSAL = {"CodeResult": "108", "code": "108"}
HTML = b"<html><title>405 Not Allowed</title> status=ok 100 sms-1</html>"


class Door:
    """A provider's address: says the next raw answer to each request, and the last one ever after."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.server = Server(self._talk)

    def _talk(self, connection, server) -> None:
        while True:
            server.read(connection)
            raw = self.raw.pop(0) if len(self.raw) > 1 else self.raw[0]
            connection.sendall(raw)
            if b"Connection: close" in raw or not raw.startswith(b"HTTP/1"):
                connection.close()
                return

    def texts(self) -> set[bytes]:
        """All that was asked of it, but for heads and blanks."""
        return {part.partition(b"\r\n\r\n")[2] for part in self.server.got.split(b"POST ") if part}


def say(status: int | str, body: bytes | object, head: str = "") -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = f"HTTP/1.1 {status} Words\r\nContent-Length: {len(content)}\r\nConnection: close\r\n{head}\r\n"
    return lines.encode() + content


@pytest.fixture
def door(monkeypatch) -> Iterator[Door]:
    monkeypatch.setattr(http, "TIMEOUT", (1, 1))
    door = Door()
    yield door
    door.server.listener.close()
    http._pool.cache_clear()


@pytest.fixture(params=["esms", "by-id", "by-rule"])
def only(request, door, settings, monkeypatch) -> str:
    """The door is the only gateway."""
    settings.SMS_GATEWAYS = [request.param]
    settings.ESMS = {"URL": door.server.url, "API_KEY": "k", "SECRET_KEY": "s", "BRANDNAME": "B", "SANDBOX": False}
    for name, rules in {"by-id": BY_ID, "by-rule": BY_RULE}.items():
        gateway = HttpGateway(name, door.server.url, BODY, answers=rules)
        monkeypatch.setitem(gateways.BUILDERS, name, lambda gateway=gateway: gateway)
    return request.param


@pytest.fixture
def relief(only, settings, monkeypatch) -> ScriptedGateway:
    """A second gateway, which works."""
    gateway = ScriptedGateway("relief")
    monkeypatch.setitem(gateways.BUILDERS, "relief", lambda: gateway)
    settings.SMS_GATEWAYS = [only, "relief"]
    return gateway


def anew(message: Message) -> None:
    """As if it had never been tried."""
    message.tries.all().delete()
    Message.objects.update(
        status="queued", attempts=0, next_attempt_at=timezone.now(), lease_until=None, finished_at=None, gateway=""
    )


def due(message: Message) -> None:
    Message.objects.update(next_attempt_at=timezone.now())


def is_kept(message: Message) -> bool:
    """It waits for its next try, with the same password."""
    message.refresh_from_db()
    return message.status == MessageStatus.FAILED and bool(message.secret_encrypted) and not message.provider_message_id


@pytest.mark.parametrize("body", [HTML, b"", {}, [], REFUSAL], ids=["html", "empty", "object", "array", "refusal"])
def test_no_status_alone_ends_or_accepts_a_message(message, made, door, only, body):
    wrong = []
    for status in [*range(200, 600), 100, 101, 103, 199, 600, 999]:
        if body == REFUSAL and (status < 300 or 400 <= status < 500):
            continue  # that is a documented word on this message
        anew(message)
        door.raw = [say(status, body)]
        deliver_message(message.pk)
        if not is_kept(message):
            wrong.append((status, message.status, message.last_error_code))
    assert wrong == []
    assert len(made) == 1
    assert len(door.texts()) == 1, "the same text under the same id, however often"


def test_proof_counts_only_with_a_status_of_success(door, only, db):
    message = make_message(kind=MessageKind.RETURNED, phone=PHONE, body="Ho so duoc tra lai.")
    accepted = []
    for status in [*range(200, 600), 999]:
        anew(message)
        door.raw = [say(status, PROOF)]
        if deliver_message(message.pk) == MessageStatus.ACCEPTED:
            accepted.append(status)
    # With 204 and 205 comes no body, whatever is sent.
    assert accepted == [status for status in range(200, 300) if status not in (204, 205)]


ODD = {
    "no status line": b"hello\r\n\r\n",
    "nothing": b"\r\n",
    "HTTP/0.9": HTML,
    "status of letters": b"HTTP/1.1 OK 200\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}",
    "negative status": b"HTTP/1.1 -200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/2 preface": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    "JSON of another shape": say(200, {"result": {"CodeResult": "100", "SMSID": "sms-1"}}),
    "array": say(200, [PROOF]),
    "text": say(200, b'"100"'),
    "number": say(200, b"100"),
    "nothing in JSON": say(200, b"null"),
    "nested": say(200, b"[" * 60_000),
    "long number": say(200, b'{"CodeResult": ' + b"1" * 9000 + b"}"),
    "endless": say(200, b'{"a": "' + b"x" * 300_000 + b'"}'),
    "wrong charset": say(200, "{'CodeResult': 'đã gửi'}".encode("utf-16"), "Content-Type: text/html; charset=x\r\n"),
    "bytes": say(200, bytes(range(256))),
    "not gzip": say(200, HTML, "Content-Encoding: gzip\r\n"),
    "redirect": say(302, HTML, "Location: http://127.0.0.1:1/\r\n"),
    "redirect for good": say(308, HTML, "Location: /send\r\n"),
    "length that lies": b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\nConnection: close\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\nConnection: close\r\n\r\n{}",
    "broken header": b"HTTP/1.1 200 OK\r\n\x00\xff: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 400 + b"Connection: close\r\n\r\n{}",
    "long header": b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 70_000 + b"\r\nConnection: close\r\n\r\n{}",
    "broken chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n{}\r\n",
    "switched": b"HTTP/1.1 101 Switching\r\nConnection: close\r\n\r\n\x00\x01",
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_answer_neither_ends_nor_accepts_a_message(message, made, door, only, odd):
    door.raw = [ODD[odd]]
    assert deliver_message(message.pk) == MessageStatus.FAILED
    assert is_kept(message)

    door.raw = [say(200, PROOF)]
    due(message)
    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert len(made) == 1
    assert len(door.texts()) == 1


def test_documented_refusal_of_the_message_goes_to_a_person(message, door, only):
    door.raw = [say(200, REFUSAL)]
    assert deliver_message(message.pk) == MessageStatus.DEAD


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 406, 410, 413, 415, 418, 421, 422, 429, 451])
def test_refused_request_fails_over_at_once(message, made, door, relief, status):
    door.raw = [say(status, HTML)]
    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    message.refresh_from_db()
    assert (message.gateway, len(made), len(relief.sent)) == ("relief", 1, 1)


@pytest.mark.parametrize("status", [200, 302, 408, 409, 500, 502, 503, 504, 999])
def test_answer_that_leaves_it_open_fails_over_after_some_tries_with_the_same_text(message, made, door, relief, status):
    door.raw = [say(status, HTML)]
    for _ in range(PATIENCE - 1):
        assert deliver_message(message.pk) == MessageStatus.FAILED
        assert relief.sent == []
        due(message)
    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    message.refresh_from_db()
    assert (message.gateway, len(made)) == ("relief", 1)
    assert relief.sent[0].secret == made[0]


def test_message_that_nobody_takes_for_a_day_waits_for_a_person(message, made, door, only):
    door.raw = [say(405, HTML)]
    Message.objects.update(status="failed", attempts=MAX_ATTEMPTS - 1)
    assert deliver_message(message.pk) == MessageStatus.DEAD
    message.refresh_from_db()
    assert (message.last_error_code, message.secret_encrypted) == ("http-405", "")


def test_answer_to_one_message_is_never_taken_for_the_next(message, made, door, only):
    """After 103 comes the real answer, late: on the same line the next message would find it."""
    late = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    proof = json.dumps(PROOF).encode()

    def talk(connection, server):
        server.read(connection)
        connection.sendall(late)
        time.sleep(0.3)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(proof), proof))
        server.read(connection)
        connection.sendall(say(500, {}))

    door.server.talk = talk
    assert deliver_message(message.pk) == MessageStatus.FAILED
    due(message)
    assert deliver_message(message.pk) == MessageStatus.FAILED


def in_seconds(message: Message) -> float:
    message.refresh_from_db()
    return (message.next_attempt_at - timezone.now()).total_seconds()


WAITS = {
    "120": 120,
    " 90 ": 90,
    "999999999": MAX_RETRY_AFTER,
    "9" * 50: MAX_RETRY_AFTER,
    "date": 300,
    "far": MAX_RETRY_AFTER,
    "past": 0,
    "-5": 0,
    "1.5": 0,
    "soon": 0,
    "٣٠٠": 0,
    "x" * 500: 0,
    "Fri, 99 Foo 2026 25:61:61 GMT": 0,
    "Mon, 01 Jan 0001 00:00:00 +2359": 0,
}


@pytest.mark.parametrize("status", [429, 503, 500, 200])
@pytest.mark.parametrize("wait", WAITS)
def test_retry_after_is_heeded_within_bounds(message, door, only, wait, status):
    now = time.time()
    text = {"date": http_date(now + 300), "far": http_date(now + 10**9), "past": http_date(now - 300)}.get(wait, wait)
    door.raw = [say(status, {}, f"Retry-After: {text}\r\n")]

    assert deliver_message(message.pk) == MessageStatus.FAILED
    assert WAITS[wait] - 5 <= in_seconds(message) <= WAITS[wait] + 1


def test_retry_after_keeps_other_messages_away_too(message, made, door, only, real_redis):
    door.raw = [say(429, {}, "Retry-After: 120\r\n")]
    deliver_message(message.pk)
    asked = door.server.connections
    Message.objects.update(status="queued", next_attempt_at=timezone.now(), published_at=timezone.now())

    assert deliver_message(message.pk) is None
    assert door.server.connections == asked
    assert 100 < in_seconds(message) <= 120
    assert (message.status, message.attempts, message.published_at) == ("queued", 1, None)
    assert f"{only}: wants to be left alone for 0:01:" in run()


def test_gateway_that_wants_to_be_left_alone_is_passed_over(message, made, door, relief, real_redis):
    door.raw = [say(503, {}, "Retry-After: 120\r\n")]
    assert deliver_message(message.pk) == MessageStatus.FAILED
    assert in_seconds(message) < 1, "there is another one that may be asked"

    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert door.server.connections == 1
    assert relief.sent[0].secret == made[0]


def test_rejection_never_waits_and_longest_bound_is_an_hour():
    assert timedelta(seconds=MAX_RETRY_AFTER) == timedelta(hours=1)
    assert GatewayUnavailable("http-500").retry_after == 0
