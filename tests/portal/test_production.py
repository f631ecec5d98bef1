"""With production settings: refuses to start half-configured, and serves pages and the PDF with hashed static names."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parents[2]
SERVE = """
import re, sys
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("collectstatic", interactive=False, verbosity=0)
from django.test import Client
client = Client(headers={"host": "portal.example.vn"})
for path in sys.argv[1:]:
    answer = client.get(path, secure=True)
    page = answer.content.decode()
    names = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert answer.status_code == 200, (path, answer.status_code)
    assert names and all(re.search(r"[.][0-9a-f]{12}[.]", name) for name in names), (path, names)
    for name in names:
        assert client.get(name, secure=True).status_code == 200, name
    assert "hop-thu-thu" not in page
assert client.get("/hop-thu-thu/", secure=True).status_code == 404
assert client.get("/", secure=False).status_code == 301
assert client.get("/health/live", secure=False).status_code == 200
from tests.registration.factories import make_declaration
from tests.registration.views.opening import open_in
declaration = make_declaration()
open_in(client, declaration)
pdf = client.get(f"/dang-ky/ho-so/{declaration.token}/to-khai.pdf", secure=True)
assert b"".join(pdf.streaming_content).startswith(b"%PDF-")
print("served")
"""


def environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "VAR_DIR": str(folder),
        "SECRET_KEY": "k" * 60 + "abcdefghij",
        "ALLOWED_HOSTS": "portal.example.vn",
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        "SMS_GATEWAYS": "esms",
        "ESMS_API_KEY": "key",
        "ESMS_SECRET_KEY": "secret",
        "ESMS_BRANDNAME": "BHXH",
    }


def run(arguments: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    "name",
    ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL", "CREDENTIAL_KEYS", "SMS_GATEWAYS", "ESMS_API_KEY"],
)
def test_start_is_refused_and_the_missing_variable_named(tmp_path: Path, name: str) -> None:
    env = environment(tmp_path)
    del env[name]
    done = run(["manage.py", "check"], env)
    assert done.returncode != 0
    assert name in done.stderr.splitlines()[-1]


def test_start_is_refused_with_the_test_inbox(tmp_path: Path) -> None:
    done = run(["manage.py", "check"], environment(tmp_path) | {"SMS_GATEWAYS": "inbox"})
    assert done.returncode != 0
    assert "SMS_GATEWAYS" in done.stderr.splitlines()[-1]


def test_deploy_checks_are_clean(tmp_path: Path) -> None:
    env = environment(tmp_path) | {"TRUSTED_PROXIES": "1", "OFFICE_NAME": "BHXH Thử"}
    env["DATABASE_URL"] = "postgres://portal@127.0.0.1:1/portal"
    done = run(["manage.py", "check", "--deploy", "--fail-level", "WARNING"], env)
    assert done.returncode == 0, done.stderr
    assert re.search(r"no issues \(0 silenced\)", done.stdout)


def test_start_is_refused_without_collected_static_files(tmp_path: Path) -> None:
    env = environment(tmp_path)
    refused = run(["-c", "import portal.wsgi"], env)
    assert refused.returncode == 3
    assert "collectstatic" in refused.stderr and "Traceback" not in refused.stderr
    assert run(["manage.py", "collectstatic", "--no-input"], env).returncode == 0
    assert run(["-c", "import portal.wsgi"], env).returncode == 0
    next((tmp_path / "static" / "css").glob("base.*.css")).unlink()
    assert "css/base.css" in run(["-c", "import portal.wsgi"], env).stderr


def test_pages_and_pdf_are_served_with_hashed_static_names(tmp_path: Path) -> None:
    pages = [
        "/",
        "/huong-dan/",
        "/dang-ky/",
        "/dang-ky/to-khai/",
        "/tra-cuu/",
        "/tai-khoan/dang-nhap/",
        "/admin/login/",
    ]
    done = run(["-c", SERVE, *pages], environment(tmp_path))
    assert done.stdout.strip().endswith("served"), done.stderr[-3000:]
