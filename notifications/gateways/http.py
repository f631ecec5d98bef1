"""Calling a provider over HTTP.

The errors of the HTTP library carry the request and so the text: none of them, and nothing the provider said,
leaves this module. Failures are raised outside the `except` blocks so that they have no context either, and from
frames in which a request is an object that does not show what it holds.
"""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from math import inf
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError

from notifications.faults import place_of
from notifications.gateways.base import GatewayBroken, GatewayFailure, GatewayRejected, GatewayUnavailable
from notifications.gateways.bounded import ending_at, open_pools, tls_context

logger = logging.getLogger(__name__)

# Seconds to connect (finding the address and TLS included) and to wait for the answer. Their sum ends every exchange.
TIMEOUT = (5, 10)
# No provider's answer is longer; what is, is garbage.
MAX_ANSWER = 64 * 1024
# Our key, address or pace is refused or the service is not there: nothing was sent, and a person can mend it.
NOT_SENT_STATUSES = frozenset({401, 402, 403, 404, 407, 429})


@dataclass(frozen=True)
class Request:
    """What a provider is asked. Nothing of it shows in a repr: it holds keys, a number and perhaps a password."""

    url: str = field(repr=False)
    method: str = "POST"
    json: object = field(default=None, repr=False)
    form: Mapping[str, object] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    # Nothing is sent or waited for after this moment (time.monotonic), however long a call may otherwise take.
    until: float = inf


@dataclass(frozen=True)
class Reply:
    """A provider's answer: the HTTP status and its JSON, None when it was none."""

    status: int
    data: object = field(repr=False)

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def values(self) -> dict[str, object]:
        """The JSON object; empty when it is none."""
        return self.data if isinstance(self.data, dict) else {}


def ask(request: Request) -> Reply:
    """The provider's answer, whatever its status, within the sum of TIMEOUT however it comes.

    Raises GatewayUnavailable: no connection, timeout, line broken; GatewayBroken for what nobody expects. Redirects
    are not followed: they would carry the text elsewhere. A connection is kept for the next request.
    """
    failure: GatewayFailure
    try:
        with ending_at(min(time.monotonic() + sum(TIMEOUT), request.until)):
            return _exchange(request)
    except HTTPError as problem:
        failure = _network_failure(problem)
    except Exception as problem:
        failure = GatewayBroken()
        logger.error("A call to a provider broke: %s", place_of(problem))
    raise failure


def ask_for_object(request: Request) -> Reply:
    """The provider's answer, which is a JSON object.

    Raises as `ask`, and GatewayUnavailable (5xx, an answer that is no JSON object) or GatewayRejected (any other 4xx).
    """
    reply = ask(request)
    if not reply.is_ok:
        raise status_failure(reply.status)
    if not isinstance(reply.data, dict):
        raise GatewayUnavailable("garbage")
    return reply


def status_failure(status: int) -> GatewayFailure:
    """What an HTTP status that is no success means."""
    code = f"http-{status}"
    if status in NOT_SENT_STATUSES:
        return GatewayUnavailable(code, not_sent=True)
    if 400 <= status < 500 and status != 408:
        return GatewayRejected(code)
    return GatewayUnavailable(code)


def settle() -> None:
    """Does once, in a process that will fork, what each of its children would do before its first call."""
    tls_context(certifi.where())


@cache
def _pool(proxy: str) -> PoolManager:
    return open_pools(proxy, certifi.where())


@cache
def _proxy_for(scheme: str, host: str) -> str:
    """The proxy that this machine's environment names for the host, or ""."""
    return "" if proxy_bypass(host) else getproxies().get(scheme, "")


def _exchange(request: Request) -> Reply:
    headers, body = dict(request.headers), None
    if request.form is not None:
        headers["Content-Type"], body = "application/x-www-form-urlencoded", urlencode(request.form).encode()
    elif request.json is not None:
        headers["Content-Type"], body = "application/json", json.dumps(request.json).encode()
    parts = urlsplit(request.url)
    connect, read = TIMEOUT
    response = _pool(_proxy_for(parts.scheme, parts.hostname or "")).request(
        request.method,
        request.url,
        body=body,
        headers=headers,
        timeout=Timeout(connect=connect, read=read),
        redirect=False,
        preload_content=False,
    )
    return Reply(response.status, _parsed(_read(response)))


def _read(response: BaseHTTPResponse) -> bytes:
    """The body; an empty one when it is too long."""
    content = response.read(MAX_ANSWER + 1)
    if len(content) > MAX_ANSWER:
        response.close()
        return b""
    response.release_conn()
    return content


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _network_failure(problem: HTTPError) -> GatewayFailure:
    if isinstance(problem, NewConnectionError):  # by the library's family tree also a timeout
        return GatewayUnavailable("no-connection", not_sent=True)
    if isinstance(problem, ConnectTimeoutError):
        return GatewayUnavailable("connect-timeout", not_sent=True)
    if isinstance(problem, ReadTimeoutError):
        return GatewayUnavailable("timeout")
    # The line broke somewhere in between: the provider may have it.
    return GatewayUnavailable("network")
