"""Any provider with an HTTP API, set up by configuration (docs/gateways.md)."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from notifications.gateways.base import (
    GatewayFailure,
    GatewayRejected,
    GatewayUnavailable,
    OutgoingMessage,
    Report,
    SendResult,
    receipt_url,
)
from notifications.gateways.http import Reply, Request, ask, status_failure
from notifications.phones import national_digits

PLACEHOLDER = re.compile(r"\{(\w+)\}")
# What a template may name.
PLACEHOLDERS = frozenset({"phone", "text", "request_id", "receipt_url"})
_SHORT_CODE = re.compile(r"[A-Za-z0-9_-]{1,12}")


@dataclass(frozen=True)
class Answers:
    """How to read the provider's answer: dotted paths into its JSON, and the values that mean something."""

    success_path: str = ""
    success: frozenset[str] = frozenset()
    message_id_path: str = ""
    error_path: str = ""
    rejected: frozenset[str] = frozenset()
    not_sent: frozenset[str] = frozenset()
    duplicate: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Receipts:
    """How to read its receipts, and the secret that ends their address."""

    secret: str = field(default="", repr=False)
    message_id_path: str = ""
    request_id_path: str = ""
    status_path: str = ""
    delivered: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class HttpGateway:
    """`headers` hold the credentials; nothing but the name shows in the repr."""

    name: str
    url: str = field(repr=False)
    body: Mapping[str, object] = field(repr=False)
    encoding: str = field(default="json", repr=False)
    phone_format: str = field(default="e164", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    answers: Answers = field(default_factory=Answers, repr=False)
    receipts: Receipts = field(default_factory=Receipts, repr=False)

    @property
    def receipt_secret(self) -> str:
        return self.receipts.secret

    def send(self, message: OutgoingMessage) -> SendResult:
        """See Gateway.send."""
        reply = ask(self._request(message))
        failure = self._failure(reply)
        if failure is not None:
            raise failure
        return SendResult(provider_message_id=text_at(reply.data, self.answers.message_id_path))

    def read_report(self, values: Mapping[str, object]) -> Report | None:
        """See ReportingGateway."""
        rules = self.receipts
        provider_message_id = text_at(values, rules.message_id_path)
        request_id = text_at(values, rules.request_id_path)
        status = text_at(values, rules.status_path)
        if not status or not (provider_message_id or request_id):
            return None
        delivered = True if status in rules.delivered else False if status in rules.failed else None
        code = f"{self.name}-{status}" if _SHORT_CODE.fullmatch(status) else ""
        return Report(delivered, request_id, provider_message_id, code="" if delivered else code)

    def _request(self, message: OutgoingMessage) -> Request:
        if self.encoding == "form":
            return Request(self.url, form=self._filled(message), headers=self.headers, until=message.until)
        return Request(self.url, json=self._filled(message), headers=self.headers, until=message.until)

    def _filled(self, message: OutgoingMessage) -> dict[str, object]:
        values = self._values(message)
        return {key: fill(value, values) for key, value in self.body.items()}

    def _values(self, message: OutgoingMessage) -> dict[str, str]:
        forms = {
            "e164": message.phone,
            "digits": message.phone.lstrip("+"),
            "national": national_digits(message.phone),
        }
        return {
            "phone": forms[self.phone_format],
            "text": message.text,
            "request_id": message.request_id,
            "receipt_url": receipt_url(self.name, self.receipt_secret) if self.receipt_secret else "",
        }

    def _is_success(self, reply: Reply) -> bool:
        rules = self.answers
        return reply.is_ok and (not rules.success_path or text_at(reply.data, rules.success_path) in rules.success)

    def _failure(self, reply: Reply) -> GatewayFailure | None:
        code = text_at(reply.data, self.answers.error_path)
        if code in self.answers.duplicate or self._is_success(reply):
            return None
        # A code that is no short word is not even recorded: it may hold anything.
        known = f"{self.name}-{code}" if _SHORT_CODE.fullmatch(code) else ""
        if code and code in self.answers.rejected:
            return GatewayRejected(known or "rejected")
        if code and code in self.answers.not_sent:
            return GatewayUnavailable(known or "not-sent", not_sent=True)
        if not reply.is_ok:
            return status_failure(reply.status)
        return GatewayUnavailable(known or "garbage")


def fill(template: object, values: Mapping[str, str]) -> object:
    """The template with its placeholders replaced, once: what a text holds is never read as a placeholder."""
    if isinstance(template, str):
        return PLACEHOLDER.sub(lambda match: values[match[1]], template)
    if isinstance(template, Mapping):
        return {key: fill(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    return template


def text_at(data: object, path: str) -> str:
    """What stands at a dotted path (`data.tranId`, `messages.0.id`), as text; "" when nothing simple does."""
    for part in path.split(".") if path else []:
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        else:
            return ""
    simple = path and isinstance(data, str | int | float) and not isinstance(data, bool)
    return str(data) if simple else ""


def basic_auth(username: str, password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
