"""The portal's Celery application with one task more, that does nothing: what benchmarks.delivery compares with."""

from celery.signals import worker_process_init
from django.conf import settings

from portal.celery import app


@worker_process_init.connect
def leave_debugging(**_kwargs: object) -> None:
    """As in production: with DEBUG Django keeps every query. It started with it: no provider is asked over plain HTTP
    otherwise."""
    settings.DEBUG = False


@app.task(name="benchmarks.noop", ignore_result=True)
def noop() -> None:
    """Nothing."""
