"""What every SMS provider looks like to the rest of the program."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class OutgoingMessage:
    """A text on its way. Neither phone nor text, which may hold a password, shows in its repr."""

    request_id: str
    phone: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True)
class SendResult:
    """The provider has taken the message. Its own id for it: 64 characters at most, "" when it gave none."""

    provider_message_id: str


class GatewayFailure(Exception):
    """The provider did not accept. Carries only a code of ours, 40 characters at most.

    The provider's own words could hold the text or the number.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class GatewayUnavailable(GatewayFailure):
    """Worth trying again later. `not_sent` only when the provider certainly did not take the message."""

    def __init__(self, code: str, *, not_sent: bool = False) -> None:
        super().__init__(code)
        self.not_sent = not_sent


class GatewayRejected(GatewayFailure):
    """Trying again cannot help: the number or the text is refused."""


class Gateway(Protocol):
    @property
    def name(self) -> str: ...

    def send(self, message: OutgoingMessage) -> SendResult:
        """Hands `message` over, within 15 s. Raises GatewayUnavailable or GatewayRejected, nothing else."""
        ...
