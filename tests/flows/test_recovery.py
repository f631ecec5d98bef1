"""A worker is killed while it hands over a message, at the real times; and Redis, under a worker that must live on."""

import base64
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import redis

from tests.flows.conftest import wait_for
from tests.torture.house import ROOT, Program, Redis, beat_program, environment, running_database, worker_program
from tests.torture.provider import Provider

pytestmark = pytest.mark.flow
LIMIT_SECONDS = 60
PREPARE = """
from tests.torture.house import prepare
prepare({count})
"""
APPROVE = """
from accounts.models import User
from registration.models import Declaration
from registration.services import approve_declaration
declaration = Declaration.objects.filter(status="received").first()
approve_declaration(declaration.pk, officer=User.objects.get(is_staff=True), revision=declaration.revision)
"""


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider(1, fail=0, drop=0)
    yield provider
    provider.close()


@pytest.fixture
def broker(tmp_path, provider, monkeypatch) -> Iterator[Redis]:
    """Redis, with a database and beat; the sweep and the lease are as in production."""
    kind = "postgres" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "sqlite"
    with ExitStack() as stack:
        database = stack.enter_context(running_database(kind, tmp_path))
        broker = Redis(tmp_path / "redis")
        stack.callback(broker.kill)
        for name, value in environment(tmp_path, broker.url, database.url, provider.url, "").items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("SWEEP_SECONDS")
        beat = beat_program("portal", tmp_path)
        stack.callback(beat.kill)
        yield broker


@pytest.fixture
def start_worker(tmp_path, broker) -> Iterator:
    started: list[Program] = []

    def start(name: str) -> Program:
        started.append(worker_program("portal", name, tmp_path))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()


def run(script: str) -> None:
    subprocess.run([sys.executable, "manage.py", "shell", "-c", script], cwd=ROOT, check=True, capture_output=True)


def test_message_of_a_killed_worker_is_on_its_way_again_within_a_minute(provider, start_worker):
    provider.hold_next = 2 * LIMIT_SECONDS
    run(PREPARE.format(count=1))
    run(APPROVE)
    handing_over = start_worker("first")
    wait_for(lambda: provider.calls, "the message")
    start_worker("second")
    handing_over.kill()
    killed = time.time()
    wait_for(lambda: len(provider.calls) > 1, "the message again", LIMIT_SECONDS)
    first, second = provider.calls[:2]
    assert second.at - killed <= LIMIT_SECONDS
    assert (second.phone, second.request_id, second.text) == (first.phone, first.request_id, first.text)
    assert "Mat khau: " in second.text
    print(f"on its way again {second.at - killed:.1f} s after the kill")
    wait_for(lambda: first.request_id in provider.accepted, "its acceptance")


def test_worker_outlives_redis_also_with_a_message_in_its_hands(provider, broker, start_worker):
    run(PREPARE.format(count=3))
    worker = start_worker("only")
    for count in (1, 2):
        provider.hold_next = 2.0
        run(APPROVE)
        wait_for(lambda count=count: len(provider.calls) >= count, "the message")
        broker.kill()
        # Long enough for the worker to notice.
        time.sleep(1)
        broker.start()
        wait_for(lambda count=count: len(provider.accepted) == count, "its acceptance")
    run(APPROVE)
    wait_for(lambda: len(provider.accepted) == 3, "a message after it")

    assert not worker.is_down()
    ids = [call.request_id for call in provider.calls]
    assert len(ids) == len(set(ids)) == 3


MARK = "Nguyen-Van-Bi-Mat"


def task(**changes: object) -> dict:
    """A task as Celery publishes it, but for the changes; its parts by `headers__id` and the like."""
    headers = {"lang": "py", "task": "notifications.tasks.deliver", "id": str(uuid.uuid4()), "retries": 0}
    headers |= {"eta": None, "expires": None, "timelimit": [None, None], "shadow": None, "root_id": None}
    delivery = {"exchange": "", "routing_key": "celery"}
    properties = {
        "delivery_tag": str(uuid.uuid4()),
        "delivery_info": delivery,
        "body_encoding": "base64",
        "priority": 0,
    }
    properties |= {"delivery_mode": 2, "correlation_id": headers["id"], "reply_to": ""}
    envelope = {"body": body([[1], {}, {}]), "content-encoding": "utf-8", "content-type": "application/json"}
    envelope |= {"headers": headers, "properties": properties}
    for place, value in changes.items():
        *way, last = place.replace("_type", "-type").replace("_coding", "-encoding").split("__")
        part = envelope
        for step in way:
            part = part[step]
        part[last] = value
    return envelope


