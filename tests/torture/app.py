"""The portal's Celery application as the torture runs it: with error reports, marks and, when asked for, leaks."""

from typing import Any

from celery.signals import after_setup_logger, beat_init, task_failure, worker_process_init

from portal.celery import app
from tests.torture import canaries, leaks, reports

__all__ = ["app"]

task_failure.connect(reports.task_failed)


@after_setup_logger.connect
def report_errors(**_kwargs: Any) -> None:
    reports.install()


@worker_process_init.connect
def start_worker(**_kwargs: Any) -> None:
    canaries.leave_in_log("worker")
    canaries.leave_in_report("worker")
    leaks.install()


@beat_init.connect
def start_beat(**_kwargs: Any) -> None:
    canaries.leave_in_log("beat")
    canaries.leave_in_report("beat")
