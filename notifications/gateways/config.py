"""From the tables of SMS_PROVIDERS_FILE to gateways. Whatever is wrong is named by its key, at start-up."""

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from urllib3.util import parse_url

from notifications.gateways.base import CONTROL
from notifications.gateways.generic import (
    PLACEHOLDER,
    PLACEHOLDERS,
    Answers,
    HttpGateway,
    Receipts,
    as_text,
    basic_auth,
)

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,19}")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_KEYS = {
    "": {"url", "encoding", "phone", "auth", "headers", "body", "success", "message_id_path", "errors", "receipt"},
    "auth": {"type", "username", "password", "token", "header", "value"},
    "success": {"path", "values"},
    "errors": {"path", "rejected", "not_sent", "duplicate"},
    "receipt": {"secret", "message_id_path", "request_id_path", "status_path", "delivered", "failed"},
}
_AUTH_KEYS = {"none": set(), "basic": {"username", "password"}, "bearer": {"token"}, "header": {"header", "value"}}


class Table:
    """One table of the file; it knows its own name, and every refusal says it."""

    def __init__(self, name: str, values: object, allowed: set[str] | None = None) -> None:
        self.name = name
        if not isinstance(values, Mapping):
            raise self.refusal("", "must be a table")
        self.values: Mapping[str, Any] = values
        for key in values:
            if allowed is not None and key not in allowed:
                raise self.refusal(key, f"is not known; known are {', '.join(sorted(allowed))}")

    def refusal(self, key: str, why: str) -> ImproperlyConfigured:
        """The error to raise; values are never in it, they may be secrets."""
        place = f"{self.name}.{key}" if key else self.name
        return ImproperlyConfigured(f"SMS_PROVIDERS_FILE: {place} {why}.")

    def text(self, key: str, default: str | None = None) -> str:
        """A text with its `${VARIABLE}`s taken from the environment; needed when there is no default."""
        if key not in self.values and default is not None:
            return default
        value = self.values.get(key)
        if not isinstance(value, str) or not value:
            raise self.refusal(key, "must be a text that is not empty")
        if CONTROL.search(value):
            raise self.refusal(key, "has a line break or another control character")
        return self.with_environment(key, value)

    def header(self, key: str, prefix: str = "") -> str:
        """A text that can be the value of a header: those are Latin-1."""
        value = self.text(key)
        if any(ord(character) > 0xFF for character in value):
            raise self.refusal(key, "has a character that no header takes")
        return prefix + value

    def one_of(self, key: str, choices: tuple[str, ...]) -> str:
        """A text out of `choices`; the first is the default."""
        value = self.text(key, choices[0])
        if value not in choices:
            raise self.refusal(key, f"must be one of {', '.join(choices)}")
        return value

    def texts(self, key: str) -> frozenset[str]:
        """A list of texts or numbers (or true and false), as texts.

        An empty text would be found wherever nothing stands.
        """
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str | int) and item != "" for item in value):
            raise self.refusal(key, "must be a list of texts or numbers, none of them empty")
        return frozenset(as_text(item) for item in value)

    def table(self, key: str) -> "Table":
        """The table below, empty when it is not there."""
        return Table(f"{self.name}.{key}", self.values.get(key, {}), _KEYS.get(key))

    def with_environment(self, key: str, value: str) -> str:
        """`value` with each `${VARIABLE}` replaced."""
        for variable in _VARIABLE.findall(value):
            if not os.environ.get(variable):
                raise self.refusal(key, f"needs the variable {variable}, which is not set")
            if CONTROL.search(os.environ[variable]):
                raise self.refusal(key, f"takes {variable}, which has a line break or another control character")
        return _VARIABLE.sub(lambda match: os.environ[match[1]], value)


def http_gateway(name: str) -> HttpGateway:
    """The gateway that the table `name` describes. Raises ImproperlyConfigured, which names the key."""
    if not _NAME.fullmatch(name):
        raise ImproperlyConfigured(f"SMS_PROVIDERS_FILE: {name} must be 1 to 20 small letters, digits, - and _.")
    table = Table(name, settings.SMS_PROVIDERS[name], _KEYS[""])
    encoding = table.one_of("encoding", ("json", "form"))
    return HttpGateway(
        name=name,
        url=_url(table),
        body=_body(table, encoding),
        encoding=encoding,
        phone_format=table.one_of("phone", ("e164", "digits", "national")),
        headers=_headers(table),
        answers=_answers(table),
        receipts=_receipts(table),
    )


