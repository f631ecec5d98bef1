"""The Celery application: `celery -A portal worker` and `celery -A portal beat`."""

import logging
import os
import sys
import time
from typing import Any

import django
from celery import Celery
from celery.signals import (
    beat_init,
    before_task_publish,
    heartbeat_sent,
    import_modules,
    task_prerun,
    worker_init,
    worker_process_init,
    worker_ready,
)
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections, connections

from portal import broker, scheduling
from portal.environment import refuse_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

broker.install()

logger = logging.getLogger(__name__)


@import_modules.connect
def set_up_django(**_kwargs: Any) -> None:
    """Connected before the application is made, and so called before Celery sets up Django: without a traceback."""
    try:
        django.setup()
    except ImproperlyConfigured as problem:
        refuse_start(str(problem))


app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery closes the database connection before and after each task unless told otherwise, and a new one costs more than
# a whole message (PostgreSQL: 20 ms). Django's own rules hold instead: CONN_MAX_AGE and a look before use.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize
app.conf["worker_consumer"] = "portal.consumer:TaskConsumer"
# Redis that refuses (its disk is full, it became a replica) is waited for like one that is away; the worker would end.
app.conf["broker_channel_error_retry"] = True
app.autodiscover_tasks()


# Seconds after which a kept connection is looked at before use: a look costs a round trip. A message whose connection
# broke within them is tried again on a new one (notifications.services.delivery); other tasks come back by beat.
FRESH_SECONDS = 2
_looked_at = -float(FRESH_SECONDS)


@task_prerun.connect
def look_at_connections(**_kwargs: Any) -> None:
    """A connection that is too old or broken is replaced before a task uses it."""
    global _looked_at
    is_fresh = time.monotonic() - _looked_at < FRESH_SECONDS
    if is_fresh and not any(each.errors_occurred for each in connections.all(initialized_only=True)):
        return
    _looked_at = time.monotonic()
    close_old_connections()


@worker_init.connect
def load_early(**_kwargs: Any) -> None:
    """The renderer's libraries and the certificates are loaded before the worker forks: once in memory, and no task
    waits for them."""
    from notifications.gateways import http
    from registration import fonts, pdf_engine

    if missing := fonts.missing_faces():
        logger.critical("no declaration can be printed on this machine: no %s (%s)", fonts.FAMILY, ", ".join(missing))
    pdf_engine.settle()
    http.settle()


@worker_process_init.connect
def take_long_turns(**_kwargs: Any) -> None:
    """In each process that does the work, not in the one that hands it out."""
    scheduling.take_long_turns()


@worker_ready.connect
def outlive_broker(sender: Any, **_kwargs: Any) -> None:
    """`sender` is the worker's consumer; it has no hub with a pool that needs none (solo, threads)."""
    if sender.hub is not None:
        broker.finish_reading_before_reset(sender.hub)


# Seconds between two signs of life of a part: Celery itself beats every two.
HEARTBEAT_SECONDS = 10
_last: dict[str, float] = {}


def _sign_of_life(part: str) -> None:
    from notifications import heartbeat

    if time.monotonic() - _last.get(part, -HEARTBEAT_SECONDS) >= HEARTBEAT_SECONDS:
        _last[part] = time.monotonic()
        heartbeat.beat(part)


@heartbeat_sent.connect
def worker_lives(**_kwargs: Any) -> None:
    """The worker's own process says so, also while its children are busy."""
    _sign_of_life("worker")


@beat_init.connect
def follow_beat(**_kwargs: Any) -> None:
    """Beat has no heartbeat of its own: it lives as long as it publishes."""
    before_task_publish.connect(beat_lives)


def beat_lives(**_kwargs: Any) -> None:
    """Called in beat's process before each task."""
    _sign_of_life("beat")
