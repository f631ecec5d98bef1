"""Which tasks a worker takes: those of this program, and no others. With a worker: tests/flows/test_recovery.py."""

import json

import pytest
from celery import current_app
from django.conf import settings
from kombu.transport.virtual.base import Channel, Message

from portal.envelopes import MAX_TASK, envelope_fault, task_fault
from tests.flows.test_recovery import GARBAGE, packed, task


@pytest.fixture(scope="module", autouse=True)
def _tasks():
    """As a worker does before it takes any."""
    current_app.loader.import_default_modules()


def faults(content: bytes) -> str:
    if fault := envelope_fault(content):
        return fault
    message = Message(json.loads(content), channel=Channel.__new__(Channel))
    return task_fault(message.headers, message.decode, current_app.tasks)


@pytest.mark.parametrize("what", GARBAGE)
def test_what_no_worker_can_read_has_a_fault(what):
    assert faults(packed(GARBAGE[what]))


@pytest.mark.parametrize("name", sorted({each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}))
def test_tasks_of_beat_are_taken(name):
    with current_app.connection_for_write("memory://") as connection:
        # Not "celery": the queue is shared by all tests of this process.
        current_app.tasks[name].apply_async(expires=30, connection=connection, queue=f"envelopes {name}")
        message = connection.SimpleQueue(f"envelopes {name}").get(timeout=2)
        assert message.headers["task"] == name
        assert task_fault(message.headers, message.decode, current_app.tasks) == ""
        message.ack()


def test_fault_says_no_word_of_the_task():
    assert {faults(packed(value)) for value in GARBAGE.values()} <= {
        "too long", "no JSON", "no object", "no properties", "no tag", "no address", "compressed", "no JSON inside",
        "no body", "broken body", "no headers", "no task of ours", "no id", "unknown headers", "unknown time limit",
        "unreadable eta", "unreadable expires", "due too late", "unreadable body", "no arguments", "wrong arguments",
    }  # fmt: skip


def test_length_is_asked_before_anything_is_read():
    assert envelope_fault(b"[" * (MAX_TASK + 1)) == "too long"
    assert faults(packed(task())) == ""
