import os
import shutil
import subprocess

from scripts.run import ROOT

SCRIPT = ROOT / "scripts" / "python311.sh"
VERSION = ["-c", "import sys; print(*sys.version_info[:2])"]


def _run(path, **env):
    return subprocess.run(
        [shutil.which("sh"), SCRIPT, *VERSION],
        env={"PATH": str(path), "HOME": "/nowhere", **env},
        capture_output=True,
        text=True,
    )


def test_python311_runs_what_it_is_given():
    assert _run(os.environ["PATH"], HOME=os.environ.get("HOME", "/")).stdout == "3 11\n"


def test_python311_passes_over_names_that_do_not_work(tmp_path):
    broken = tmp_path / "python3.11"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    (tmp_path / "python3").symlink_to(shutil.which("python3.11") or shutil.which("python3"))
    env = {name: value for name, value in os.environ.items() if name.startswith("PYENV")}
    assert _run(f"{tmp_path}:{os.environ['PATH']}", **env, HOME=os.environ.get("HOME", "/")).stdout == "3 11\n"


def test_python311_says_what_is_missing(tmp_path):
    done = _run(tmp_path)
    assert done.returncode == 1
    assert "Python 3.11 is needed and was not found" in done.stderr
