"""A throw-away PostgreSQL for the tests: fast, unsafe against power cuts, gone when we go."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from scripts.processes import follow_parent, free_port, stop
from scripts.system import postgresql_bin

START_SECONDS = 30
DATABASE = "portal"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # Socket paths are limited to about 100 bytes, which a long TMPDIR exceeds.
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
}


@contextmanager
def running_postgres() -> Iterator[str]:
    """Start a new cluster with one empty database and yield its DATABASE_URL; all is removed on the way out.

    Raises RuntimeError when PostgreSQL is not installed or does not start.
    """
    programs = postgresql_bin()
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed; `make test` installs it")
    folder = Path(tempfile.mkdtemp(prefix="portal-postgres-"))
    try:
        with _cluster(programs, folder) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _cluster(programs: Path, folder: Path) -> Iterator[str]:
    password, port = secrets.token_urlsafe(24), free_port()
    _initialise(programs, folder, password)
    options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", "-p", str(port), *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            start_new_session=True,
            preexec_fn=follow_parent(signal.SIGQUIT),
            **_identity(),
        )
    try:
        server = f"postgres://portal:{password}@127.0.0.1:{port}"
        _make_database(process, server, log)
        yield f"{server}/{DATABASE}"
    finally:
        # SIGINT is PostgreSQL's "fast": it does not wait for clients to go.
        stop(process, signal.SIGINT)


def _initialise(programs: Path, folder: Path, password: str) -> None:
    secret = folder / "password"
    secret.write_text(password, encoding="ascii")
    identity = _identity()
    if identity:
        for path in (folder, secret):
            os.chown(path, identity["user"], identity["group"])
    locale = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
    made = subprocess.run(
        [programs / "initdb", "-D", folder / "data", "-U", "portal", "-A", "scram-sha-256", "--no-sync",
         "--pwfile", secret, "--encoding=UTF8", f"--locale={locale}"],
        capture_output=True, text=True, check=False, cwd=folder, **identity,
    )  # fmt: skip
    if made.returncode:
        raise RuntimeError(f"initdb failed:\n{made.stderr}")


def _identity() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as the user its package made."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _make_database(process: subprocess.Popen[bytes], server: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with psycopg.connect(f"{server}/postgres", autocommit=True, connect_timeout=5) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE}")
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-2000:]}")
