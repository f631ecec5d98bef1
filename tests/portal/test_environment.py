"""Wrong variables are refused by name, in one message, however the program is started."""

import os
import runpy
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from portal.environment import REFUSED, Environment
from portal.rules import DEVELOPMENT_CREDENTIAL_KEY, DEVELOPMENT_SECRET_KEY
from scripts.processes import free_port, stop
from tests.portal.test_production import ROOT, environment, run

LONG = "vK3" * 20

WRONG = [
    ("SECRET_KEY", "short"),
    ("SECRET_KEY", "k" * 60),
    ("SECRET_KEY", DEVELOPMENT_SECRET_KEY),
    ("SECRET_KEY", "django-insecure-" + "abcdefghij" * 6),
    ("SECRET_KEY", "   "),
    ("SECRET_KEY", '"' + "abcdefghij" * 6 + '"'),
    ("SECRET_KEY_FALLBACKS", "short"),
    ("SECRET_KEY_FALLBACKS", "abcdefghij" * 6 + ",short"),
    ("CREDENTIAL_KEYS", DEVELOPMENT_CREDENTIAL_KEY),
    ("CREDENTIAL_KEYS", f"PjLtlXIoEhIRTgayn6-VHh0ADSaoqfeBgcuU57HCiJE=,{DEVELOPMENT_CREDENTIAL_KEY}"),
    ("CREDENTIAL_KEYS", "no-key"),
    ("CREDENTIAL_KEYS", "A" * 43 + "="),
    ("CREDENTIAL_KEYS", ","),
    ("ALLOWED_HOSTS", "*"),
    ("ALLOWED_HOSTS", "portal.example.vn,*"),
    ("ALLOWED_HOSTS", "https://portal.example.vn"),
    ("ALLOWED_HOSTS", "portal.example.vn:443"),
    ("ALLOWED_HOSTS", "*.example.vn"),
    ("ALLOWED_HOSTS", "portal.example.vn other.example.vn"),
    ("PUBLIC_URL", "http://portal.example.vn"),
    ("PUBLIC_URL", "portal.example.vn"),
    ("PUBLIC_URL", "https://portal.example.vn/cong"),
    ("PUBLIC_URL", "https://user:pass@portal.example.vn"),
    ("PUBLIC_URL", "https://portal.example.vn:port"),
    ("PUBLIC_URL", "https://portal .example.vn"),
    ("PUBLIC_URL", "https://other.example.vn"),
    ("CSRF_TRUSTED_ORIGINS", "http://portal.example.vn"),
    ("CSRF_TRUSTED_ORIGINS", "portal.example.vn"),
    ("CSRF_TRUSTED_ORIGINS", "https://portal.example.vn,*"),
    ("DATABASE_URL", "mysql://portal@127.0.0.1/portal"),
    ("DATABASE_URL", "portal"),
    ("DATABASE_URL", "postgres://portal:pa:ss@127.0.0.1:5432:1/portal"),
    ("DATABASE_URL", "postgres://portal:pa#ss@127.0.0.1/portal"),
    ("DATABASE_URL", "postgres://127.0.0.1"),
    ("DATABASE_URL", "postgres://127.0.0.1:port/portal"),
    ("DATABASE_URL", "sqlite://"),
    ("REDIS_URL", "http://127.0.0.1:6379"),
    ("REDIS_URL", "127.0.0.1:6379"),
    ("REDIS_URL", "redis://127.0.0.1:abc/0"),
    ("REDIS_URL", "redis://127.0.0.1:6379/zero"),
    ("REDIS_URL", "unix:///run/redis.sock"),
    ("SMS_GATEWAYS", "inbox"),
    ("SMS_GATEWAYS", "esms,inbox"),
    ("SMS_PROVIDERS_FILE", "/no/such/file.toml"),
    ("ESMS_API_KEY", " "),
    ("ESMS_URL", "rest.esms.vn"),
    ("ESMS_STATUS_URL", "http://rest.esms.vn/"),
    ("ESMS_SANDBOX", "maybe"),
    ("METRICS_TOKEN", "short"),
    ("METRICS_TOKEN", "t" * 19),
    ("METRICS_TOKEN", "mật-khẩu-của-máy-đo-lường"),
    ("TRUSTED_PROXIES", "-1"),
    ("TRUSTED_PROXIES", "one"),
    ("TRUSTED_PROXIES", "1.5"),
    ("TRUSTED_PROXIES", "١"),
    ("RATE_LOGIN", "abc"),
    ("RATE_LOGIN", "60"),
    ("RATE_LOGIN", "0/minute"),
    ("RATE_LOGIN", "-5/minute"),
    ("RATE_TRACK_REFERENCE", "10/fortnight"),
    ("RATE_RESET_NUMBER", "5 per"),
    ("PAPER_DAYS", "0"),
    ("PAPER_DAYS", "-3"),
    ("PAPER_DAYS", "thirty"),
    ("PAPER_DAYS", "30 days"),
    ("PAPER_DAYS", "1_0"),
    ("PAPER_DAYS", "9" * 5000),
    ("DRAFT_HOURS", "0"),
    ("NUMBERS_PER_PHONE", "0"),
    ("ONE_TIME_PASSWORD_DAYS", "-1"),
    ("HSTS_SECONDS", "-1"),
    ("SWEEP_SECONDS", "0"),
    ("SWEEP_SECONDS", "nan"),
    ("SWEEP_SECONDS", "inf"),
    ("SWEEP_SECONDS", "10s"),
    ("HTTPS", "maybe"),
    ("DEBUG", "flase"),
    ("LOG_LEVEL", "LOUD"),
    ("HOTLINE", "'1900 9068'"),
    ("HOTLINE", "1900\n9068"),
    ("OFFICE_NAME", "x" * 201),
    ("VSSID_IOS_URL", "javascript:alert(1)"),
    ("VAR_DIR", "/proc/no-such-folder"),
    ("MEDIA_ROOT", "media"),
    ("MEDIA_ROOT", str(ROOT / "static" / "photos")),
    ("X_ACCEL_PREFIX", "_private"),
    ("X_ACCEL_PREFIX", "/"),
    ("S3_ACCESS_KEY", "key-without-a-bucket"),
    ("S3_ENDPOINT_URL", "https://s3.example.vn"),
    ("ENV_FILE", "/no/such/.env"),
    ("PORT", "http"),
]


