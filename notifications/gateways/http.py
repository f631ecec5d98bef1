"""Calling a provider over HTTP.

The errors of `requests` carry the request and so the text: none of them, and nothing the provider said,
leaves this module. Failures are raised outside the `except` blocks so that they have no context either.
"""

from collections.abc import Mapping

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from notifications.gateways.base import GatewayFailure, GatewayRejected, GatewayUnavailable

# Seconds to connect and seconds to wait for the answer.
TIMEOUT = (5, 10)
# Our key, address or pace is refused or the service is not there: nothing was sent, and a person can mend it.
NOT_SENT_STATUSES = frozenset({401, 402, 403, 404, 407, 429})


def post_json(url: str, payload: Mapping[str, str]) -> dict[str, object]:
    """The provider's JSON object in answer to `payload`.

    Raises GatewayUnavailable (no connection, timeout, 5xx, an answer that is no JSON object) or
    GatewayRejected (any other 4xx). Redirects are not followed: they would carry the text elsewhere.
    """
    response = _post(url, payload)
    if response.status_code != requests.codes.ok:
        raise _status_failure(response.status_code)
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise GatewayUnavailable("garbage")
    return answer


def _post(url: str, payload: Mapping[str, str]) -> requests.Response:
    try:
        return requests.post(url, json=payload, timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException as problem:
        failure = _network_failure(problem)
    raise failure


def _network_failure(problem: requests.RequestException) -> GatewayFailure:
    cause = problem.args[0] if problem.args else None
    if isinstance(problem, requests.ConnectTimeout):
        return GatewayUnavailable("connect-timeout", not_sent=True)
    if isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError):
        return GatewayUnavailable("no-connection", not_sent=True)
    if isinstance(problem, requests.Timeout):
        return GatewayUnavailable("timeout")
    # The line broke somewhere in between: the provider may have it.
    return GatewayUnavailable("network")


def _status_failure(status: int) -> GatewayFailure:
    code = f"http-{status}"
    if status in NOT_SENT_STATUSES:
        return GatewayUnavailable(code, not_sent=True)
    if 400 <= status < 500 and status != requests.codes.request_timeout:
        return GatewayRejected(code)
    return GatewayUnavailable(code)
