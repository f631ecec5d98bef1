"""Delivery of messages: how fast, beside what the machine itself can do.

    python -m benchmarks.delivery [--save]

PostgreSQL, Redis and two worker processes of its own, and a provider that answers at once. In one run: messages a
second without a password beside a Celery no-op task; with a password beside bare Argon2 on as many processes;
approving 200; and, at 5 approvals a second, how soon 95% are handed over.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import Queue, get_context
from pathlib import Path

from scripts.postgres import running_postgres
from scripts.processes import follow_parent, stop
from scripts.redis_server import running_redis
from tests.torture.provider import Provider
from tests.torture.run import environment, prepare

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).parent / "results" / "delivery.json"
WORKERS = 2
PLAIN, SECRET, APPROVED, STEADY_SECONDS, STEADY_RATE = 1500, 400, 200, 20, 5
LIMITS = {"plain_to_noop": 0.5, "secret_to_argon2": 0.8, "approve_200_s": 2.0, "p95_s": 10.0}


@contextmanager
def working(folder: Path) -> Iterator[None]:
    """With the workers running."""
    log = (folder / "worker.log").open("wb")
    command = ["celery", "-A", "benchmarks.delivery_app", "worker", "--concurrency", str(WORKERS), "-l", "WARNING"]
    worker = subprocess.Popen(
        [sys.executable, "-m", *command, "--without-gossip", "--without-mingle"],
        cwd=ROOT, stdout=log, stderr=log, start_new_session=True, preexec_fn=follow_parent(signal.SIGKILL),
    )  # fmt: skip
    try:
        yield
    finally:
        stop(worker)


def _serve(address: "Queue[str]") -> None:
    address.put(Provider(1, fail=0, drop=0).url)
    signal.pause()


@contextmanager
def serving() -> Iterator[str]:
    """The address of a provider that answers at once, in a process of its own."""
    context = get_context("fork")
    address: Queue[str] = context.Queue()
    process = context.Process(target=_serve, args=(address,), daemon=True)
    process.start()
    try:
        yield address.get(timeout=10)
    finally:
        process.kill()


def wait_until(done: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError("the workers did not finish")
        time.sleep(0.2)


def rate_noop(folder: Path, count: int) -> float:
    """No-op tasks a second, queued before the workers start, between the first one's end and the last one's."""
    import redis
    from django.conf import settings

    from benchmarks.delivery_app import DONE, noop

    for _ in range(count):
        noop.delay()
    with redis.Redis.from_url(settings.REDIS_URL) as client, working(folder):
        wait_until(lambda: client.llen(DONE) == count)
        return _rate([float(at) for at in client.lrange(DONE, 0, -1)])


def rate_messages(folder: Path, count: int, *, secret: bool) -> float:
    """Messages handed over a second, counted in the same way."""
    from accounts.services import Citizen, open_citizen_accounts
    from notifications.enums import MessageKind
    from notifications.models import Message
    from notifications.services import NewMessage, queue_messages

    kind, body = (MessageKind.CREDENTIAL, "Mat khau: {secret}.") if secret else (MessageKind.RETURNED, "Ho so.")
    phone = "+84912345678"
    citizens = [Citizen(f"88{place:08d}", "A B", phone) for place in range(count)] if secret else []
    accounts = list(open_citizen_accounts(citizens).values()) if secret else [None] * count
    queue_messages([NewMessage(kind=kind, phone=phone, body=body, account=account) for account in accounts])
    mine = Message.objects.filter(kind=kind, sent_at__isnull=False)
    with working(folder):
        wait_until(lambda: mine.count() == count)
    return _rate([at.timestamp() for at in mine.values_list("sent_at", flat=True)])


def _rate(times: list[float]) -> float:
    return (len(times) - 1) / (max(times) - min(times))


def _hash_many(count: int) -> None:
    from accounts.hashers import PortalArgon2Hasher

    hasher = PortalArgon2Hasher()
    for _ in range(count):
        hasher.encode("abcdefghij", hasher.salt())


def rate_argon2(count: int) -> float:
    """Bare hashes a second, on as many processes as there are workers."""
    with get_context("fork").Pool(WORKERS) as pool:
        pool.map(_hash_many, [1] * WORKERS)
        began = time.perf_counter()
        pool.map(_hash_many, [count // WORKERS] * WORKERS, chunksize=1)
        return count / (time.perf_counter() - began)


def time_approvals(officer: object, declarations: list[tuple[int, int]]) -> float:
    """Seconds for approving all of these one after the other, as one request that takes them all would."""
    from registration.services import approve_declaration

    began = time.perf_counter()
    for pk, revision in declarations:
        approve_declaration(pk, officer=officer, revision=revision)
    return time.perf_counter() - began


def delays(officer: object, declarations: list[tuple[int, int]]) -> list[float]:
    """Seconds from each approval to its message's acceptance, at STEADY_RATE approvals a second."""
    from notifications.models import Message
    from registration.services import approve_declaration

    ids = []
    for pk, revision in declarations:
        due = time.perf_counter() + 1 / STEADY_RATE
        ids.append(approve_declaration(pk, officer=officer, revision=revision).message_key)
        time.sleep(max(0.0, due - time.perf_counter()))
    mine = Message.objects.filter(related_key__in=ids, kind="credential")
    wait_until(lambda: mine.filter(sent_at__isnull=False).count() == len(ids))
    return [(sent - created).total_seconds() for created, sent in mine.values_list("created_at", "sent_at")]


def measure(folder: Path) -> dict[str, float]:
    steady = STEADY_SECONDS * STEADY_RATE
    officer, declarations = prepare(APPROVED + steady)
    noop, plain = rate_noop(folder, PLAIN), rate_messages(folder, PLAIN, secret=False)
    argon2, secret = rate_argon2(SECRET), rate_messages(folder, SECRET, secret=True)
    approve = time_approvals(officer, declarations[:APPROVED])
    from notifications.models import Message

    with working(folder):
        wait_until(lambda: not Message.objects.exclude(status="accepted").exists())
        times = delays(officer, declarations[APPROVED:])
    return {
        "noop_per_s": noop, "plain_per_s": plain, "plain_to_noop": plain / noop,
        "argon2_per_s": argon2, "secret_per_s": secret, "secret_to_argon2": secret / argon2,
        "approve_200_s": approve, "p50_s": statistics.median(times), "p95_s": statistics.quantiles(times, n=20)[18],
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-delivery-")))
        provider = stack.enter_context(serving())
        database, broker = stack.enter_context(running_postgres()), stack.enter_context(running_redis(folder / "redis"))
        os.environ.update(environment(folder, broker, database, provider, ""))
        os.environ["LOG_LEVEL"] = "WARNING"
        import django

        django.setup()
        found = {name: round(value, 3) for name, value in measure(folder).items()}
    missed = [name for name, limit in LIMITS.items() if (found[name] < limit) == name.endswith(("noop", "argon2"))]
    print(json.dumps(found, indent=1), f"missed: {missed or 'nothing'}", sep="\n")
    if options.save:
        RESULTS.write_text(json.dumps({"limits": LIMITS, "found": found}, indent=1) + "\n", encoding="ascii")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
