import signal
import socket
import subprocess
import sys
import time

from scripts.processes import bind_error, free_port, stop
from tests.scripts.proc import is_alive, linux_only


def test_free_port_can_be_listened_on():
    assert bind_error("127.0.0.1", free_port()) is None


def test_bind_error_tells_a_busy_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        error = bind_error("127.0.0.1", server.getsockname()[1])
    assert error is not None
    assert error.strerror == "Address already in use"


def test_stop_kills_what_will_not_end():
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE, start_new_session=True)
    process.stdout.readline()
    stop(process, seconds=0.2)
    assert process.returncode == -signal.SIGKILL


@linux_only
def test_follow_parent_ends_the_child_of_a_killed_parent():
    parent = (
        "import signal, subprocess, time\n"
        "from scripts.processes import follow_parent\n"
        "print(subprocess.Popen(['sleep', '60'], preexec_fn=follow_parent(signal.SIGTERM)).pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE)
    child = int(process.stdout.readline())
    process.kill()
    process.wait()
    deadline = time.monotonic() + 5
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)


def test_stop_leaves_a_process_that_ended_already():
    process = subprocess.Popen(["true"])
    process.wait()
    stop(process, signal.SIGTERM)
    assert process.returncode == 0
