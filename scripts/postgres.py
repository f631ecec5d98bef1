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


class Cluster:
    """A PostgreSQL server with all its files in `folder`. Must be started by a thread that outlives it."""

    def __init__(self, programs: Path, folder: Path, settings: dict[str, str]) -> None:
        self.folder, self.port, self._password = folder, free_port(), secrets.token_urlsafe(24)
        _initialise(programs, folder, self._password)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._command = [str(programs / "postgres"), "-D", str(self.data), "-p", str(self.port), *options]
        self._process: subprocess.Popen[Any] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def url(self) -> str:
        """The DATABASE_URL."""
        return self._url(DATABASE)

    def start(self, database: str = DATABASE, statement: str = "SELECT 1") -> None:
        """Returns when `statement` was carried out in `database`. Raises RuntimeError when that does not happen."""
        with self.log.open("ab") as output:
            process = self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=follow_parent(signal.SIGQUIT),
                **_identity(),
            )
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                with psycopg.connect(self._url(database), autocommit=True, connect_timeout=5) as connection:
                    connection.execute(statement)
                return
            except psycopg.OperationalError:
                time.sleep(0.1)
        raise RuntimeError(f"PostgreSQL did not start:\n{self.log.read_text(errors='replace')[-2000:]}")

    def stop(self, number: int = signal.SIGINT) -> None:
        """SIGINT is PostgreSQL's "fast": it does not wait for clients to go."""
        if self._process is not None:
            stop(self._process, number)

    def crash(self) -> None:
        """Down without a goodbye or a last checkpoint (`pg_ctl -m immediate`): the next start recovers from the log."""
        self.stop(signal.SIGQUIT)

    def _url(self, database: str) -> str:
        return f"postgres://portal:{self._password}@127.0.0.1:{self.port}/{database}"


@contextmanager
def running_postgres() -> Iterator[str]:
    """Start a new cluster with one empty database and yield its DATABASE_URL; all is removed on the way out.

    Raises RuntimeError when PostgreSQL is not installed or does not start.
    """
    with running_cluster({}) as cluster:
        yield cluster.url


@contextmanager
def running_cluster(settings: dict[str, str]) -> Iterator[Cluster]:
    """The same with these settings beside SETTINGS, as something that can be stopped and started meanwhile."""
    programs = postgresql_bin()
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed; `make test` installs it")
    folder = Path(tempfile.mkdtemp(prefix="portal-postgres-"))
    try:
        cluster = Cluster(programs, folder, SETTINGS | settings)
        try:
            cluster.start("postgres", f"CREATE DATABASE {DATABASE}")
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
