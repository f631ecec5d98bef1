"""The Python environment in `.venv`. Standard library only: it makes what everything else runs in."""

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.system import Need, provide

UV = "uv==0.13.9"
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
STAMP = "installed.stamp"


def fingerprint(root: Path) -> str:
    """What the installed packages follow from: the requirement files under `root` and the Python version."""
    digest = hashlib.sha256(platform.python_version().encode())
    for name in REQUIREMENTS:
        digest.update(b"\0" + (root / name).read_bytes())
    return digest.hexdigest()


def is_current(root: Path, venv: Path) -> bool:
    """Whether `venv` works and was installed from exactly these requirements."""
    stamp = venv / STAMP
    if not stamp.is_file() or stamp.read_text(encoding="ascii").strip() != fingerprint(root):
        return False
    return (venv / "bin" / "python").exists()


def ensure_environment(root: Path) -> None:
    """Make `.venv` under `root` and install the requirements; at once when nothing has changed.

    Raises SystemExit naming what to do when it cannot.
    """
    venv = root / ".venv"
    if is_current(root, venv):
        return
    if not _works(venv):
        _create(venv)
    print("Installing the Python packages; only the first start waits for this ...", flush=True)
    _install(venv, root / REQUIREMENTS[-1])
    (venv / STAMP).write_text(fingerprint(root) + "\n", encoding="ascii")


def _works(venv: Path) -> bool:
    """An interrupted start, or a Python that was removed, leaves a folder that only looks like one."""
    probe = "import sys; raise SystemExit(sys.version_info[:2] != (3, 11))"
    python = venv / "bin" / "python"
    if not python.exists() or subprocess.run([python, "-c", probe], check=False).returncode:
        return False
    return _has_pip(venv) or _uv(venv) is not None


def _has_pip(venv: Path) -> bool:
    return (
        subprocess.run([venv / "bin" / "python", "-c", "import pip"], check=False, stderr=subprocess.DEVNULL).returncode
        == 0
    )


def _create(venv: Path) -> None:
    print(f"Making the Python environment in {venv} ...", flush=True)
    # Debian ships Python without ensurepip, and `python -m venv` fails there half-way.
    if importlib.util.find_spec("ensurepip") is None and shutil.which("uv"):
        subprocess.run(["uv", "venv", "--quiet", "--clear", "--python", sys.executable, venv], check=True)
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    provide([Need("the venv module of Python", package, lambda: _ensurepip_works())])
    subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)


def _ensurepip_works() -> bool:
    command = [sys.executable, "-c", "import ensurepip, venv; ensurepip.version()"]
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0


def _uv(venv: Path) -> str | None:
    own = venv / "bin" / "uv"
    return str(own) if own.exists() else shutil.which("uv")


def _install(venv: Path, requirements: Path) -> None:
    python = str(venv / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if _uv(venv) is None:
        subprocess.run([*pip, UV], check=False)
    uv = _uv(venv)
    if uv and _run([uv, "pip", "install", "--quiet", "--python", python, "-r", str(requirements)]):
        return
    # Also where uv is there but cannot reach an index that pip's own configuration knows of.
    if _has_pip(venv) and _run([*pip, "-r", str(requirements)]):
        return
    raise SystemExit(
        f"The Python packages of {requirements.name} could not be installed (the messages above say why).\n"
        "Is there a network, or an index of packages set with PIP_INDEX_URL?"
    )


def _run(command: list[str]) -> bool:
    env = dict(os.environ)
    if "PIP_INDEX_URL" in env:
        # uv reads none of pip's settings; a machine behind a mirror usually has only those.
        env.setdefault("UV_DEFAULT_INDEX", env["PIP_INDEX_URL"])
    return subprocess.run(command, env=env, check=False).returncode == 0
