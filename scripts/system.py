"""System packages: what is missing, and getting it with apt where that is allowed. Standard library only."""

import ctypes
import ctypes.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Need:
    """Something the machine must have: a name for people, Debian's package, how to see that it is there."""

    name: str
    package: str
    is_there: Callable[[], bool]


def has_library(name: str, version: int = 0) -> bool:
    """Whether the shared library `name` (as in `pango-1.0`) can be loaded; `version` is that of its Linux file."""
    # find_library comes last: it starts other programs, which every start would wait for.
    return _loads(f"lib{name}.so.{version}") or _loads(f"lib{name}.dylib") or _loads(ctypes.util.find_library(name))


def _loads(file: str | None) -> bool:
    try:
        return file is not None and bool(ctypes.CDLL(file))
    except OSError:
        return False


def chromium() -> str | None:
    """The path of a Chromium or Chrome that tests can drive."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


def nginx() -> str | None:
    """The path of nginx: Debian keeps it off the PATH of users."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")


def postgresql_bin() -> Path | None:
    """The folder with `initdb` and `postgres`: Debian keeps it off the PATH, the newest version wins."""
    on_path = shutil.which("initdb")
    if on_path and shutil.which("postgres"):
        return Path(on_path).resolve().parent
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not folders and shutil.which("pg_config"):
        answer = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        folders = [Path(answer.stdout.strip())]
    folders = [folder for folder in folders if (folder / "postgres").exists() and (folder / "initdb").exists()]
    return max(folders, key=lambda folder: (len(folder.parent.name), folder.parent.name), default=None)


def _command(name: str, package: str) -> Need:
    return Need(f"the command {name}", package, lambda: shutil.which(name) is not None)


RUN_NEEDS = (
    Need("Pango", "libpango-1.0-0", lambda: has_library("pango-1.0")),
    Need("PangoFT2", "libpangoft2-1.0-0", lambda: has_library("pangoft2-1.0")),
    Need("HarfBuzz subset", "libharfbuzz-subset0", lambda: has_library("harfbuzz-subset")),
)
TEST_NEEDS = (
    Need("PostgreSQL", "postgresql", lambda: postgresql_bin() is not None),
    Need("Chromium", "chromium", lambda: chromium() is not None),
    # Playwright brings a Node of its own that is linked against it on Linux; nothing of Debian's chromium is.
    Need("libatomic", "libatomic1", lambda: sys.platform != "linux" or has_library("atomic", 1)),
    Need("nginx", "nginx-light", lambda: nginx() is not None),
    _command("xgettext", "gettext"),
    _command("pdftotext", "poppler-utils"),
    _command("pdftoppm", "poppler-utils"),
)


def font_need(python: Path) -> Need:
    """The paper's font, by what is in the files, as the program itself asks: `python` is the environment's.

    An older package has files of the same names and no Vietnamese.
    """

    def is_there() -> bool:
        asked = [str(python), "-m", "registration.fonts"]
        return subprocess.run(asked, cwd=python.parents[2], check=False).returncode == 0

    return Need("the font Liberation Serif with Vietnamese letters", "fonts-liberation2", is_there)


def provide(needs: Iterable[Need]) -> None:
    """Install what is missing of `needs`.

    Raises SystemExit with the exact command to type where apt may not be used or did not help.
    """
    needs = list(needs)
    missing = [need for need in needs if not need.is_there()]
    apt = _apt()
    if missing and apt:
        print(f"Installing system packages: {' '.join(_packages(missing))} ...", flush=True)
        _apt_install(apt, _packages(missing))
        # Not apt's exit code: where services may not start, a package can be complete and apt still complain.
        missing = [need for need in needs if not need.is_there()]
    if missing:
        raise SystemExit(how_to_install(missing))


def how_to_install(missing: list[Need]) -> str:
    """The message for a person: what is missing, and the command that brings it."""
    lines = [f"Missing on this machine: {', '.join(need.name for need in missing)}."]
    if shutil.which("apt-get"):
        sudo = "" if os.geteuid() == 0 else "sudo "
        packages = " ".join(_packages(missing))
        lines.append(f"Please type:  {sudo}apt-get update && {sudo}apt-get install -y {packages}")
    elif sys.platform == "darwin":
        lines.append(
            "Please type:  brew install pango fontconfig && brew install --cask font-liberation   "
            "(for the tests also: brew install postgresql gettext poppler nginx && brew install --cask chromium)"
        )
    else:
        lines.append(
            "Please type:  sudo dnf install pango harfbuzz fontconfig liberation-serif-fonts   "
            "(for the tests also: postgresql-server chromium gettext poppler-utils nginx), by your system's names"
        )
    return "\n".join(lines)


def _packages(needs: list[Need]) -> list[str]:
    return list(dict.fromkeys(need.package for need in needs))


def _apt() -> list[str] | None:
    """How to call apt-get without a question being asked, or None where this user may not."""
    if not shutil.which("apt-get"):
        return None
    settings = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    if os.geteuid() == 0:
        return settings
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode == 0
    ):
        return ["sudo", "-n", *settings]
    return None


def _apt_install(apt: list[str], packages: list[str]) -> None:
    command = [*apt, "install", "-y", "--no-install-recommends", *packages]
    # The first try spares the update where the lists are there; only the second one's errors matter.
    if not _quietly(command, errors=subprocess.DEVNULL):
        _quietly([*apt, "update"])
        _quietly(command)


def _quietly(command: list[str], errors: int | None = None) -> bool:
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
    return done.returncode == 0
