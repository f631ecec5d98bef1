"""What no worker could read: kept with a bound, counted, shown without its content."""

import logging

import pytest
from django.core.management import CommandError

from notifications import dead_letters, heartbeat
from notifications.gateways import circuit
from portal import health
from tests.notifications.test_messages_command import run

SECRET = b"Nguyen Van Bi Mat 0912345678"

pytestmark = pytest.mark.django_db


def test_put_aside_keeps_counts_and_tells_without_the_content(real_redis, caplog):
    dead_letters.put_aside("celery", SECRET, "no JSON")

    letter = dead_letters.latest()[0]
    assert (letter.queue, letter.reason, letter.size) == ("celery", "no JSON", len(SECRET))
    assert "queue 'celery' could not be read (no JSON, 28 bytes): put aside" in caplog.text
    assert "unreadable tasks put aside: 1" in run()
    assert "portal_tasks_unreadable 1" in health.metrics()
    shown = run("unreadable")
    assert "celery             28 bytes  no JSON" in shown
    assert "Bi Mat" not in caplog.text + shown


def test_put_aside_keeps_the_newest_and_not_all_of_each(real_redis):
    for number in range(dead_letters.KEPT + 5):
        dead_letters.put_aside("celery", b"x" * 1_000_000, f"number {number}")

    assert [letter.reason for letter in dead_letters.latest()][:2] == ["number 104", "number 103"]
    assert len(dead_letters.latest()) == dead_letters.KEPT
    assert dead_letters.total() == dead_letters.KEPT + 5
    assert max(map(len, real_redis.lrange("bhxh:dead-letters", 0, -1))) < 6000


def test_unreadable_can_be_forgotten(real_redis):
    dead_letters.put_aside("celery", SECRET, "no JSON")
    assert "no JSON" in run("unreadable", "--forget")
    assert run("unreadable") == ""
    assert "unreadable tasks put aside: 0" in run()


def test_put_aside_outlives_redis_and_says_so(caplog):
    # tests/env.py points REDIS_URL at a port where nothing listens
    dead_letters.put_aside("celery", SECRET, "no JSON")
    assert "It could not be kept" in caplog.text
    assert dead_letters.total() is None
    assert "unreadable tasks put aside: not known" in run()
    assert "portal_tasks_unreadable" not in health.metrics()
    with pytest.raises(CommandError, match="Redis cannot be asked"):
        run("unreadable")


def test_garbage_in_the_list_itself_hides_no_letter(real_redis):
    dead_letters.put_aside("celery", SECRET, "no JSON")
    real_redis.lpush("bhxh:dead-letters", b"\xff", "5", "[]", "{}", '{"at": "x"}')
    real_redis.set("bhxh:dead-letters:total", "many")
    assert len(dead_letters.latest()) == 1
    assert dead_letters.total() == 0


@pytest.mark.parametrize("value", ["soon", "", "-5", "1.5", b"\xff"])
def test_sign_of_life_that_is_no_time_is_none(real_redis, value):
    real_redis.set("bhxh:heartbeat:worker", value)
    assert heartbeat.seconds_since() == {"worker": None, "beat": None}


def test_circuit_outlives_what_is_no_count(real_redis, caplog):
    """It is asked right after the provider's call: an error there would lose what came of it."""
    for kind in ("words", "string"):
        bucket = int(circuit.time.time() // circuit.BUCKET_SECONDS)
        for each in (bucket - 1, bucket, bucket + 1):
            key = f"bhxh:circuit:{kind}:{each}"
            real_redis.hset(key, "bad", "many") if kind == "words" else real_redis.set(key, "x")
        with caplog.at_level(logging.INFO):
            circuit.note_call(kind, failed=True)
        assert f"The circuit of {kind} could not be kept" in caplog.text
    real_redis.hset("bhxh:circuit:third:held", "a", "b")
    assert circuit.held_seconds(["third"]) == {}