def problems(env: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What the settings say of this environment; "" when they take it."""
    monkeypatch.setattr(os, "environ", env)
    with suppress(SystemExit):
        runpy.run_path(str(ROOT / "portal" / "settings.py"))
    return capsys.readouterr().err


def refusal(env: dict[str, str]) -> str:
    """What `manage.py check` says and how: with one message, and no traceback."""
    done = run(["manage.py", "check"], env)
    assert done.returncode == REFUSED, done.stderr
    assert "Traceback" not in done.stderr and "The portal does not start" in done.stderr
    return done.stderr


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_wrong_variable_is_refused_by_name(tmp_path: Path, monkeypatch, capsys, name: str, value: str) -> None:
    assert f"  {name} " in problems(environment(tmp_path) | {name: value}, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SMS_GATEWAYS", "no-such-gateway"),
        ("SMS_RATES", "esms=often"),
        ("ESMS_URL", "http://rest.esms.vn/"),
        ("HOTLINE", "Đường dây nóng 1900 9068"),
    ],
)
def test_wrong_variable_is_told_without_a_traceback(tmp_path: Path, name: str, value: str) -> None:
    assert name in refusal(environment(tmp_path) | {name: value})


@pytest.mark.parametrize(
    ("names", "given"),
    [
        ({"S3_SECRET_KEY"}, {"S3_BUCKET": "photos", "S3_ACCESS_KEY": "key"}),
        ({"S3_ACCESS_KEY"}, {"S3_BUCKET": "photos", "S3_SECRET_KEY": "secret"}),
        ({"S3_ENDPOINT_URL"}, {"S3_BUCKET": "photos", "S3_ENDPOINT_URL": "http://s3.example.vn"}),
        ({"S3_ENCRYPTION"}, {"S3_BUCKET": "photos", "S3_ENCRYPTION": "none"}),
        ({"X_ACCEL_PREFIX"}, {"S3_BUCKET": "photos", "X_ACCEL_PREFIX": "/_private"}),
        ({"PUBLIC_URL"}, {"ALLOWED_HOSTS": ".example.vn"}),
        (
            {"SECRET_KEY", "ALLOWED_HOSTS", "PAPER_DAYS", "RATE_LOGIN", "PUBLIC_URL", "REDIS_URL", "ESMS_BRANDNAME"},
            {
                "SECRET_KEY": "short",
                "ALLOWED_HOSTS": "*",
                "PAPER_DAYS": "0",
                "RATE_LOGIN": "abc",
                "PUBLIC_URL": "http://a.vn",
                "REDIS_URL": "",
                "ESMS_BRANDNAME": "",
            },
        ),
    ],
)
def test_all_that_is_wrong_is_named_at_once(
    tmp_path: Path, monkeypatch, capsys, names: set[str], given: dict[str, str]
) -> None:
    said = problems(environment(tmp_path) | given, monkeypatch, capsys)
    assert {name for name in names if f"  {name} " in said} == names


def test_refusal_repeats_no_secret(tmp_path: Path, monkeypatch, capsys) -> None:
    secret = "Zk3vQm8xT1"
    names = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "CREDENTIAL_KEYS", "METRICS_TOKEN")
    addresses = {"DATABASE_URL": f"postgres://u:{secret}#@h/n", "REDIS_URL": f"http://:{secret}@h:1/0"}
    said = problems(environment(tmp_path) | dict.fromkeys(names, secret) | addresses, monkeypatch, capsys)
    assert all(f"  {name} " in said for name in (*names, *addresses))
    assert secret not in said


RIGHT = [
    {"SECRET_KEY": "$HOME-" + LONG + "abcdefg"},
    {"SECRET_KEY_FALLBACKS": "abcdefghij" * 6},
    {"PUBLIC_URL": "https://portal.example.vn/"},
    {"ALLOWED_HOSTS": ".example.vn, 127.0.0.1,[::1]", "PUBLIC_URL": "https://a.example.vn"},
    {"CSRF_TRUSTED_ORIGINS": "https://portal.example.vn,https://*.example.vn"},
    {"HTTPS": "0", "PUBLIC_URL": "http://portal.example.vn", "CSRF_TRUSTED_ORIGINS": "http://portal.example.vn"},
    {"DATABASE_URL": "postgres://portal:p%23%40%3A@127.0.0.1:5432/portal?sslmode=require"},
    {"REDIS_URL": "rediss://:secret@127.0.0.1:6379"},
    {"TRUSTED_PROXIES": " 2 ", "PAPER_DAYS": "45", "OFFICE_NAME": "BHXH Thử", "HSTS_SECONDS": "0"},
    {"RATE_LOGIN": "10 per 2 minutes", "RATE_TRACK": "100/hour"},
    {"S3_BUCKET": "photos"},
    {"S3_BUCKET": "photos", "S3_ACCESS_KEY": "a", "S3_SECRET_KEY": "b", "S3_ENDPOINT_URL": "http://127.0.0.1:9000"},
    {"METRICS_TOKEN": "t" * 20, "LOG_LEVEL": "DEBUG", "X_ACCEL_PREFIX": "/_private/"},
]


@pytest.mark.parametrize("given", RIGHT)
def test_right_variables_are_taken(tmp_path: Path, monkeypatch, capsys, given: dict[str, str]) -> None:
    assert problems(environment(tmp_path) | given, monkeypatch, capsys) == ""


def test_development_needs_nothing_and_still_refuses_what_is_malformed(tmp_path: Path, monkeypatch, capsys) -> None:
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env |= {"ENV_FILE": os.devnull, "DEBUG": "1", "VAR_DIR": str(tmp_path)}
    assert problems(env, monkeypatch, capsys) == ""
    assert "  PAPER_DAYS " in problems(env | {"PAPER_DAYS": "many"}, monkeypatch, capsys)
    assert "  RATE_LOGIN " in problems(env | {"RATE_LOGIN": "abc"}, monkeypatch, capsys)


def test_credential_key_is_made_before_there_are_settings(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "ENV_FILE": os.devnull}
    made = run(["manage.py", "make_credential_key"], env)
    assert made.returncode == 0, made.stderr
    assert run(["manage.py", "check"], environment(tmp_path) | {"CREDENTIAL_KEYS": made.stdout}).returncode == 0


@pytest.mark.parametrize(
    "program",
    [
        ["gunicorn", "portal.wsgi", "--bind", "127.0.0.1:{port}", "--no-control-socket"],
        ["celery", "-A", "portal", "worker", "--concurrency", "1"],
        ["celery", "-A", "portal", "beat"],
    ],
)
@pytest.mark.parametrize("given", [{"RATE_LOGIN": "abc"}, {"ESMS_RECEIPT_SECRET": "short"}])
def test_every_program_ends_at_once_and_says_why(tmp_path: Path, program: list[str], given: dict[str, str]) -> None:
    command = [sys.executable, "-m", *(part.format(port=free_port()) for part in program)]
    env = environment(tmp_path) | given
    process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        _, errors = process.communicate(timeout=60)
    finally:
        stop(process, signal.SIGTERM)
    assert process.returncode == REFUSED
    assert next(iter(given)).encode() in errors
    assert b"Traceback" not in errors


def test_first_problem_of_a_variable_is_told() -> None:
    env = Environment({"PAPER_DAYS": "x", "DEBUG": "1"})
    assert env.number("PAPER_DAYS", 30, 1, 365) == 30
    env.note("PAPER_DAYS", "something else")
    assert list(env.problems) == ["PAPER_DAYS"] and "whole number" in env.problems["PAPER_DAYS"]
