"""What a worker holds when Redis goes away. The worker itself: tests/flows/test_recovery.py."""

import logging
import os
import pickle
import struct
import threading
import time
from types import SimpleNamespace

import pytest
from celery.concurrency.asynpool import ResultHandler
from kombu import Connection
from kombu.asynchronous import Hub
from redis.exceptions import ConnectionError as RedisAway

import portal.celery  # noqa: F401 (installs it)
from portal import broker
from tests.torture.house import Redis

RESULT = (1, ["what a failed task has to say " * 10_000])


@pytest.fixture
def server(tmp_path):
    server = Redis(tmp_path / "redis")
    yield server
    server.kill()


@pytest.fixture
def connection(server):
    with Connection(server.url) as connection:
        yield connection


def take_task(connection):
    queue = connection.SimpleQueue("tasks")
    queue.put({"a": "task"})
    return queue.get(timeout=5)


@pytest.mark.parametrize("answer", ["ack", "reject", "requeue"])
def test_task_that_ends_after_its_broker_was_lost_does_no_harm(server, connection, answer):
    message = take_task(connection)
    server.kill()
    connection.collect()

    getattr(message, answer)()


@pytest.mark.parametrize(("answer", "waiting"), [("ack", 0), ("reject", 0), ("requeue", 1)])
def test_task_that_ends_while_its_broker_is_there_is_taken_off_or_put_back(connection, answer, waiting):
    message = take_task(connection)
    client = connection.default_channel.client
    assert client.hlen("unacked") == 1

    getattr(message, answer)()
    assert (client.hlen("unacked"), client.llen("tasks")) == (0, waiting)


class Pipe:
    """A result on its way from a process of the pool to its worker, which has begun to read it."""

    def __init__(self, came):
        self.hub, self.read, self.came = Hub(), [], came
        self.end, self.start = os.pipe()
        os.set_blocking(self.end, False)
        body = pickle.dumps(RESULT)
        data = struct.pack("!i", len(body)) + body
        os.write(self.start, data[:20_000])
        self.rest = data[20_000:]
        handler = SimpleNamespace(handle_event=self.read_next)
        reading = ResultHandler._recv_message(handler, self.hub.add_reader, self.end, self.take)
        next(reading)
        self.hub.add_reader(self.end, reading)
        broker.finish_reading_before_reset(self.hub)

    def take(self, result):
        self.read.append(result)
        self.came()

    def read_next(self, *_args):
        """What the worker reads the next result with."""

    def write_rest(self):
        time.sleep(0.1)
        with os.fdopen(os.dup(self.start), "wb") as file:
            file.write(self.rest)

    def close(self):
        os.close(self.start)
        os.close(self.end)
        self.hub.close()


def refuse():
    raise RedisAway


@pytest.mark.parametrize("came", [lambda: None, refuse])
def test_result_is_read_to_its_end_before_the_hub_forgets_it(came):
    """Also when the broker is needed for what comes then, and is away."""
    pipe = Pipe(came)
    writer = threading.Thread(target=pipe.write_rest, daemon=True)
    writer.start()
    pipe.hub.reset()
    writer.join(timeout=1)

    assert pipe.read == [RESULT]
    assert not pipe.hub.readers
    pipe.close()


def test_result_that_does_not_come_to_its_end_holds_nothing_up(monkeypatch, caplog):
    monkeypatch.setattr(broker, "READ_SECONDS", 0.2)
    pipe = Pipe(lambda: None)
    with caplog.at_level(logging.ERROR, "portal.broker"):
        pipe.hub.reset()

    assert not pipe.hub.readers
    assert "could not be read to its end" in caplog.text
    pipe.close()


def test_readers_that_are_no_results_are_left_alone():
    hub, called = Hub(), []
    end, start = os.pipe()
    hub.add_reader(end, called.append, "read")
    os.write(start, b"x")
    broker.finish_reading_before_reset(hub)
    hub.reset()

    assert not called
    assert not hub.readers
    hub.close()
    os.close(end)
    os.close(start)
