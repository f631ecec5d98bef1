"""The short run of `make torture`: nothing lost, nothing doubled, nothing leaked."""

import os
import subprocess
import sys

import pytest

from tests.torture.run import ROOT


@pytest.mark.flow
def test_messages_survive_everything_being_killed() -> None:
    postgres = os.environ.get("DATABASE_URL", "").startswith("postgres")
    size = ["--count", "100", "--minutes", "0.3"] if postgres else ["--count", "30", "--minutes", "0.2"]
    kind = "postgres" if postgres else "sqlite"
    done = subprocess.run(
        [sys.executable, "-m", "tests.torture.run", *size, "--database", kind, "--patience", "120"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
