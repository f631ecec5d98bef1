"""`make run`, one of whose programs ends by itself: the others go on, it is started again, and the terminal says so."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from scripts.processes import free_port
from tests.flows.conftest import wait_for
from tests.scripts.proc import linux_only
from tests.torture.house import ROOT

pytestmark = [pytest.mark.flow, pytest.mark.one_database, linux_only]
START_SECONDS = 120


class Run:
    """The running portal, with a Redis of its own."""

    def __init__(self, folder: Path) -> None:
        self.log, port = folder / "log.txt", free_port()
        self.base = f"http://127.0.0.1:{port}"
        kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        env = kept | {"PORT": str(port), "VAR_DIR": str(folder / "var"), "LOG_LEVEL": "INFO", "NO_PROXY": "127.0.0.1"}
        env["ENV_FILE"] = os.devnull
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scripts.run"], cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True
            )

    def health(self) -> dict:
        with suppress(requests.RequestException):
            return requests.get(f"{self.base}/health/ready", timeout=3).json()
        return {"status": "away", "delivery": {}}

    def is_well(self) -> bool:
        health = self.health()
        seen = health["delivery"].get("worker_seen_seconds")
        return health["status"] == "ok" and seen is not None and seen < 15

    def pid_of(self, *words: str) -> int:
        """The oldest of our programs with these words in its command."""
        for pid in sorted(_descendants(self.process.pid)):
            with suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_text()
                if all(word in command for word in words):
                    return pid
        return 0

    def says(self, words: str) -> bool:
        return bool(re.search(words, self.log.read_text()))


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *_descendants(child)]
    return found


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Run]:
    running = Run(tmp_path_factory.mktemp("run"))
    try:
        wait_for(running.is_well, "the portal", START_SECONDS)
        yield running
    finally:
        running.process.send_signal(signal.SIGINT)
        code = running.process.wait(timeout=40)
    assert code == 130
    assert _descendants(running.process.pid) == []


PROGRAMS = {
    "worker": ("celery", "worker"),
    "beat": ("celery", "beat"),
    "redis": ("redis-server",),
    "web": ("gunicorn", "portal.wsgi"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_that_is_killed_is_started_again_and_the_others_go_on(running, name):
    pid = running.pid_of(*PROGRAMS[name])
    others = {other: running.pid_of(*words) for other, words in PROGRAMS.items() if other != name}
    assert pid, running.log.read_text()
    assert all(others.values()), others

    os.kill(pid, signal.SIGKILL)

    wait_for(lambda: running.says(rf"{name} ended by itself \(exit code -9\); it is started again \(1 of 5\)"), "word")
    wait_for(lambda: running.pid_of(*PROGRAMS[name]) not in (0, pid), f"{name} again")
    wait_for(running.is_well, "the portal again", 60)
    assert running.process.poll() is None
    assert {other: running.pid_of(*PROGRAMS[other]) for other in others} == others
