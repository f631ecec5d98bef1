"""A worker is killed while it hands over a message, at the real times; and Redis, under a worker that must live on."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

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
