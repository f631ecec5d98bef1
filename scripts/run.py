"""`make run`: the whole portal in one terminal. Ctrl-C, SIGTERM or closing the terminal stops all of it."""

import fcntl
import os
import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import FrameType

import environ

from scripts.processes import bind_error
from scripts.redis_server import Server, kept_redis
from scripts.supervisor import RESTART_SECONDS, Restarts, Supervisor, stop_signals, tell

ROOT = Path(__file__).resolve().parent.parent


def listening_place() -> tuple[str, int]:
    """HOST (default 127.0.0.1) and PORT (default 8000) from the environment, seen to be free.

    Raises SystemExit with one line for a person when PORT is no port or cannot be listened on.
    """
    host, text = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8000"
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise SystemExit(f"PORT must be a number from 1 to 65535, not {text!r}.")
    port = int(text)
    error = bind_error(host, port)
    if error is not None:
        other = port + 1 if 1024 <= port < 65535 else 8001
        raise SystemExit(f"Port {port} on {host} cannot be used: {error.strerror}. Try: PORT={other} make run")
    return host, port


def commands(host: str, port: int) -> dict[str, list[str]]:
    """The programs by name. None logs requests: their addresses carry tokens that open a person's papers."""
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return {
        "web": [
            *("gunicorn", "portal.wsgi", "--bind", bind, "--workers", "2", "--threads", "4", "--reload"),
            *("--graceful-timeout", "10", "--log-level", "error", "--no-control-socket"),
        ],
        "worker": [
            *("celery", "--quiet", "-A", "portal", "worker", "--concurrency", "2", "-l", "INFO"),
            *("--without-gossip", "--without-mingle"),
        ],
        "beat": ["celery", "--quiet", "-A", "portal", "beat", "-l", "INFO", "--pidfile="],
    }


@contextmanager
def _only_one(var: Path) -> Iterator[None]:
    """Two runs over one data folder would write over each other's queue."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SystemExit(
                f"The portal already runs with its data in {var}. For a second one: VAR_DIR=... make run"
            ) from None
        yield


def _exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(130 if number == signal.SIGINT else 0)


def _address(host: str, port: int) -> str:
    """Where a browser on this machine finds us."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def _announce(address: str) -> None:
    print(
        f"""
  The portal is ready:  {address}/
  Staff desk:           {address}/admin/      (sign-ins are printed above; password in .env)
  Test inbox (SMS):     {address}/hop-thu-thu/
  Stop everything:      Ctrl-C
""",
        flush=True,
    )


def _answers(address: str) -> bool:
    # Straight to this machine, whatever proxy the environment names.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(f"{address}/health/live", timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _tend(queue: Server | None) -> Callable[[], bool]:
    """Starts the queue's Redis again when it has ended by itself; False when that was of no use. Meanwhile the others
    do without it: the database is the truth."""
    restarts = Restarts(RESTART_SECONDS)

    def tend() -> bool:
        if queue is None or queue.exit_code is None:
            return True
        if restarts.take():
            queue.start_again()
        elif not restarts.is_due:
            if not restarts.plan():
                tell(f"redis ended by itself (exit code {queue.exit_code}); the others were stopped.")
                return False
            tell(f"redis ended by itself (exit code {queue.exit_code}); it is started again ({restarts}).")
        return True

    return tend


def _serve(host: str, port: int, queue: Server | None) -> int:
    print("Preparing the database ...", flush=True)
    if subprocess.run(
        [sys.executable, "-m", "scripts.prepare"], cwd=ROOT, check=False, start_new_session=True
    ).returncode:
        print("The database could not be prepared; the messages above say why.", file=sys.stderr)
        return 1
    address = _address(host, port)
    supervisor = Supervisor(lambda: _answers(address), lambda: _announce(address), _tend(queue))
    for name, command in commands(host, port).items():
        line = "exec " + shlex.join([sys.executable, "-m", *command])
        supervisor.add_process(name, line, env=dict(os.environ, PYTHONUNBUFFERED="1"), cwd=str(ROOT))
    return supervisor.supervise()


def main() -> int:
    """Run the portal until it is told to stop; the exit code."""
    for number in stop_signals():
        signal.signal(number, _exit)
    env_file = Path(os.environ.get("ENV_FILE") or ROOT / ".env")
    if env_file.is_file():
        environ.Env.read_env(env_file)
    host, port = listening_place()
    var = Path(os.environ.get("VAR_DIR") or ROOT / "var").resolve()
    given = os.environ.get("REDIS_URL")
    with _only_one(var), nullcontext(None) if given else kept_redis(var / "redis") as queue:
        if queue is not None:
            os.environ["REDIS_URL"] = queue.url
        code = _serve(host, port, queue)
        # From here on only the queue is left to stop, and a second Ctrl-C must not leave it behind.
        for number in stop_signals():
            signal.signal(number, signal.SIG_IGN)
    # The terminal may be gone; that is one way to stop.
    with suppress(OSError):
        print("Stopped.", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
