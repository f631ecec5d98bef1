"""Delivery of messages: how fast, beside what the machine itself can do.

    python -m benchmarks.delivery [--rounds 7] [--fsync on|off|both] [--save]

PostgreSQL, Redis, a Celery worker with four processes and the portal's settings, and a provider that answers at once
(benchmarks.delivery_servers). In one run:

- messages a second without a password, beside a Celery task that does nothing (its body is empty). Both are queued
  before the worker starts and timed alike, from outside: from the moment a tenth of them is done, when everything is
  connected and warm, until the broker holds no task, waiting or unacknowledged.
- messages a second with a password, in the same way, beside bare Argon2 on as many processes, timed alone, once
  before and once after: the mean of both counts. The worker's processes compute for longer at a time
  (portal.scheduling), which is part of what is measured; bare ones are as the kernel makes them.
- approving 200 in the admin: one POST of 200 `seen` fields by a signed-in django.test.Client that checks CSRF, in this
  process: all middleware, the database and the broker are real, the network between browser and server is not there.
- at 5 approvals a second, the time from the approval's commit to the provider's acceptance.

Each ratio is of two rates measured one right after the other; what is shown is the median of the rounds, with the
least and the most. A message goes through five processes and an empty task through two: other work on the machine
(`load_before`, processes that want to run) hits it harder. Receipts are not set up: they cost one more query.
With fsync on PostgreSQL waits for the disk at every commit, with fsync off it does not.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.delivery_servers import ROOT, WORKERS, serving_all, working
from tests.torture.house import prepare

RESULTS = Path(__file__).parent / "results" / "delivery.json"
PLAIN, SECRET, APPROVED, STEADY_SECONDS, STEADY_RATE = 2000, 400, 200, 20, 5
LIMITS = {"plain_to_noop": 0.5, "secret_to_argon2": 0.8, "approve_200_s": 2.0, "p95_s": 10.0}
AT_LEAST = ("plain_to_noop", "secret_to_argon2")
PHONE = "+84912345678"


def wait_until(done: Callable[[], bool], seconds: float = 120, pause: float = 0.2) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError("the workers did not finish")
        time.sleep(pause)


def rate_of_queue(folder: Path, count: int) -> float:
    """Tasks a second of the `count` that wait in the broker."""
    import redis
    from django.conf import settings

    with redis.Redis.from_url(settings.REDIS_URL) as client:

        def left() -> int:
            return client.llen("bhxh:celery") + client.hlen("bhxh:unacked")

        assert left() == count, f"{left()} tasks wait, not {count}"
        with working(folder):
            wait_until(lambda: left() <= count * 0.9, pause=0.05)
            return _rate_until_empty(left)


def _rate_until_empty(left: Callable[[], int]) -> float:
    """How fast `left()` falls to nothing. Asked ever more often towards the end: asking costs the workers time."""
    began, at_first = time.perf_counter(), left()
    while (now := left()) > 0:
        seconds = time.perf_counter() - began
        to_come = seconds * now / max(at_first - now, 1)
        time.sleep(min(max(to_come / 2, 0.01), 1.0))
        if seconds > 120:
            raise RuntimeError("the workers did not finish")
    return at_first / (time.perf_counter() - began)


def rate_noop(folder: Path) -> float:
    """No-op tasks a second."""
    from benchmarks.delivery_app import noop

    for _ in range(PLAIN):
        noop.delay()
    return rate_of_queue(folder, PLAIN)


def rate_plain(folder: Path) -> float:
    """Messages a second that have no password."""
    from notifications.enums import MessageKind
    from notifications.services import NewMessage

    text = "BHXH: Ho so 7K3Q-9M2D-X duoc tra lai: anh mo. Khong thu phi. Hotline 1900 9068."
    # One phone would soon have had its day's messages.
    phones = [f"+8491{place:07d}" for place in range(PLAIN)]
    news = [NewMessage(kind=MessageKind.RETURNED, phone=phone, body=text) for phone in phones]
    return _rate_of_messages(folder, news)


def rate_secret(folder: Path, number: int) -> float:
    """Messages a second for each of which a password is made; in round `number`."""
    from accounts.services import Citizen, open_citizen_accounts
    from notifications.enums import MessageKind
    from notifications.services import NewMessage

    citizens = [Citizen(f"8{number}{place:08d}", "A B", PHONE) for place in range(SECRET)]
    kind, text = MessageKind.CREDENTIAL, "BHXH: Ma so: 7912345678. Mat khau: {secret}. Khong thu phi."
    accounts = open_citizen_accounts(citizens).values()
    news = [NewMessage(kind=kind, phone=PHONE, body=text, account=account) for account in accounts]
    return _rate_of_messages(folder, news)


def _rate_of_messages(folder: Path, news: list[Any]) -> float:
    from django.db.models import Count

    from notifications.models import Message
    from notifications.services import queue_messages

    ids = [message.pk for message in queue_messages(news)]
    rate = rate_of_queue(folder, len(news))
    rows = Message.objects.filter(pk__in=ids).order_by().values_list("status", "last_error_code")
    ends = list(rows.annotate(number=Count("pk")))
    assert ends == [("accepted", "", len(news))], f"not all were handed over: {ends}"
    return rate


def _hash_many(count: int) -> None:
    from accounts.hashers import PortalArgon2Hasher

    hasher = PortalArgon2Hasher()
    for _ in range(count):
        hasher.encode("abcdefghij", hasher.salt())


def rate_argon2() -> float:
    """Bare hashes a second, on as many processes as there are workers."""
    with get_context("fork").Pool(WORKERS) as pool:
        pool.map(_hash_many, [1] * WORKERS)
        began = time.perf_counter()
        pool.map(_hash_many, [SECRET // WORKERS] * WORKERS, chunksize=1)
        return SECRET / (time.perf_counter() - began)


def time_approvals(officer: Any, declarations: list[tuple[int, int]]) -> float:
    """Seconds from the POST to its answer."""
    from django.test import Client

    from registration.models import Declaration

    client = Client(enforce_csrf_checks=True)
    client.force_login(officer)
    assert client.get("/admin/registration/declaration/").status_code == 200
    fields = {
        "seen": [f"{pk}:{revision}" for pk, revision in declarations],
        "csrfmiddlewaretoken": client.cookies["csrftoken"].value,
    }
    began = time.perf_counter()
    answer = client.post("/admin/registration/declaration/together/approve/", fields)
    seconds = time.perf_counter() - began
    approved = Declaration.objects.filter(pk__in=[pk for pk, _ in declarations], status="approved").count()
    assert (answer.status_code, approved) == (302, len(declarations)), (answer.status_code, approved)
    return seconds


def delays(officer: object, declarations: list[tuple[int, int]]) -> list[float]:
    """Seconds from each approval to its message's acceptance, at STEADY_RATE approvals a second."""
    from notifications.models import Message
    from registration.services import approve_declaration

    approved: dict[str, float] = {}
    for pk, revision in declarations:
        due = time.perf_counter() + 1 / STEADY_RATE
        key = approve_declaration(pk, officer=officer, revision=revision).message_key
        approved[key] = time.time()
        time.sleep(max(0.0, due - time.perf_counter()))
    mine = Message.objects.filter(related_key__in=approved, kind="credential")
    wait_until(lambda: mine.filter(sent_at__isnull=False).count() == len(approved))
    return [max(0.0, sent.timestamp() - approved[key]) for key, sent in mine.values_list("related_key", "sent_at")]


