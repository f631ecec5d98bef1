"""What the tests of messages share: a provider that listens, scripted gateways, a queue to look into."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import redis
from celery import Celery, current_app

from notifications import gateways, secrets
from notifications.enums import MessageKind
from notifications.gateways import circuit, pace
from notifications.gateways.base import OutgoingMessage, SendResult
from notifications.models import Message
from notifications.secrets import NewSecret, Secret
from scripts.redis_server import running_redis
from tests.notifications.factories import make_message

PHONE = "+84912345678"


class Provider:
    """A local HTTP server in a provider's place: it answers as told and remembers what it was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.delay, self.hang_up = 200, b"", 0.0, False
        self.head: dict[str, str] = {}
        self.requests: list[dict[str, str]] = []
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.accept()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                provider.requests.append(provider.parse(self.rfile.read(length)))
                provider.headers.append(dict(self.headers))
                time.sleep(provider.delay)
                if provider.hang_up:
                    return
                self.send_response(provider.status)
                self.send_header("Content-Length", str(len(provider.body)))
                self.end_headers()
                self.wfile.write(provider.body)

            def do_GET(self):
                provider.asked.append(self.path)
                time.sleep(provider.delay)
                self.send_response(provider.status)
                for name, value in provider.head.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(provider.body)))
                self.end_headers()
                self.wfile.write(provider.body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/send"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def parse(self, body: bytes):
        return json.loads(body)

    def accept(self) -> None:
        self.head = {}
        self.answer({"CodeResult": "100", "SMSID": "sms-1"})

    def answer(self, answer: object, status: int = 200) -> None:
        self.status, self.body = status, json.dumps(answer).encode()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class ScriptedGateway:
    """Does the next step of its script at each call: raises it, calls it, or (script at its end) accepts."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.script: list[BaseException | Callable[[], object]] = []
        self.sent: list[OutgoingMessage] = []

    def send(self, message: OutgoingMessage) -> SendResult:
        self.sent.append(message)
        step = self.script.pop(0) if self.script else None
        if isinstance(step, BaseException):
            raise step
        if step is not None:
            step()
        return SendResult(provider_message_id=f"{self.name}-1")


@pytest.fixture
def provider(settings) -> Iterator[Provider]:
    """The provider, with eSMS as the only gateway and pointing at it."""
    provider = Provider()
    settings.SMS_GATEWAYS = ["esms"]
    settings.ESMS = {
        "URL": provider.url,
        "API_KEY": "key-of-ours",
        "SECRET_KEY": "secret-of-ours",
        "BRANDNAME": "BHXH",
        "SANDBOX": False,
        "STATUS_URL": provider.url,
    }
    yield provider
    provider.close()


@pytest.fixture(scope="session")
def _redis_url(tmp_path_factory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def real_redis(_redis_url, settings) -> Iterator[redis.Redis]:
    """An empty Redis that circuits and rates are kept in."""
    settings.REDIS_URL = _redis_url
    _forget_connections()
    with redis.Redis.from_url(_redis_url) as client:
        client.flushdb()
        yield client
    _forget_connections()


def _forget_connections() -> None:
    for cached in (circuit._redis, pace._limiter, pace._stand_in):
        cached.cache_clear()


@pytest.fixture
def first(settings, monkeypatch) -> ScriptedGateway:
    """The first of two scripted gateways; `second` is the other."""
    gateway = ScriptedGateway("first")
    monkeypatch.setitem(gateways.BUILDERS, "first", lambda: gateway)
    settings.SMS_GATEWAYS = ["first"]
    return gateway


@pytest.fixture
def second(settings, monkeypatch, first) -> ScriptedGateway:
    gateway = ScriptedGateway("second")
    monkeypatch.setitem(gateways.BUILDERS, "second", lambda: gateway)
    settings.SMS_GATEWAYS = ["first", "second"]
    return gateway


@pytest.fixture
def made(monkeypatch) -> list[str]:
    """Every secret made; each is a new one."""
    made: list[str] = []

    def make(message: Message) -> NewSecret:
        made.append(f"Zq7{len(made)}xW4kVt")
        return NewSecret(Secret(made[-1]))

    monkeypatch.setitem(secrets.SECRET_MAKERS, MessageKind.CREDENTIAL, make)
    return made


@pytest.fixture
def message(db, made) -> Message:
    """A queued credential; no task for it is on any queue."""
    return make_message(kind=MessageKind.CREDENTIAL, phone=PHONE, body="Mat khau: {secret}.", related_key="d-1")


class Queue:
    """A broker in this process, or one that is away, in place of the portal's own during a test."""

    def __init__(self, url: str) -> None:
        self.app = Celery("tests", broker=url, set_as_current=False)
        self.app.conf.task_publish_retry = False
        self.app.conf.broker_transport_options = {"max_retries": 0}

    def ids(self) -> list[int]:
        """The message ids of all tasks published since the last look."""
        found: list[int] = []
        with self.app.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:
            while queue.qsize():
                task = queue.get(block=False)
                task.ack()
                assert task.headers["task"] == "notifications.tasks.deliver"
                found.append(task.payload[0][0])
        return found


def _queue(url: str) -> Iterator[Queue]:
    portal_app = current_app._get_current_object()
    queue = Queue(url)
    queue.app.set_current()
    yield queue
    portal_app.set_current()
    queue.app.close()


@pytest.fixture
def queue() -> Iterator[Queue]:
    for queue in _queue("memory://"):
        queue.ids()
        yield queue


@pytest.fixture
def broken_queue() -> Iterator[Queue]:
    yield from _queue("redis://127.0.0.1:1/0")
