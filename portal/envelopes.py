"""What a task on the queue must look like, asked before Celery 5.7 works on it, which ends over many others."""

import base64
import inspect
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from kombu.utils.json import loads

# Bytes. Our longest task has less than 2,000.
MAX_TASK = 64 * 1024
# No task of ours waits for longer than some seconds: what is due later stands in the database.
MAX_WAIT = timedelta(hours=1)
MAX_ID = 2**63
MAX_LIMIT = 3600
_WORD = re.compile(r"[\w.:@+-]{1,200}", re.ASCII)
_NOTHING_ELSE: tuple[object, ...] = (None, [], {}, "", False)


def envelope_fault(content: bytes) -> str:
    """Why kombu cannot read it, "" when it can."""
    if len(content) > MAX_TASK:
        return "too long"
    try:
        envelope = loads(content.decode())
    except Exception:  # whatever its words make the reader do
        return "no JSON"
    if not isinstance(envelope, dict):
        return "no object"
    properties, headers = envelope.get("properties"), envelope.get("headers")
    if not isinstance(properties, dict) or not isinstance(headers, dict | None):
        return "no properties"
    return _routing_fault(properties) or _body_fault(envelope, properties, headers or {})


def task_fault(headers: object, payload: Callable[[], Any], tasks: Mapping[str, Any]) -> str:
    """Why this is no task of ours, "" when it is. `payload` gives the decoded body, or raises."""
    if not isinstance(headers, dict):
        return "no headers"
    name = headers.get("task")
    if not isinstance(name, str) or name not in tasks:
        return "no task of ours"
    if fault := _headers_fault(headers):
        return fault
    try:
        body = payload()
    except Exception:  # whatever its words make the reader do
        return "unreadable body"
    if not isinstance(body, list | tuple) or len(body) != 3:
        return "no arguments"
    args, kwargs, embedded = body
    if not isinstance(args, list) or not isinstance(kwargs, dict) or not _is_alone(embedded):
        return "no arguments"
    return "" if _fits(tasks[name].run, args, kwargs) else "wrong arguments"


def _routing_fault(properties: dict[str, Any]) -> str:
    delivery = properties.get("delivery_info")
    places = [delivery.get("exchange"), delivery.get("routing_key")] if isinstance(delivery, dict) else [None]
    if not all(isinstance(place, str) for place in places):
        return "no address"
    tag = properties.get("delivery_tag")
    return "" if isinstance(tag, str) and _WORD.fullmatch(tag) else "no tag"


def _body_fault(envelope: dict[str, Any], properties: dict[str, Any], headers: dict[str, Any]) -> str:
    if headers.get("compression"):
        return "compressed"
    if (envelope.get("content-type"), envelope.get("content-encoding")) != ("application/json", "utf-8"):
        return "no JSON inside"
    body = envelope.get("body")
    if not isinstance(body, str) or properties.get("body_encoding") != "base64":
        return "no body"
    try:
        base64.b64decode(body, validate=True)
    except ValueError:
        return "broken body"
    return ""


def _headers_fault(headers: dict[str, Any]) -> str:
    task_id = headers.get("id")
    if not isinstance(task_id, str) or not _WORD.fullmatch(task_id):
        return "no id"
    if headers.get("retries") not in (0, None) or headers.get("shadow") is not None:
        return "unknown headers"
    if not _are_limits(headers.get("timelimit")):
        return "unknown time limit"
    for name in ("eta", "expires"):
        if not _is_time(headers.get(name)):
            return f"unreadable {name}"
    return "" if _is_soon(headers.get("eta")) else "due too late"


def _are_limits(value: object) -> bool:
    """Seconds, hard and soft, each perhaps None."""
    if value is None:
        return True
    if not isinstance(value, list) or len(value) != len(("hard", "soft")):
        return False
    return all(each is None or (type(each) is int and 0 < each < MAX_LIMIT) for each in value)


def _is_time(text: object) -> bool:
    try:
        return text is None or bool(isinstance(text, str) and datetime.fromisoformat(text))
    except ValueError:
        return False


def _is_soon(text: str | None) -> bool:
    if text is None:
        return True
    due = datetime.fromisoformat(text)
    return (due if due.tzinfo else due.replace(tzinfo=UTC)) <= datetime.now(UTC) + MAX_WAIT


def _is_alone(embedded: object) -> bool:
    """No callbacks, chains or chords: we have none."""
    return embedded is None or (isinstance(embedded, dict) and all(each in _NOTHING_ELSE for each in embedded.values()))


def _fits(run: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> bool:
    """Tasks of ours take ids of rows, and nothing else."""
    try:
        inspect.signature(run).bind(*args, **kwargs)
    except TypeError:
        return False
    return all(type(value) is int and 0 < value < MAX_ID for value in (*args, *kwargs.values()))
