"""The portal's Celery application with one task more, that does nothing: what benchmarks.delivery compares with."""

import time

import redis
from celery.signals import worker_process_init
from django.conf import settings

from portal.celery import app

DONE = "benchmark:done"
_client: "redis.Redis | None" = None


@worker_process_init.connect
def _connect(**_kwargs: object) -> None:
    global _client
    _client = redis.Redis.from_url(settings.REDIS_URL)


@app.task(name="benchmarks.noop", ignore_result=True)
def noop() -> None:
    """Leaves the time of its end."""
    assert _client is not None
    _client.rpush(DONE, time.time())
