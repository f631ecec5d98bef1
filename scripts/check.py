"""`make check`: everything that can be said about the code without running the portal."""

import base64
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
MANAGE = [sys.executable, "manage.py"]

STEPS: dict[str, list[str]] = {
    "format": [str(BIN / "ruff"), "format", "--check", "."],
    "lint": [str(BIN / "ruff"), "check", "."],
    "types": [str(BIN / "mypy")],
    "imports": [str(BIN / "lint-imports")],
    "migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "django": [*MANAGE, "check", "--fail-level", "WARNING"],
}
DEPLOY = [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"]


def development(var: str) -> dict[str, str]:
    """The environment of most steps: no `.env`, so that they say the same on every machine."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "ENV_FILE": os.devnull,
        "VAR_DIR": var,
        "DEBUG": "1",
    }


def production(var: str) -> dict[str, str]:
    """The same, as a server would have it: nothing here is reached, it only has to be named."""
    return development(var) | {
        "DEBUG": "0",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "CREDENTIAL_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "ALLOWED_HOSTS": "portal.example",
        "DATABASE_URL": "postgres://portal@127.0.0.1:1/portal",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SMS_GATEWAYS": "esms",
        "ESMS_API_KEY": secrets.token_urlsafe(16),
        "ESMS_SECRET_KEY": secrets.token_urlsafe(16),
        "ESMS_BRANDNAME": "PORTAL",
        "TRUSTED_PROXIES": "1",
        "OFFICE_NAME": "BHXH",
    }


def _passes(name: str, command: list[str], env: dict[str, str]) -> bool:
    print(f"--- {name} ---", flush=True)
    started = time.monotonic()
    passed = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode == 0
    print(f"--- {name}: {'passed' if passed else 'FAILED'} in {time.monotonic() - started:.1f} s\n", flush=True)
    return passed


def main() -> int:
    """Run every step, also after one has failed; 1 when any has."""
    with tempfile.TemporaryDirectory(prefix="portal-check-") as var:
        failed = [name for name, command in STEPS.items() if not _passes(name, command, development(var))]
        if not _passes("deploy", DEPLOY, production(var)):
            failed.append("deploy")
    print(f"make check: {'FAILED: ' + ', '.join(failed) if failed else 'all passed'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
