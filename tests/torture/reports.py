"""Error reports as a monitoring service would collect them: every exception with the local variables of its frames.

The programs under torture run with this; what it writes is searched for passwords.
"""

import logging
import os
from pathlib import Path
from traceback import TracebackException
from typing import Any

FOLDER = "TORTURE_REPORTS"


class ErrorReports(logging.Handler):
    """Whatever is logged together with an exception."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            write(record.exc_info[1], record.name)


def install() -> None:
    """To be called after Django and Celery have set up their logging, which removes other handlers."""
    root = logging.getLogger()
    if not any(isinstance(handler, ErrorReports) for handler in root.handlers):
        root.addHandler(ErrorReports(logging.DEBUG))


def task_failed(exception: BaseException, args: Any = None, kwargs: Any = None, **_rest: Any) -> None:
    """A receiver of Celery's task_failure."""
    write(exception, f"task {args!r} {kwargs!r}")


def write(problem: BaseException, where: str) -> None:
    told = TracebackException.from_exception(problem, capture_locals=True)
    with (Path(os.environ[FOLDER]) / f"{os.getpid()}.txt").open("a", encoding="utf-8", errors="replace") as file:
        file.write(f"=== {type(problem).__name__} in {where}\n{''.join(told.format())}\n")
