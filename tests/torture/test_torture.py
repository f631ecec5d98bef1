"""The short run of `make torture`: nothing lost, nothing doubled, nothing leaked; and it fails where it should."""

import ast
import os
import re
import subprocess
import sys

import pytest

from tests.torture.house import ROOT

pytestmark = pytest.mark.flow
KIND = "postgres" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "sqlite"


def torture(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "tests.torture.run", "--database", KIND, *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def test_messages_survive_everything_being_killed():
    size = ["--count", "100", "--minutes", "0.4"] if KIND == "postgres" else ["--count", "30", "--minutes", "0.25"]
    done = torture(*size, "--patience", "120")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]


def test_leaks_on_every_road_are_found():
    roads = [word for road in ("broker", "log", "database", "report") for word in ("--leak", road)]
    done = torture("--calm", "--count", "8", "--minutes", "0.05", "--patience", "60", *roads)
    assert done.returncode == 1
    leaks = re.search(r"AssertionError: passwords stand in: (\{.*\})", done.stderr)
    assert leaks, done.stderr[-3000:]
    expected = {"broker": 8, "broker, live": 8, "log of worker": 8, "report": 8}
    if KIND == "postgres":
        # The row was gone again at once.
        expected |= {"database files": 8, "log of postgres": 8}
    assert expected.items() <= ast.literal_eval(leaks[1]).items()


def test_receipts_that_lead_nowhere_fail_the_run():
    done = torture("--calm", "--count", "6", "--minutes", "0.05", "--patience", "10", "--leak", "address")
    assert done.returncode == 1
    assert "a receipt was answered 404" in done.stderr
