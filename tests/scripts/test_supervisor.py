import os
import signal
import subprocess
import sys
import time

import pytest

from scripts.supervisor import STEADY_SECONDS, Restarts
from tests.scripts.proc import linux_only, living_groups

pytestmark = linux_only

PROGRAM = """
import sys
from scripts.supervisor import Supervisor
restarts = [float(text) for text in sys.argv[1].split(",") if text]
announce = lambda: print("announced", flush=True)
supervisor = Supervisor(lambda: "unready" not in sys.argv[2], announce, restarts=restarts)
for number, command in enumerate(sys.argv[2:]):
    supervisor.add_process(f"program{number}", command)
sys.exit(supervisor.supervise())
"""
# Prints its number and stays; the sleep is a second process of the same program.
LONG = "echo pid $$; sleep 60; true"


def _supervise(*commands, restarts=""):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, restarts, *commands],
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


def test_supervise_starts_what_ended_again_and_tells(tmp_path):
    """Killed, ended well, ended badly: the other one goes on all the time."""
    ends = f"""sleep 0.3; echo start >> {tmp_path}/starts; case $(wc -l < {tmp_path}/starts) in
        1) exit 3;; 2) kill -9 $$;; 3) exit 0;; *) echo pid $$; exec sleep 60;; esac"""
    process = _supervise(LONG, ends, restarts="0.1,0.2,0.1,0.1,0.1")
    stayed, started = _pids(process, 1)[0], 0
    lines = []
    while not started:
        lines.append(process.stdout.readline())
        assert lines[-1], lines
        started = int(lines[-1].split()[-1]) if " pid " in lines[-1] else 0
    told = [line.strip() for line in lines if "ended by itself" in line]
    assert told == [
        f"program1 ended by itself (exit code {code}); it is started again ({number} of 5)."
        for number, code in enumerate((3, -9, 0), 1)
    ]
    assert {stayed, started} <= living_groups()
    process.terminate()
    assert process.wait(20) == 0
    assert _gone([stayed, started])


def test_supervise_ends_all_when_starting_again_is_of_no_use(tmp_path):
    process = _supervise(LONG, f"echo start >> {tmp_path}/starts; sleep 0.5; exit 4", restarts="0.1,0.1")
    pids = _pids(process, 1)
    assert process.wait(20) == 1
    assert "program1 ended by itself (exit code 4); the others were stopped." in process.stdout.read()
    assert (tmp_path / "starts").read_text().count("start") == 3
    assert _gone(pids)


def test_supervise_outlives_that_all_ended_at_the_same_time(tmp_path):
    once = "test -e {0} && echo pid $$ && exec sleep 60; touch {0}; sleep 0.5"
    process = _supervise(once.format(tmp_path / "a"), once.format(tmp_path / "b"), restarts="0.5")
    lines = [process.stdout.readline() for _ in range(5)]
    assert sum(" pid " in line for line in lines) == 2, lines
    process.terminate()
    assert process.wait(20) == 0


def test_supervise_stops_on_a_signal_while_one_waits_to_be_started_again():
    process = _supervise(LONG, "sleep 0.5", restarts="60")
    pids = _pids(process, 1)
    assert "program1 ended by itself (exit code 0); it is started again (1 of 1)." in process.stdout.readline()
    process.terminate()
    assert process.wait(20) == 0
    assert _gone(pids)


def test_supervise_ends_all_when_the_first_never_comes_up():
    process = _supervise("unready=; exit 5", LONG, restarts="0.1,0.1,0.1")
    assert process.wait(20) == 1
    assert "program0 ended by itself (exit code 5); the others were stopped." in process.stdout.read()


def test_restarts_are_as_new_after_a_steady_time(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    restarts = Restarts((1, 2))
    assert restarts.plan()
    assert not restarts.take()
    now[0] += 1
    assert restarts.take()
    assert restarts.plan()
    now[0] += 2
    assert restarts.take()
    assert not restarts.plan()
    now[0] += STEADY_SECONDS + 1
    assert restarts.plan()
    assert str(restarts) == "1 of 2"


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
