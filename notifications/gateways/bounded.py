"""Connections on which a whole exchange ends in time, not only each of its waits.

A socket's timeout begins anew with every byte: who answers byte by byte is never late, and finding a name or trying
its addresses has no timeout at all. Here each wait gets what is left of the exchange that it belongs to.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context

# When the exchange under way must be over, on the monotonic clock.
_until: ContextVar[float] = ContextVar("until")


@contextmanager
def ending_at(until: float) -> Iterator[None]:
    """Everything that is sent or waited for inside ends by `until` (time.monotonic) with a TimeoutError."""
    token = _until.set(until)
    try:
        yield
    finally:
        _until.reset(token)


def open_pools(proxy: str, ca_file: str) -> PoolManager:
    """Connections kept open to each provider, by way of `proxy` unless it is empty."""
    options: dict[str, Any] = {"num_pools": 8, "maxsize": 8, "retries": False, "ssl_context": tls_context(ca_file)}
    pools = ProxyManager(proxy, **options) if proxy else PoolManager(**options)
    pools.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return pools


@cache
def tls_context(ca_file: str) -> ssl.SSLContext:
    """What the certificates of providers are checked with. Reading the file takes 20 ms."""
    context = create_urllib3_context()
    context.load_verify_locations(ca_file)
    context.sslsocket_class = _TlsSocket
    return context


def _left() -> float:
    left = _until.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError("the exchange has taken its time")
    return left


class _Ending:
    """What plain and TLS sockets do differently here: each wait gets what is left of the exchange, no more."""

    gettimeout: Callable[[], float | None]
    settimeout: Callable[[float | None], None]

    def recv_into(self, *args: Any, **named: Any) -> int:
        self.settimeout(min(self.gettimeout() or _left(), _left()))
        return super().recv_into(*args, **named)  # type: ignore[misc, no-any-return]

    def sendall(self, *args: Any, **named: Any) -> None:
        # Asked right before the first byte leaves: a process that was suspended until now sends nothing.
        self.settimeout(_left())
        super().sendall(*args, **named)  # type: ignore[misc]


class _Socket(_Ending, socket.socket):
    pass


class _TlsSocket(_Ending, ssl.SSLSocket):
    pass


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self)


class _TlsConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def _connected(connection: HTTPConnection) -> socket.socket:
    """A socket to one of the host's addresses, found and reached within the connection's timeout."""
    seconds = min(_left(), float(connection.timeout or _left()))
    problem = ""
    try:
        return _reach(connection._dns_host, connection.port, time.monotonic() + seconds)
    except TimeoutError:
        pass
    except OSError as error:
        problem = type(error).__name__
    if problem:
        raise NewConnectionError(connection, problem)
    raise ConnectTimeoutError(connection, "no connection in time")


def _reach(host: str, port: int, until: float) -> socket.socket:
    addresses = _addresses(host, port, until - time.monotonic())
    for place, (family, kind, protocol, _name, address) in enumerate(addresses):
        is_last = place == len(addresses) - 1
        sock = _Socket(family, kind, protocol)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # An address that does not answer leaves time for the next ones.
            sock.settimeout(max(0.001, (until - time.monotonic()) / (len(addresses) - place)))
            sock.connect(address)
            # What is left is for the TLS handshake.
            sock.settimeout(max(0.001, until - time.monotonic()))
            return sock
        except OSError:
            sock.close()
            if is_last:
                raise
    raise OSError("the host has no address")


def _addresses(host: str, port: int, seconds: float) -> list[Any]:
    """In a thread, because nothing else ends a look-up; one that is too late finds nobody waiting."""
    found: SimpleQueue[list[Any] | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as problem:
            found.put(OSError(type(problem).__name__))

    Thread(target=look_up, daemon=True).start()
    try:
        result = found.get(timeout=seconds)
    except Empty:
        raise TimeoutError("no address in time") from None
    if isinstance(result, OSError):
        raise result
    return result
