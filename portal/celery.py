"""The Celery application: `celery -A portal worker` and `celery -A portal beat`."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init
from kombu.transport.redis import QoS

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# A worker that loses Redis while it holds a task tries, on its way to reconnecting, to put that task back on the
# queue that is gone, and dies of it (seen with kombu 5.7). What it held comes back by the visibility timeout, or
# before that by beat's sweep: the database is the truth.
QoS.restore_at_shutdown = False

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def load_renderer(**_kwargs: Any) -> None:
    """The renderer's libraries are loaded before the worker forks: once in memory, and no task waits for them."""
    from registration import pdf_engine

    pdf_engine.settle()
