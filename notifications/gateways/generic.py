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
    each_of,
    own_id,
    receipt_url,
)
from notifications.gateways.http import Reply, Request, ask, status_failure
from notifications.phones import national_digits

PLACEHOLDER = re.compile(r"\{(\w+)\}")
# What a template may name.
PLACEHOLDERS = frozenset({"phone", "text", "request_id", "receipt_url"})
# The first item of a list, in a path.
_FIRST = re.compile(r"(?:(?<=\.)|^)0\.")
_INDEX = re.compile(r"[0-9]{1,4}")
_SHORT_CODE = re.compile(r"[A-Za-z0-9_-]{1,12}")


@dataclass(frozen=True)
class Answers:
    """How to read the provider's answer: dotted paths into its JSON, and the values that mean something.

    A message counts as taken only on proof: by its rule of success, by an id where the answer must have one, by both
    where both are set up. `config` refuses a set-up with neither.
    """

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
        found = text_at(reply.data, self.answers.message_id_path)
        if self._code(reply) in self.answers.duplicate:
            # It names the request that was here before; not every provider says the id of that message again.
            return SendResult(provider_message_id=found)
        needs_id = bool(self.answers.message_id_path)
        return SendResult(provider_message_id=own_id(found, reply.retry_after) if needs_id else "")

    def read_reports(self, receipt: object) -> list[Report | None]:
        """See ReportingGateway. Where all paths begin in one list (`results.0.`), each of its items is a report."""
        rules = self.receipts
        return self._reports(receipt, (rules.message_id_path, rules.request_id_path, rules.status_path))

    def _reports(self, data: object, paths: tuple[str, str, str]) -> list[Report | None]:
        place, rest = shared_list(paths)
        if rest is None:
            return [self._report(*(text_at(each, path) for path in paths)) for each in each_of(data)]
        reports: list[Report | None] = []
        for each in each_of(data) if place else [data]:
            items = value_at(each, place)
            found = items if isinstance(items, list) and items else [None]
            reports += [report for item in found for report in self._reports(item, rest)]
        return reports

    def _report(self, provider_message_id: str, request_id: str, status: str) -> Report | None:
        rules = self.receipts
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
        if not rules.success_path:
            return reply.is_ok and bool(text_at(reply.data, rules.message_id_path))
        return reply.is_ok and text_at(reply.data, rules.success_path) in rules.success

    def _code(self, reply: Reply) -> str:
        return text_at(reply.data, self.answers.error_path)

    def _failure(self, reply: Reply) -> GatewayFailure | None:
        """A code counts where the provider answers as itself (2xx, 4xx), and not beside a success."""
        rules, code, wait = self.answers, self._code(reply), reply.retry_after
        speaks = reply.is_ok or 400 <= reply.status < 500
        if speaks and code in rules.duplicate:
            return None
        # A code that is no short word is not even recorded: it may hold anything.
        known = f"{self.name}-{code}" if _SHORT_CODE.fullmatch(code) else ""
        if self._is_success(reply):
            contradicts = code in rules.rejected | rules.not_sent
            return GatewayUnavailable("contradiction", retry_after=wait) if contradicts else None
        if speaks and code in rules.rejected:
            return GatewayRejected(known or "rejected")
        if speaks and code in rules.not_sent:
            return GatewayUnavailable(known or "not-sent", not_sent=True, retry_after=wait)
        return GatewayUnavailable(known or "garbage", retry_after=wait) if reply.is_ok else status_failure(reply)


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
    return as_text(value_at(data, path)) if path else ""


def value_at(data: object, path: str) -> object:
    """What stands at a dotted path, None when nothing does; all of `data` for an empty path."""
    for part in path.split(".") if path else []:
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, list) and _INDEX.fullmatch(part) and int(part) < len(data):
            data = data[int(part)]
        else:
            return None
    return data


def as_text(value: object) -> str:
    """A text or a number as it is, truth as JSON writes it; "" for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def shared_list(paths: tuple[str, str, str]) -> tuple[str, tuple[str, str, str] | None]:
    """The place of the list in which all paths begin, and what is left of each: `results.0.id` is `id` in `results`.

    None is left when they do not begin in one list. A path that is not set is in every list.
    """
    starts = {tuple(_FIRST.split(path, maxsplit=1)) for path in paths if path}
    places = {start[0] for start in starts}
    if len(places) != 1 or any(len(start) != 2 for start in starts):
        return "", None
    place = places.pop()
    one, two, three = (_FIRST.split(path, maxsplit=1)[1] if path else "" for path in paths)
    return place.rstrip("."), (one, two, three)


def basic_auth(username: str, password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
