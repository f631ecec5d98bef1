"""Gathers the evidence: the broker and the database while passwords are on their way, everything else in the end."""

import re
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import redis

from tests.torture import canaries
from tests.torture.evidence import Evidence
from tests.torture.house import Database, Redis

SECONDS = 2.0
# The files of the run's folder by the road that they are; what no road claims is searched as "file".
ROADS = {"reports": "report", "redis": "broker"}
# A row of Message with an encrypted password (Fernet tokens begin so), and a message as Celery sends it.
LIVE_SECRET, LIVE_TASK = re.compile(rb"'gAAAAA"), re.compile(rb'"task": "notifications\.tasks\.deliver"')


class Watch:
    """Looks every SECONDS until it is stopped; `counts` says how often it saw what it came for."""

    def __init__(self, folder: Path, broker: Redis, database: Database) -> None:
        self.folder, self.broker, self.database, self.evidence = folder, broker, database, Evidence()
        self.counts = {"broker": 0, "broker with tasks": 0, "database": 0, "database with encrypted passwords": 0}
        self.lock, self.over = threading.Lock(), threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.over.set()
        if self.thread.is_alive():
            self.thread.join()

    def _look(self) -> None:
        while not self.over.wait(SECONDS):
            self.look_at_broker()
            self.look_at_database()

    def look_at_broker(self) -> None:
        """What Redis holds now."""
        with suppress(redis.RedisError):
            content = self.broker.dump()
            with self.lock:
                self.evidence.add("broker, live", content)
                self._count("broker", "broker with tasks", bool(LIVE_TASK.search(content)))

    def look_at_history(self) -> None:
        """What Redis ever held since it was started; to be called when it has been killed."""
        with self.lock:
            self.evidence.add_file("broker", self.broker.history)

    def look_at_database(self) -> None:
        with suppress(subprocess.CalledProcessError):
            content = self.database.dump()
            with self.lock:
                self.evidence.add("database", content)
                self._count("database", "database with encrypted passwords", bool(LIVE_SECRET.search(content)))

    def _count(self, any_kind: str, live: str, is_live: bool) -> None:
        self.counts[any_kind] += 1
        self.counts[live] += is_live

    def gather_the_rest(self) -> None:
        """Logs, error reports, whatever else was left in the folder, the database's own files."""
        for path in (path for path in self.folder.rglob("*") if path.is_file()):
            inside = path.relative_to(self.folder).parts[0]
            part = path.stem.rstrip("0123456789")
            road = f"log of {part}" if path.suffix == ".log" else ROADS.get(inside, "file")
            self.evidence.add_file(road, path)
        if self.database.cluster is not None:
            self.evidence.add_file("log of postgres", self.database.cluster.log)
            for path in self.database.files():
                self.evidence.add_file("database files", path)

    def reports(self) -> int:
        """How many error reports were written, those with a mark left out."""
        texts = (path.read_text(errors="replace") for path in (self.folder / "reports").iterdir())
        return sum(len(re.findall(r"^=== (?!ZeroDivisionError)", text, re.M)) for text in texts)

    def places(self, needles: set[str]) -> list[str]:
        """Where these stand in logs and error reports, in words that do not repeat them; each place once."""
        needle, frame, found = re.compile("|".join(needles)), "", {}
        for path in (*self.folder.glob("*.log"), *self.folder.glob("reports/*")):
            for line in path.read_text(errors="replace").splitlines():
                frame = line.strip() if line.startswith("  File ") else frame
                if needle.search(line):
                    found[f"{path.name}: {frame}: {needle.sub('***', line.strip())[:150]}"] = None
        return list(found)

    def marks(self) -> list[tuple[str, str]]:
        """Each mark with a road on which it has to be found."""
        roads = [("broker", "broker"), ("broker", "broker, live"), ("broker gzip", "broker"), ("database", "database")]
        roads += [(f"log of {part}", f"log of {part}") for part in canaries.PARTS]
        roads += [(f"report of {part}", "report") for part in canaries.PARTS]
        if self.database.cluster is not None:
            # Every statement is in the server's log; a deleted row is in its files.
            roads += [("database", "log of postgres"), ("database, gone", "database files")]
        return [(canaries.mark(name), road) for name, road in roads]
