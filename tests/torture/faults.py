"""What goes wrong: programs and servers are killed at random times, statements and commits are cut off in the worst
moments, and the rows' clocks run fast.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from tests.torture.house import Database, Program, patiently
from tests.torture.watch import Watch

# One in so many changes of a message or a password is cut off in the middle.
CUT_POSTGRES, CUT_SQLITE = 41, 12
POSTGRES_CUTS = f"""
CREATE SEQUENCE torture_moments;
CREATE FUNCTION torture_cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('torture_moments') % {CUT_POSTGRES} = 0 THEN
        PERFORM pg_terminate_backend(pg_backend_pid());
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER torture_change BEFORE UPDATE ON notifications_message
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION torture_cut();
CREATE CONSTRAINT TRIGGER torture_commit AFTER UPDATE ON notifications_message DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION torture_cut();
CREATE TRIGGER torture_password BEFORE UPDATE ON accounts_user
    FOR EACH ROW WHEN (OLD.password <> NEW.password) EXECUTE FUNCTION torture_cut();
"""
SQLITE_CUT = """
CREATE TRIGGER torture_{table} BEFORE UPDATE ON {table}
    WHEN OLD.{column} <> NEW.{column} AND abs(random()) % {every} = 0 BEGIN SELECT RAISE(ABORT, 'torture'); END
"""


class Faults:
    """`counts` says how often each was done; what is in `kinds` is done at least once."""

    def __init__(self, seed: int, workers: Sequence[Program], watch: Watch) -> None:
        self.chance = random.Random(seed)
        self.workers, self.watch, self.broker, self.database = workers, watch, watch.broker, watch.database
        self.does: dict[str, Callable[[], None]] = {"worker": self.kill_worker, "redis": self.kill_redis}
        if self.database.cluster is not None:
            self.does |= {"postgres": self.restart_postgres, "backend": self.kill_backend}
        self.counts: Counter[str] = Counter()
        # When the database was away, as pairs of Unix times.
        self.away: list[tuple[float, float]] = []

    @property
    def is_complete(self) -> bool:
        return set(self.counts) == set(self.does)

    def do_one(self) -> None:
        """First one of each, then whatever comes; workers more often than the rest."""
        missing = [kind for kind in self.does if not self.counts[kind]]
        kind = self.chance.choice(missing or [*self.does, "worker"])
        self.does[kind]()
        self.counts[kind] += 1

    def kill_worker(self) -> None:
        worker = self.chance.choice(self.workers)
        worker.kill()
        worker.start()

    def kill_redis(self) -> None:
        """It comes back empty."""
        self.watch.look_at_broker()
        self.broker.kill()
        self.watch.look_at_history()
        time.sleep(self.chance.uniform(0.2, 1))
        self.broker.start()

    def restart_postgres(self) -> None:
        """Down at once, everybody thrown out; after a while it comes up and recovers from its log."""
        began = time.time()
        self.database.cluster.crash()
        time.sleep(self.chance.uniform(0.2, 1.5))
        self.database.cluster.start()
        self.away.append((began, time.time()))

    def kill_backend(self) -> None:
        """kill -9 of one connection's process: the server throws everybody out and recovers from its log."""
        from django.db import connection

        began = time.time()
        with suppress(Exception), connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            os.kill(cursor.fetchone()[0], signal.SIGKILL)
        connection.close()
        patiently(connection.ensure_connection)
        self.away.append((began, time.time()))


def cut_connections(database: Database) -> None:
    """From now on the database breaks off in the middle of claims, of recordings and of new passwords."""
    from django.db import connection

    if database.cluster is not None:
        statements = [POSTGRES_CUTS]
    else:
        columns = {"notifications_message": "status", "accounts_user": "password"}
        statements = [
            SQLITE_CUT.format(table=table, column=column, every=CUT_SQLITE) for table, column in columns.items()
        ]
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def cuts(database: Database) -> int:
    """How many connections were cut; on SQLite nobody counts."""
    if database.cluster is None:
        return 0
    return database.cluster.log.read_text(errors="replace").count("due to administrator command")


class Clock:
    """The rows' clocks run `speed` times as fast: due times and leases are moved back instead of waited for.

    Leases so run out under living workers too, which is worse than life.
    """

    def __init__(self, speed: float) -> None:
        self.speed, self.last = speed, time.monotonic()

    def hurry(self) -> None:
        from django.db.models import F
        from django.utils import timezone

        from notifications.models import Message

        now = time.monotonic()
        back, self.last = timedelta(seconds=(now - self.last) * (self.speed - 1)), now
        Message.objects.filter(status="sending").update(lease_until=F("lease_until") - back)
        Message.objects.filter(status__in=["queued", "failed", "sending"]).update(published_at=F("published_at") - back)
        soon = Message.objects.filter(status="failed", next_attempt_at__gt=timezone.now())
        # After some failures the next try is an hour away.
        soon.update(next_attempt_at=F("next_attempt_at") - 60 * back)