def _url(table: Table) -> str:
    url = table.text("url")
    try:
        parse_url(url)
        parts = urlsplit(url)
    except ValueError:
        raise table.refusal("url", "is no address") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise table.refusal("url", "must be an address that begins with https://")
    if not settings.DEBUG and not url.startswith("https://"):
        raise table.refusal("url", "must begin with https:// when DEBUG is off")
    return url


def _headers(table: Table) -> dict[str, str]:
    given, auth = table.table("headers"), table.table("auth")
    headers = {_header_name(given, key, key): given.header(key) for key in given.values}
    kind = auth.one_of("type", tuple(_AUTH_KEYS))
    for key in auth.values:
        if key != "type" and key not in _AUTH_KEYS[kind]:
            raise auth.refusal(key, f"does not go with the type {kind}")
    if kind == "basic":
        headers["Authorization"] = basic_auth(auth.text("username"), auth.text("password"))
    elif kind == "bearer":
        headers["Authorization"] = auth.header("token", "Bearer ")
    elif kind == "header":
        headers[_header_name(auth, "header", auth.text("header"))] = auth.header("value")
    return headers


def _header_name(table: Table, key: str, name: str) -> str:
    if not _HEADER.fullmatch(name):
        raise table.refusal(key, "is no name of a header")
    return name


def _body(table: Table, encoding: str) -> Mapping[str, object]:
    body = table.table("body")
    for key, value in body.values.items():
        if encoding == "form" and (isinstance(value, bool) or not isinstance(value, str | int | float)):
            raise body.refusal(key, "must be a text or a number: a form has nothing else")
    filled = {key: _with_environment(body, key, value) for key, value in body.values.items()}
    found = set(PLACEHOLDER.findall(str(filled)))
    if unknown := found - PLACEHOLDERS:
        raise table.refusal("body", f"has an unknown placeholder {{{min(unknown)}}}")
    if missing := {"phone", "text"} - found:
        raise table.refusal("body", f"lacks {{{min(missing)}}}")
    return filled


def _with_environment(table: Table, key: str, value: object) -> object:
    if isinstance(value, str):
        return table.with_environment(key, value)
    if isinstance(value, Mapping):
        return {name: _with_environment(table, name, item) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_environment(table, key, item) for item in value]
    return value


def _answers(table: Table) -> Answers:
    success, errors = table.table("success"), table.table("errors")
    path, values = success.text("path", ""), success.texts("values")
    if bool(path) != bool(values):
        raise success.refusal("path" if values else "values", "is missing: path and values go together")
    lists = {key: errors.texts(key) for key in ("rejected", "not_sent", "duplicate")}
    error_path = errors.text("path", "")
    if any(lists.values()) and not error_path:
        raise errors.refusal("path", "is missing: it says where the error code stands")
    _check_apart(errors, lists)
    message_id_path = table.text("message_id_path", "")
    if not path and not message_id_path:
        raise success.refusal("path", "or message_id_path is needed: one of them shows that a message was accepted")
    return Answers(path, values, message_id_path, error_path, **lists)


def _check_apart(table: Table, lists: Mapping[str, frozenset[str]]) -> None:
    """One word cannot mean two things."""
    seen: set[str] = set()
    for key, words in lists.items():
        if words & seen:
            raise table.refusal(key, "has a word that another list has too")
        seen |= words


def _receipts(table: Table) -> Receipts:
    if "receipt" not in table.values:
        return Receipts()
    receipt = table.table("receipt")
    by_message, by_request = receipt.text("message_id_path", ""), receipt.text("request_id_path", "")
    if not by_message and not by_request:
        raise receipt.refusal("message_id_path", "is missing: a receipt must name its message")
    delivered, failed = receipt.texts("delivered"), receipt.texts("failed")
    if not delivered:
        raise receipt.refusal("delivered", "must name at least one status")
    _check_apart(receipt, {"delivered": delivered, "failed": failed})
    return Receipts(receipt.text("secret"), by_message, by_request, receipt.text("status_path"), delivered, failed)
