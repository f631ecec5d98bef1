"""Approvals while everything around them is killed: `python -m tests.torture.run --count 1000 --database postgres`.

A real web, two workers and beat; an officer who approves at the admin desk; a real Redis that is killed and comes back
empty; a real PostgreSQL that is restarted without warning, loses a backend to kill -9 or cuts a connection in the
middle of a claim or a commit; a provider that fails, is slower than a lease, talks garbage, accepts and hangs up, and
reports twice or before its answer. In the end every message must stand as the provider says, every account open with
the one password that was sent, the provider know each message under one request id and one text, and no password
stand anywhere: database (its dumps on the way, its files and log), broker (its dumps and all that it was ever told),
logs at DEBUG, task arguments, error reports with local variables. Marks on each of these roads must be found there.

`--leak ROAD` makes the workers careless (broker, log, database, report) or the receipts' address wrong (address): such
a run must fail, and test_torture.py sees that it does. `--calm` leaves out what goes wrong.
"""

import argparse
import json
import logging
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from scripts.processes import free_port
from tests.torture import canaries, checks, leaks, reports
from tests.torture.desk import PASSWORD, Officer
from tests.torture.faults import Clock, Faults, cut_connections, cuts
from tests.torture.house import (
    ROOT,
    Database,
    Program,
    Redis,
    beat_program,
    environment,
    patiently,
    prepare,
    running_database,
    web_program,
    worker_program,
)
from tests.torture.provider import TOO_LATE, Provider
from tests.torture.watch import Watch

RESULTS = ROOT / "benchmarks" / "results" / "torture.json"
RECEIPT_SECRET = "torture-receipts-0001"
WORKERS = 2
# Approved when the faults are over: one of them is held until its lease has run out under a living worker.
CALM = 6
# Less than a worker waits for an answer, more than a lease lasts (40 s, hurried tenfold).
HOLD_SECONDS = 8.0


class Torture:
    def __init__(self, options: argparse.Namespace, folder: Path, provider: Provider, watch: Watch) -> None:
        self.options, self.folder, self.provider, self.watch = options, folder, provider, watch
        app = "tests.torture.app"
        self.workers = [worker_program(app, f"worker{number}", folder, "DEBUG") for number in range(WORKERS)]
        self.programs: list[Program] = [
            *self.workers,
            beat_program(app, folder, "DEBUG"),
            web_program("tests.torture.wsgi", int(os.environ["PORT"]), folder),
        ]
        self.faults = Faults(options.seed, self.workers, watch)
        self.clock = Clock(options.speed)
        # What ended without being killed, by the name of its log.
        self.fell: Counter[str] = Counter()

    def stop(self) -> None:
        for program in self.programs:
            program.kill()

    def approve(self, officer: Officer, pks: list[int]) -> None:
        """The officer works in a thread of their own, and meanwhile things go wrong."""
        desk = threading.Thread(target=officer.approve_all, args=(pks, self.options.minutes * 60), daemon=True)
        desk.start()
        next_harm, next_hold = time.monotonic() + 1, time.monotonic()
        while desk.is_alive() or not (self.options.calm or self.faults.is_complete):
            if not self.options.calm and time.monotonic() > next_harm:
                self.faults.do_one()
                next_harm = time.monotonic() + self.faults.chance.uniform(1, 5)
            if not self.options.calm and time.monotonic() > next_hold:
                self.provider.hold_next, next_hold = HOLD_SECONDS, time.monotonic() + 15
            self.look_after()
        if officer.fault is not None:
            raise officer.fault

    def approve_calmly(self, officer: Officer, pks: list[int]) -> None:
        """Until a call has outlasted its lease with nobody killed: another worker has taken the message up meanwhile,
        and the first learns too late what became of its call.
        """
        self.provider.hold_next = 0.0
        self.wait_for_workers()
        before = self.provider.did[TOO_LATE]
        for pk in pks:
            if not self.options.calm and self.provider.did[TOO_LATE] == before:
                self.provider.hold_next = HOLD_SECONDS
            officer.approve([pk])
            until = time.monotonic() + HOLD_SECONDS + 2
            while self.provider.hold_next or (+self.provider.open and time.monotonic() < until):
                self.look_after()

    def wait_for_workers(self) -> None:
        """Those that were killed last take a while to start."""
        from celery import current_app

        for _ in range(10):
            self.look_after()
            if len(current_app.control.ping(timeout=1)) == WORKERS:
                break

    def look_after(self) -> None:
        """Time goes on, and whatever has died is started again."""
        patiently(self.clock.hurry)
        for program in self.programs:
            if program.is_down():
                self.fell[program.log.stem] += 1
                program.start()
        time.sleep(0.2)

    def wait(self, count: int) -> None:
        """Until every message is settled, every receipt has found its own, and the provider has nothing left to say."""
        from notifications.models import Message, ProviderReceipt

        deadline, settled, strays = time.monotonic() + self.options.patience, 0, 0
        while time.monotonic() < deadline:
            self.look_after()
            assert not self.provider.reporter.faults, Counter(self.provider.reporter.faults)
            settled = patiently(Message.objects.filter(status__in=["accepted", "delivered"]).count)
            # What a killed worker left unmatched is the sweep's to match.
            strays = patiently(ProviderReceipt.objects.filter(message=None).count)
            if settled == count and not strays and self.provider.is_at_rest():
                # A worker that was answered last still writes that down.
                time.sleep(1)
                return
        left = Counter(Message.objects.values_list("status", "last_error_code"))
        for log in sorted(self.folder.glob("*.log")):
            print(f"--- {log.name}", log.read_text(errors="replace")[-3000:], sep="\n")
        raise AssertionError(f"not every message was settled: {left}; {strays} receipts belong to none")


