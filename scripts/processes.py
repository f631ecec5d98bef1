"""Starting and ending other programs so that none is left behind."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def free_port() -> int:
    """A TCP port on the loopback address that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def bind_error(host: str, port: int) -> OSError | None:
    """Why a server could not listen on `host`:`port`, or None when it could."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As servers do: connections of the last run that are still closing are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error
    return None


def follow_parent(number: int) -> Callable[[], None]:
    """A function for a new process to call: it gets signal `number` when its parent dies, even by SIGKILL.

    Linux only; elsewhere the function does nothing.
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def follow() -> None:
        if libc is None:
            return
        libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        # The parent may have died in between; then no signal will ever come.
        if os.getppid() != parent:
            os.kill(os.getpid(), number)

    return follow


def stop(process: subprocess.Popen[bytes], number: int = signal.SIGTERM, seconds: float = 10) -> None:
    """Ask `process` to end with signal `number`; after `seconds` kill it, with the group if it leads one."""
    if process.poll() is not None:
        return
    process.send_signal(number)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        leads = os.getpgid(process.pid) == process.pid
    except ProcessLookupError:
        return
    if leads:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
