import fcntl
import os
import socket
import subprocess
import sys

import pytest

from scripts.run import ROOT, commands


def _run(tmp_path, **env):
    env = {**os.environ, "VAR_DIR": str(tmp_path / "var"), **env}
    return subprocess.run(
        [sys.executable, "-m", "scripts.run"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )


def test_run_says_which_port_is_busy_before_it_starts_anything(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = _run(tmp_path, PORT=str(port))
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert f"Port {port} on 127.0.0.1 cannot be used: Address already in use." in done.stderr
    assert f"PORT={port + 1} make run" in done.stderr
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("text", ["http", "0", "70000", "-1", "８０００"])
def test_run_refuses_what_is_no_port(tmp_path, text):
    done = _run(tmp_path, PORT=text)
    assert done.returncode == 1
    assert done.stderr.startswith("PORT must be a number from 1 to 65535")


def test_run_refuses_a_data_folder_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (tmp_path / "var").mkdir()
    with (tmp_path / "var" / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = _run(tmp_path, PORT=str(port))
    assert done.returncode == 1
    assert "already runs with its data in" in done.stderr


def test_commands_brackets_an_ipv6_address():
    assert "[::1]:8000" in commands("::1", 8000)["web"]
