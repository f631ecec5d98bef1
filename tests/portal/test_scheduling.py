"""Tried in processes of their own: what a process asks of the kernel holds until it ends."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal.scheduling import TURN_SECONDS

SCHED = Path("/proc/self/sched")
TRY = """
import os
from portal.scheduling import take_long_turns
{before}
print({call}, os.nice(0), os.sched_getscheduler(0), open("/proc/self/sched").read())
"""


def outcome(before: str = "", call: str = "take_long_turns()") -> tuple[list[str], float]:
    """What came of it, niceness and policy; the length of a turn in seconds."""
    command = [sys.executable, "-c", TRY.format(before=before, call=call)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"^se\.slice +: +(\d+)", output, re.MULTILINE)
    assert found
    return output.split()[:3], int(found[1]) / 1e9


def knows_turns() -> bool:
    """Whether this is a Linux that lets a process choose, and shows what it chose."""
    version = [int(number) for number in re.findall(r"\d+", platform.release())[:2]]
    is_known = platform.machine() in {"x86_64", "aarch64"} and version >= [6, 12]
    return is_known and SCHED.exists() and "se.slice" in SCHED.read_text()


needs_turns = pytest.mark.skipif(not knows_turns(), reason="this kernel does not let a process choose its turns")


@needs_turns
@pytest.mark.parametrize(
    ("before", "kept"),
    [("", ["0", "0"]), ("os.nice(5)", ["5", "0"]), ("os.sched_setscheduler(0, 3, os.sched_param(0))", ["0", "3"])],
)
def test_turns_are_long_and_nothing_else_changes(before, kept):
    nice = os.nice(0)
    (taken, *now), seconds = outcome(before)

    assert (taken, seconds) == ("True", TURN_SECONDS)
    assert now == [str(int(kept[0]) + nice), kept[1]]


@needs_turns
def test_processes_of_the_worker_take_long_turns():
    start = "from celery.signals import worker_process_init; import portal.celery"
    assert outcome(start, "len(worker_process_init.send(None))")[1] == TURN_SECONDS


@pytest.mark.parametrize(("name", "value"), [("sys.platform", "darwin"), ("platform.machine", lambda: "riscv64")])
def test_other_systems_are_left_alone(monkeypatch, name, value):
    monkeypatch.setattr(f"portal.scheduling.{name}", value)
    monkeypatch.setattr("portal.scheduling.ctypes", None)

    from portal.scheduling import take_long_turns

    assert take_long_turns() is False
