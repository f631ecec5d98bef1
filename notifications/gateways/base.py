"""What every SMS provider looks like to the rest of the program."""

import re
from dataclasses import dataclass, field
from math import inf
from typing import Protocol, runtime_checkable

from django.conf import settings

# Seconds: a provider that asks to be left alone for longer is asked again after an hour all the same.
MAX_RETRY_AFTER = 3600
# In a key or an address: the line break at the end, as files have it, would break off the headers of every request.
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


# What an id of a provider may look like. Its other words may hold a number or a text.
PROVIDER_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(frozen=True)
class OutgoingMessage:
    """A text on its way. Neither phone nor text, which may hold a password, shows in its repr.

    `until` (time.monotonic) is when the right to send it ends: nothing of it may leave later.
    """

    request_id: str
    phone: str = field(repr=False)
    text: str = field(repr=False)
    until: float = field(default=inf, compare=False)
    # The one-time password in the text, by which it is known when a provider says it back to us; or "".
    secret: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True)
class SendResult:
    """The provider has taken the message. Its own id for it, as it gave it, or ""."""

    provider_message_id: str


@dataclass(frozen=True)
class Report:
    """What a provider says became of a message; `delivered` is None while it does not know.

    It names the message by our request id, by its own id, or by both. `code` is a short code of its own, or "".
    """

    delivered: bool | None
    request_id: str = ""
    provider_message_id: str = ""
    code: str = ""


class GatewayFailure(Exception):
    """The provider did not accept. Carries only a code of ours, 40 characters at most.

    The provider's own words could hold the text or the number.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class GatewayUnavailable(GatewayFailure):
    """Worth trying again later. `not_sent` only when the provider certainly did not take the message.

    `retry_after`: for so many seconds (MAX_RETRY_AFTER at most) the provider does not want to be asked.
    """

    def __init__(self, code: str, *, not_sent: bool = False, retry_after: float = 0) -> None:
        super().__init__(code)
        self.not_sent = not_sent
        self.retry_after = retry_after


class GatewayRejected(GatewayFailure):
    """Trying again cannot help: the number or the text is refused, by a code that the provider documents for that."""


class GatewayBroken(GatewayFailure):
    """A fault of ours or of the set-up, in the middle of a call: what the provider did is not known."""

    def __init__(self) -> None:
        super().__init__("internal")


class Gateway(Protocol):
    @property
    def name(self) -> str: ...

    def send(self, message: OutgoingMessage) -> SendResult:
        """Hands `message` over, within 15 s and never after its `until`.

        Raises GatewayUnavailable, GatewayRejected or GatewayBroken, nothing else.
        """
        ...


@runtime_checkable
class ReportingGateway(Protocol):
    """A provider that calls us when a message has reached the phone, or never will."""

    @property
    def name(self) -> str: ...

    @property
    def receipt_secret(self) -> str:
        """The part of the receipts' address that only the provider knows; "" when it sends none."""
        ...

    def read_reports(self, receipt: object) -> list[Report | None]:
        """What a receipt (form fields or JSON) says, of one message or of several; None for what makes no sense."""
        ...


@runtime_checkable
class PolledGateway(Protocol):
    """A provider that can be asked what became of a message."""

    def fetch_report(self, provider_message_id: str) -> Report:
        """Asks, within 15 s. Raises GatewayFailure."""
        ...


def own_id(value: object, retry_after: float = 0) -> str:
    """The provider's id of a message.

    Raises GatewayUnavailable when there is none: the provider has not shown that it took the message.
    """
    found = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not PROVIDER_ID.fullmatch(found):
        raise GatewayUnavailable("no-id", retry_after=retry_after)
    return found


def each_of(receipt: object) -> list[object]:
    """The receipts that came together: the items of a list, or the one."""
    return receipt if isinstance(receipt, list) else [receipt]


def receipt_url(name: str, secret: str) -> str:
    """Where the provider sends its receipts: the address of `notifications.views.receipt`."""
    return f"{settings.PUBLIC_URL}/sms/bao-phat/{name}/{secret}/"