def _wait_for_worker() -> None:
    """Until every one of its processes has had something to do: what is measured is not how long it takes to start."""
    import redis
    from django.conf import settings

    from benchmarks.delivery_app import noop

    for _ in range(50 * WORKERS):
        noop.delay()
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        wait_until(lambda: client.llen("bhxh:celery") + client.hlen("bhxh:unacked") == 0)


def _work_off(folder: Path) -> None:
    from notifications.models import Message

    with working(folder):
        wait_until(lambda: not Message.objects.exclude(status="accepted").exists())


def measure_round(folder: Path, number: int, officer: Any, declarations: list[tuple[int, int]]) -> dict[str, float]:
    """One round of everything that is measured more than once."""
    noop, plain = rate_noop(folder), rate_plain(folder)
    before, secret, after = rate_argon2(), rate_secret(folder, number), rate_argon2()
    argon2 = statistics.mean((before, after))
    approve = time_approvals(officer, declarations)
    _work_off(folder)
    return {
        "noop_per_s": noop, "plain_per_s": plain, "plain_to_noop": plain / noop,
        "argon2_per_s": argon2, "secret_per_s": secret, "secret_to_argon2": secret / argon2,
        "approve_200_s": approve,
    }  # fmt: skip


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """All figures, and what PostgreSQL says of itself."""
    from django.db import connection

    load = round(os.getloadavg()[0], 2)
    officer, declarations = prepare(rounds * APPROVED + STEADY_SECONDS * STEADY_RATE)
    parts = [declarations[number * APPROVED : (number + 1) * APPROVED] for number in range(rounds)]
    each = [measure_round(folder, number, officer, part) for number, part in enumerate(parts)]
    with working(folder):
        _wait_for_worker()
        times = delays(officer, declarations[rounds * APPROVED :])
    found = {name: _spread([one[name] for one in each]) for name in each[0]}
    found |= {"p50_s": _spread([statistics.median(times)]), "p95_s": _spread([statistics.quantiles(times, n=20)[18]])}
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('fsync')")
        version, fsync = cursor.fetchone()
    return {"postgresql": version, "fsync": fsync, "load_before": load, "found": found}


def _spread(values: list[float]) -> dict[str, float]:
    return {name: round(pick(values), 3) for name, pick in (("median", statistics.median), ("min", min), ("max", max))}


def run_apart(fsync: str, rounds: int) -> dict[str, Any]:
    """Measures in a process of its own: Django is set up once a process, for one database."""
    command = [sys.executable, "-m", "benchmarks.delivery", "--inside", fsync, "--rounds", str(rounds)]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result


def missed(result: dict[str, Any]) -> list[str]:
    """The limits that the medians do not keep."""
    values = {name: result["found"][name]["median"] for name in LIMITS}
    return [name for name, limit in LIMITS.items() if (values[name] < limit) == (name in AT_LEAST)]


def save(results: list[dict[str, Any]], rounds: int) -> None:
    machine = {"machine": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    saved = {**machine, "workers": WORKERS, "rounds": rounds, "limits": LIMITS, "results": results}
    RESULTS.write_text(json.dumps(saved, indent=1) + "\n", encoding="ascii")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--fsync", choices=["on", "off", "both"], default="both")
    parser.add_argument("--inside", choices=["on", "off"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        with serving_all(fsync=options.inside == "on") as folder:
            print(json.dumps(measure(folder, options.rounds)))
        return 0
    results = []
    for mode in ("on", "off") if options.fsync == "both" else (options.fsync,):
        results.append(run_apart(mode, options.rounds))
        print(json.dumps(results[-1], indent=1), f"fsync {mode}, missed: {missed(results[-1]) or 'nothing'}", sep="\n")
    if options.save:
        save(results, options.rounds)
    return 1 if any(missed(result) for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