def body(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


GARBAGE: dict[str, object] = {
    "bytes": b"\xff\x00\x80",
    "nothing": b"",
    "words": MARK.encode(),
    "deep": b"[" * 50_000,
    "long": b'"' + b"x" * 1_000_000 + b'"',
    "number": 5,
    "null": None,
    "list": [MARK],
    "empty": {},
    "no properties": {"body": "", "headers": {}},
    "odd type": {"__type__": "uuid", "__value__": MARK},
    "properties of words": task(properties=MARK),
    "no tag": task(properties__delivery_tag=None),
    "tag of parts": task(properties__delivery_tag={}),
    "no address": task(properties__delivery_info=None),
    "address of parts": task(properties__delivery_info={"exchange": [], "routing_key": {}}),
    "headers in a list": task(headers=[MARK]),
    "no headers": task(headers=None),
    "empty headers": task(headers={}),
    "no task": task(headers__task=None),
    "task of parts": task(headers__task=["a"]),
    "task that is none": task(headers__task=f"tasks.{MARK}"),
    "Celery's own": task(headers__task="celery.chord_unlock", body=body([["x"], {}, {}])),
    "no id": task(headers__id=None),
    "id of parts": task(headers__id={"a": MARK}),
    "odd time": task(headers__eta=MARK),
    "time of parts": task(headers__eta=[1]),
    "in the year 9999": task(headers__eta="9999-01-01T00:00:00"),
    "odd end": task(headers__expires=MARK),
    "odd limit": task(headers__timelimit="ab"),
    "limit in parts": task(headers__timelimit=[[], {}]),
    "limit of words": task(headers__timelimit=["x", "y"]),
    "odd retries": task(headers__retries="many"),
    "compressed": task(headers__compression="application/x-gzip"),
    "unknown compression": task(headers__compression=MARK),
    "pickle": task(content_type="application/x-python-serialize"),
    "yaml": task(content_type="application/x-yaml"),
    "no type": task(content_type=None),
    "odd encoding": task(content_coding="klingon"),
    "broken base 64": task(body="!!!"),
    "no body": task(body=None),
    "body of parts": task(body={"a": 1}),
    "unknown body": task(properties__body_encoding="rot13"),
    "body that is no JSON": task(body=base64.b64encode(MARK.encode()).decode()),
    "body of bytes": task(body=base64.b64encode(b"\xff\xfe").decode()),
    "body that is a number": task(body=body(5)),
    "body that is an object": task(body=body({"args": [1]})),
    "two parts": task(body=body([[1], {}])),
    "arguments of words": task(body=body([MARK, {}, {}])),
    "argument of words": task(body=body([[MARK], {}, {}])),
    "argument too many": task(body=body([[1, 2], {}, {}])),
    "argument missing": task(body=body([[], {}, {}])),
    "argument unknown": task(body=body([[1], {"phone": 2}, {}])),
    "argument too large": task(body=body([[10**30], {}, {}])),
    "truth": task(body=body([[True], {}, {}])),
    "chain": task(body=body([[1], {}, {"chain": [{"task": MARK}]}])),
    "callbacks of words": task(body=body([[1], {}, {"callbacks": MARK}])),
    "embedded list": task(body=body([[1], {}, [MARK]])),
}


def packed(value: object) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def unreadable(client: "redis.Redis") -> int:
    return int(client.get("bhxh:dead-letters:total") or 0)


def deliver_another(provider: Provider) -> None:
    before = len(provider.accepted)
    run(APPROVE)
    wait_for(lambda: len(provider.accepted) == before + 1, "a message", LIMIT_SECONDS)


def test_worker_outlives_what_it_cannot_read(provider, broker, start_worker, tmp_path):
    """In every queue, before it starts and after, and among what waits to be acknowledged."""
    run(PREPARE.format(count=4))
    client = redis.Redis(port=broker.port)
    for place, value in enumerate(GARBAGE.values()):
        client.lpush(("bhxh:celery", "bhxh:celery\x06\x163", "bhxh:celery\x06\x169")[place % 3], packed(value))
    for tag, kept in {"a": b"\xff", "b": b"[]", "c": json.dumps([task(headers=5), "", "celery"]), "d": "5"}.items():
        client.hset("bhxh:unacked", tag, kept)
        client.zadd("bhxh:unacked_index", {tag: 1})
    worker = start_worker("only")
    count = len(GARBAGE) + 4
    wait_for(lambda: unreadable(client) == count, "all of it to be put aside", LIMIT_SECONDS)
    deliver_another(provider)

    client.lpush("bhxh:celery", *map(packed, GARBAGE.values()))
    client.publish("bhxh:/0.celery.pidbox", b"[5]")
    client.publish("bhxh:/0.celery.pidbox", b"[" * 50_000)
    count += len(GARBAGE) + 2
    wait_for(lambda: unreadable(client) == count, "all of it to be put aside", LIMIT_SECONDS)
    deliver_another(provider)

    assert not worker.is_down()
    assert (client.llen("bhxh:dead-letters"), client.hlen("bhxh:unacked")) == (100, 0)
    wait_for(lambda: "Task notifications.tasks.sweep" in (tmp_path / "only.log").read_text(), "beat's tasks", 30)
    log = (tmp_path / "only.log").read_text()
    assert "could not be read (no JSON, " in log
    assert MARK not in log
    assert "Traceback" not in log


def test_worker_outlives_keys_of_another_kind(provider, broker, start_worker):
    run(PREPARE.format(count=5))
    client = redis.Redis(port=broker.port)
    worker = start_worker("only")
    deliver_another(provider)
    for key in ("celery", "unacked", "unacked_index", "_kombu.binding.celery"):
        client.delete(f"bhxh:{key}")
        client.set(f"bhxh:{key}", "of another kind")
        deliver_another(provider)
    client.delete("bhxh:_kombu.binding.celery")
    client.sadd("bhxh:_kombu.binding.celery", b"\xff", "a\x06\x16b")

    assert not worker.is_down()
    assert client.type("bhxh:celery:unreadable") == b"string"
    assert unreadable(client) >= 4


def test_worker_outlives_redis_that_refuses(provider, broker, start_worker):
    """Full, and as a replica of another server that is away: it answers, and takes nothing."""
    run(PREPARE.format(count=3))
    client = redis.Redis(port=broker.port)
    worker = start_worker("only")
    deliver_another(provider)
    for refuse, relent in (
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    ):
        client.lpush("bhxh:celery", packed(task(body=body([[10**6], {}, {}]))))
        client.execute_command(*refuse)
        time.sleep(4)
        client.execute_command(*relent)
        deliver_another(provider)
    assert not worker.is_down()
