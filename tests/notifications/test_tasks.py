import time
from datetime import timedelta

import pytest
from celery import current_app
from django.db import connection

from notifications import tasks
from notifications.enums import MessageStatus
from notifications.models import Message
from notifications.services.states import LEASE
from portal import celery


def test_tasks_have_the_names_that_beat_and_services_use(settings):
    assert tasks.deliver.name == "notifications.tasks.deliver"
    assert tasks.sweep.name == settings.CELERY_BEAT_SCHEDULE["sweep-messages"]["task"]
    assert {tasks.deliver.name, tasks.sweep.name} <= set(current_app.tasks)


@pytest.mark.django_db
def test_deliver_sends_the_message(message, first):
    tasks.deliver(message.pk)

    message.refresh_from_db()
    assert message.status == MessageStatus.ACCEPTED


@pytest.mark.django_db
def test_sweep_publishes_what_was_lost(message, queue):
    Message.objects.update(published_at=None)

    tasks.sweep()

    assert queue.ids() == [message.pk]


def test_message_of_a_killed_worker_is_on_its_way_again_within_a_minute(settings):
    sweep = timedelta(seconds=settings.CELERY_BEAT_SCHEDULE["sweep-messages"]["schedule"])
    assert LEASE + sweep <= timedelta(seconds=55)


@pytest.mark.django_db
def test_connection_used_a_moment_ago_is_not_looked_at(monkeypatch):
    looks: list[float] = []
    monkeypatch.setattr(celery, "close_old_connections", lambda: looks.append(time.monotonic()))
    monkeypatch.setattr(celery, "_looked_at", -float(celery.FRESH_SECONDS))

    for _ in range(3):
        celery.look_at_connections()
    assert len(looks) == 1

    monkeypatch.setattr(connection, "errors_occurred", True)
    celery.look_at_connections()
    assert len(looks) == 2
