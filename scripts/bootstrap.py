"""Makes this machine ready: `python3.11 -m scripts.bootstrap [--tests]`, called by every make target.

Standard library only. Quick when all is there; else it installs what it may and names what it may not.
"""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from scripts.dotenv import write_dotenv
from scripts.environment import ensure_environment
from scripts.system import RUN_NEEDS, TEST_NEEDS, font_need, provide

ROOT = Path(__file__).resolve().parent.parent


def _stop(number: int, _frame: FrameType | None) -> None:
    # As an exception it ends the installer that is running, too.
    raise SystemExit(128 + number)


def _compile_catalogues(root: Path) -> None:
    if any((root / "locale").glob("*/LC_MESSAGES/*.po")):
        python = root / ".venv" / "bin" / "python"
        subprocess.run([python, "-m", "scripts.catalogues"], cwd=root, check=True)


def bootstrap(root: Path, tests: bool) -> None:
    """Environment, system libraries, translations and `.env` under `root`; with `tests` also what those need.

    Raises SystemExit with a message for a person when something cannot be had.
    """
    if sys.version_info[:2] != (3, 11):
        raise SystemExit(f"Python 3.11 is needed; this is {sys.version.split()[0]}. Try: make run")
    provide((*RUN_NEEDS, *TEST_NEEDS) if tests else RUN_NEEDS)
    ensure_environment(root)
    provide([font_need(root / ".venv" / "bin" / "python")])
    _compile_catalogues(root)
    # With ENV_FILE set the settings come from elsewhere.
    if "ENV_FILE" not in os.environ and write_dotenv(root / ".env"):
        print("Wrote .env with this machine's own secrets.", flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Make this machine ready to run the portal.")
    parser.add_argument("--tests", action="store_true", help="also what `make test` needs")
    arguments = parser.parse_args()
    # SIGINT too: a shell starts background jobs with it ignored, and a stop must stop the set-up all the same.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        bootstrap(ROOT, arguments.tests)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"The set-up stopped: {error}") from None


if __name__ == "__main__":
    main()