def start_watching(folder: Path, broker: Redis, database: Database) -> Watch:
    """Leaves the marks and gathers evidence from now on."""
    canaries.leave_in_broker()
    canaries.leave_in_database()
    watch = Watch(folder, broker, database)
    watch.look_at_broker()
    watch.start()
    return watch


def carry_out(torture: Torture, officer: Officer, pks: list[int]) -> dict[str, Any]:
    """The whole run; its figures."""
    count, watch, calm = len(pks), torture.watch, torture.options.calm
    began = time.monotonic()
    officer.sign_in()
    if not calm:
        cut_connections(watch.database)
    torture.approve(officer, pks[:-CALM])
    torture.approve_calmly(officer, pks[-CALM:])
    torture.wait(count)
    took = time.monotonic() - began
    watch.stop()
    torture.stop()
    watch.look_at_broker()
    watch.look_at_database()
    watch.broker.kill()
    watch.look_at_history()
    watch.gather_the_rest()
    for page in officer.pages:
        watch.evidence.add("page", page)
    return {"approvals": count, "seconds": round(took), **judge(torture, officer, count)}


def judge(torture: Torture, officer: Officer, count: int) -> dict[str, Any]:
    provider, watch, faults = torture.provider, torture.watch, torture.faults
    receipts = checks.receipts(provider)
    passwords = checks.check_messages(count, provider)
    assert not torture.fell, f"ended with nobody killing it: {dict(torture.fell)}"
    if not torture.options.calm:
        checks.check_faults(faults, officer, watch)
        checks.check_late_calls(provider)
        assert receipts["before our acceptance was recorded"], "no receipt came early"
    searched = checks.check_search(watch, passwords)
    return {
        "killed": dict(faults.counts), "connections cut": cuts(watch.database),
        "officer": {**officer.did, "refused": len(officer.refused)},
        "provider": {"asked": len(provider.calls), **provider.did}, "tries": checks.tries(),
        "receipts": {**receipts, **provider.reporter.did},
        "dumps": watch.counts, "error reports": watch.reports(), "searched": searched,
    }  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--minutes", type=float, default=4.0, help="how long the approvals take")
    parser.add_argument("--patience", type=float, default=600.0, help="seconds to wait for the last message")
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--calm", action="store_true", help="nothing goes wrong")
    parser.add_argument("--leak", action="append", default=[], choices=[*leaks.LEAKS, "address"])
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.relative_to(ROOT)}")
    return parser.parse_args()


def set_environment(options: argparse.Namespace, folder: Path, broker: Redis, database: Database, url: str) -> None:
    for name in ("SMS_PROVIDERS_FILE", "SMS_RATES"):
        os.environ.pop(name, None)
    (folder / "reports").mkdir()
    port = str(free_port())
    path = "/nowhere" if "address" in options.leak else ""
    os.environ.update(environment(folder, broker.url, database.url, url, RECEIPT_SECRET))
    os.environ.update({
        "LOG_LEVEL": "DEBUG", "PORT": port, "PUBLIC_URL": f"http://127.0.0.1:{port}{path}",
        reports.FOLDER: str(folder / "reports"), canaries.SEED: str(options.seed), leaks.CHOSEN: ",".join(options.leak),
    })  # fmt: skip


def main() -> int:
    options = arguments()
    print(f"seed {options.seed}", flush=True)
    with ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="portal-torture-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(temporary))
        calm = options.calm
        provider = Provider(options.seed, fail=0 if calm else 0.3, drop=0 if calm else 0.05)
        stack.callback(provider.close)
        database = stack.enter_context(running_database(options.database, folder))
        broker = Redis(folder / "redis")
        stack.callback(broker.kill)
        set_environment(options, folder, broker, database, provider.url)
        import django

        django.setup()
        logging.getLogger().handlers[:] = [logging.NullHandler()]
        officer, declarations = prepare(options.count)
        officer.set_password(PASSWORD)
        officer.save()
        watch = start_watching(folder, broker, database)
        stack.callback(watch.stop)
        torture = Torture(options, folder, provider, watch)
        stack.callback(torture.stop)
        desk = Officer(f"http://127.0.0.1:{os.environ['PORT']}", officer.username, options.seed)
        figures = carry_out(torture, desk, [pk for pk, _revision in declarations])
    print(json.dumps(figures, indent=1))
    if options.save:
        RESULTS.write_text(json.dumps({"seed": options.seed, **figures}, indent=1) + "\n", encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
