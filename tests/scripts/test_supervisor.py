import os
import signal
import subprocess
import sys
import time

import pytest

from tests.scripts.proc import linux_only, living_groups

pytestmark = linux_only

PROGRAM = """
import sys
from scripts.supervisor import Supervisor
supervisor = Supervisor(lambda: True, lambda: print("announced", flush=True))
for number, command in enumerate(sys.argv[1:]):
    supervisor.add_process(f"program{number}", command)
sys.exit(supervisor.supervise())
"""
# Prints its number and stays; the sleep is a second process of the same program.
LONG = "echo pid $$; sleep 60; true"


def _supervise(*commands):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *commands],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _pids(process, count):
    assert process.stdout.readline() == "announced\n"
    return [int(process.stdout.readline().split()[-1]) for _ in range(count)]


def _gone(pids, seconds=5):
    """Whether the programs, each the leader of its own group, end in time with all that they started."""
    deadline = time.monotonic() + seconds
    while living_groups() & {*pids} and time.monotonic() < deadline:
        time.sleep(0.05)
    return not living_groups() & {*pids}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130), (signal.SIGHUP, 0)])
def test_supervise_stops_everything_on_a_signal(number, code):
    process = _supervise(LONG, LONG)
    pids = _pids(process, 2)
    os.killpg(process.pid, number)
    assert process.wait(20) == code
    assert _gone(pids)


def test_supervise_stops_the_rest_when_one_program_ends():
    process = _supervise(LONG, "sleep 0.5")
    pids = _pids(process, 1)
    assert process.wait(20) == 1
    assert "program1 ended by itself (exit code 0)" in process.stdout.read()
    assert _gone(pids)


def test_supervise_stops_when_asked_before_the_programs_have_said_anything():
    process = _supervise(LONG, LONG)
    time.sleep(0.35)
    process.terminate()
    assert process.wait(20) in (0, -signal.SIGTERM)


def test_supervise_stops_when_nobody_reads_any_more():
    process = _supervise("while :; do echo line; sleep 0.1; done", LONG)
    process.stdout.close()
    assert process.wait(20) == 1


def test_supervise_takes_its_programs_along_when_killed():
    process = _supervise("echo pid $$; exec sleep 60", "echo pid $$; exec sleep 60")
    pids = _pids(process, 2)
    process.kill()
    process.wait()
    assert _gone(pids)
