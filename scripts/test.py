"""`make test`: every test on SQLite, then again on a PostgreSQL of its own. Arguments go to pytest."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

from scripts.postgres import running_postgres
from scripts.processes import follow_parent, stop
from scripts.system import chromium

ROOT = Path(__file__).resolve().parent.parent
DATABASES = ("sqlite", "postgres")
WORKERS = "2"
# What a developer's shell may hold and a test must not meet.
FOREIGN = (
    "DATABASE_URL",
    "REDIS_URL",
    "S3_BUCKET",
    "PORT",
    "HOST",
    "X_ACCEL_PREFIX",
    "HTTPS",
    "TRUSTED_PROXIES",
)


def chosen_databases() -> tuple[str, ...]:
    """The databases to test on: DB from the environment, or all. Raises SystemExit on an unknown name."""
    chosen = os.environ.get("DB", "")
    if chosen and chosen not in DATABASES:
        raise SystemExit(f"DB must be one of {', '.join(DATABASES)}, not {chosen!r}.")
    return (chosen,) if chosen else DATABASES


def _pytest(arguments: list[str], extra: dict[str, str]) -> int:
    """Run pytest once, with a data folder that goes away with it."""
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    with tempfile.TemporaryDirectory(prefix="portal-test-run-", ignore_cleanup_errors=True) as var:
        env |= {"VAR_DIR": var, "CHROMIUM": chromium() or "", **extra}
        # Its own session: a Ctrl-C comes to us first, and from us to pytest, exactly once.
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-n", WORKERS, "--dist", "loadfile", *arguments],
            cwd=ROOT,
            env=env,
            start_new_session=True,
            preexec_fn=follow_parent(signal.SIGINT),
        )
        try:
            return process.wait()
        finally:
            # pytest ends tidily, fixtures included, only on SIGINT.
            stop(process, signal.SIGINT, seconds=30)


def _on(database: str, arguments: list[str]) -> int:
    print(f"--- Tests on {database} ---", flush=True)
    if database == "sqlite":
        return _pytest(arguments, {})
    with running_postgres() as url:
        return _pytest(arguments, {"DATABASE_URL": url})


def _exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main() -> int:
    """Run the tests; 0 when all passed. A failing run is the last one: its summary must end the output."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit)
    for database in chosen_databases():
        code = _on(database, sys.argv[1:])
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
