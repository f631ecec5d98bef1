"""What a receipt's request carries: fields in its address, a form or JSON, of one receipt or of several."""

import json
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, QueryDict

from notifications.gateways.base import each_of

# Bytes of a receipt's body: some hundred receipts.
MAX_BODY = 64 * 1024
# The only encodings besides those of JSON that a provider may name: others can be slow, or are none of text.
_ENCODINGS = frozenset({"iso-8859-1", "latin-1", "us-ascii", "windows-1252", "windows-1258"})


class LengthMissing(Exception):
    """The body comes in chunks, and the server does not say where they end."""


class BodyTooLong(Exception):
    """More than MAX_BODY."""


def read_receipts(request: HttpRequest) -> object:
    """The fields of one receipt, or a list of them where several came in one call.

    The body is read by what it looks like: providers send JSON as text/plain, as a form and without a type. Raises
    BadRequest for what cannot be read, BodyTooLong, LengthMissing, and what Django raises for broken forms.
    """
    query, body = _rows(request.GET), _body(request)
    if body is None:
        return query if len(query) > 1 else query[0]
    if len(query) > 1:
        raise BadRequest("several receipts in the address and a body")
    merged = [query[0] | each if isinstance(each, dict) else each for each in each_of(body)]
    return merged if isinstance(body, list) else merged[0]


def _body(request: HttpRequest) -> object:
    """JSON or fields; None when there is no body."""
    if request.content_type == "multipart/form-data":
        rows = _rows(request.POST)
        return rows if len(rows) > 1 else rows[0]
    content = _content(request)
    if not content.strip():
        return None
    text = content.decode(_encoding(request, content), errors="replace").lstrip("\ufeff").strip()
    if text.startswith(("{", "[")):
        return _parsed(text)
    if "=" not in text:
        raise BadRequest("neither JSON nor a form")
    rows = _rows(QueryDict(text))
    return rows if len(rows) > 1 else rows[0]


def _content(request: HttpRequest) -> bytes:
    """The body, also one that comes in chunks, which Django takes for none."""
    if "chunked" not in request.headers.get("Transfer-Encoding", "").lower():
        return request.body
    environ: Mapping[str, Any] = request.META
    if not environ.get("wsgi.input_terminated"):
        raise LengthMissing
    content: bytes = environ["wsgi.input"].read(MAX_BODY + 1)
    if len(content) > MAX_BODY:
        raise BodyTooLong
    return content


def _encoding(request: HttpRequest, content: bytes) -> str:
    """Ids and outcomes are ASCII: of a wrong encoding only words suffer that nobody reads."""
    named = (request.content_params or {}).get("charset", "").strip("\"'").lower()
    return named if named in _ENCODINGS else json.detect_encoding(content)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadRequest("not JSON") from None


def _rows(fields: QueryDict) -> list[dict[str, object]]:
    """One row, or as many as a field was repeated; what stands there once is in each. Raises BadRequest where the
    numbers do not fit."""
    lists = {key: values for key, values in fields.lists() if values}
    count = max((len(values) for values in lists.values()), default=1)
    if any(len(values) not in (1, count) for values in lists.values()):
        raise BadRequest("fields repeated unevenly")
    return [{key: values[place % len(values)] for key, values in lists.items()} for place in range(count)]
