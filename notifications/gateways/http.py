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
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cache
from math import inf
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
from django.utils import timezone
from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError

from notifications.faults import place_of
from notifications.gateways.base import MAX_RETRY_AFTER, GatewayBroken, GatewayFailure, GatewayUnavailable
from notifications.gateways.bounded import ending_at, open_pools, tls_context

logger = logging.getLogger(__name__)

# Seconds to connect (finding the address and TLS included) and to wait for the answer. Their sum ends every exchange.
TIMEOUT = (5, 10)
# No provider's answer is longer; what is, is garbage.
MAX_ANSWER = 64 * 1024
# Of the statuses by which a request is refused (4xx) those that leave open whether an earlier part of it was worked on:
# timeout, conflict (perhaps with our own earlier try), too early, closed by the client.
OPEN_STATUSES = frozenset({408, 409, 425, 499})
# No body belongs to these. One that comes all the same, or the answer that 1xx announces, would be taken for the answer
# to the next message: the connection is closed.
BODILESS = frozenset({*range(100, 200), 204, 205, 304})
# A date in Retry-After is longer than a number, and neither is longer than this.
MAX_HEADER = 60


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
    """A provider's answer: the HTTP status, its JSON (None when it was none), and Retry-After in seconds."""

    status: int
    data: object = field(repr=False)
    retry_after: float = 0

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

    Raises as `ask`, and GatewayUnavailable for a status that is no success and an answer that is no JSON object.
    """
    reply = ask(request)
    if not reply.is_ok:
        raise status_failure(reply)
    if not isinstance(reply.data, dict):
        raise GatewayUnavailable("garbage", retry_after=reply.retry_after)
    return reply


def status_failure(reply: Reply) -> GatewayUnavailable:
    """What an HTTP status that is no success means. Never that the message is refused: it speaks of the request.

    With 4xx the provider did not work on it, so that the next gateway may take over at once.
    """
    refused = 400 <= reply.status < 500 and reply.status not in OPEN_STATUSES
    return GatewayUnavailable(f"http-{reply.status}", not_sent=refused, retry_after=reply.retry_after)


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
    content = _read(response)
    return Reply(response.status, _parsed(content), _retry_after(response.headers.get("Retry-After", "")))


def _read(response: BaseHTTPResponse) -> bytes:
    """The body; an empty one when it is too long."""
    if response.status in BODILESS:
        response.close()
        return b""
    content = response.read(MAX_ANSWER + 1)
    if len(content) > MAX_ANSWER:
        response.close()
        return b""
    response.release_conn()
    return content


def _retry_after(text: str) -> float:
    """Seconds, MAX_RETRY_AFTER at most, from a number or an HTTP date (RFC 9110, 10.2.3); 0 for anything else."""
    text = text.strip()
    if not text or len(text) > MAX_HEADER:
        return 0
    if text.isascii() and text.isdecimal():
        return min(int(text), MAX_RETRY_AFTER)
    try:
        date = parsedate_to_datetime(text)
        seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - timezone.now().timestamp()
    except (ValueError, OverflowError):
        return 0
    return min(max(seconds, 0), MAX_RETRY_AFTER)


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
