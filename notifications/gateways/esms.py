"""eSMS.vn, "customer care" messages under a registered brand name.

The API and its codes: https://developers.esms.vn/ (SendMultipleMessage_V4_post_json, Callback URL, GetSendStatus).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from notifications.gateways.base import (
    CONTROL,
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
from notifications.gateways.http import Reply, Request, ask_for_object
from notifications.phones import national_digits

ACCEPTED = "100"
# This request id was seen in the last 24 hours: an earlier try of ours did arrive.
DUPLICATE = "124"
# Our account, not this message: key, balance, brand name, address. A person can mend it while we keep trying.
ACCOUNT_CODES = frozenset({"101", "103", "104", "140"})
# This message: bad number, template, network without our brand name, blocked word.
MESSAGE_CODES = frozenset({"108", "146", "177", "201"})
# The provider has done what it could; SendSuccess and SendFailed say with what result.
DONE = "5"


@dataclass(frozen=True)
class EsmsGateway:
    url: str
    api_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    brandname: str
    sandbox: bool = False
    status_url: str = ""
    receipt_secret: str = field(default="", repr=False)
    name: str = "esms"

    @classmethod
    def from_settings(cls) -> "EsmsGateway":
        """The gateway of settings.ESMS. Raises ImproperlyConfigured, which names what is missing."""
        config = settings.ESMS
        for key in ("URL", "API_KEY", "SECRET_KEY", "BRANDNAME"):
            if not config[key]:
                raise ImproperlyConfigured(f"ESMS_{key} is not set. It is needed when SMS_GATEWAYS has esms.")
            if CONTROL.search(config[key]):
                raise ImproperlyConfigured(f"ESMS_{key} has a line break or another control character.")
        return cls(
            url=config["URL"],
            api_key=config["API_KEY"],
            secret_key=config["SECRET_KEY"],
            brandname=config["BRANDNAME"],
            sandbox=config["SANDBOX"],
            status_url=config.get("STATUS_URL", ""),
            receipt_secret=config.get("RECEIPT_SECRET", ""),
        )

    def send(self, message: OutgoingMessage) -> SendResult:
        """See Gateway.send. A repeated request id counts as accepted: it says that an earlier try was."""
        reply = ask_for_object(Request(self.url, json=self._payload(message), until=message.until))
        failure = _failure(reply)
        if failure is not None:
            raise failure
        if _word(reply.values, "CodeResult") == DUPLICATE:
            return SendResult(provider_message_id=_word(reply.values, "SMSID"))
        return SendResult(provider_message_id=own_id(reply.values.get("SMSID"), reply.retry_after))

    def read_reports(self, receipt: object) -> list[Report | None]:
        """See ReportingGateway. eSMS sends SMSID, RequestId, SendStatus, SendSuccess and SendFailed in the address."""
        return [_read_report(each) for each in each_of(receipt)]

    def fetch_report(self, provider_message_id: str) -> Report:
        """See PolledGateway. eSMS remembers a message for 7 days. An answer about another message is none."""
        reply = ask_for_object(Request(self._status_url(provider_message_id), method="GET"))
        if _word(reply.values, "CodeResponse") != ACCEPTED:
            raise GatewayUnavailable("esms-status", retry_after=reply.retry_after)
        if _word(reply.values, "SMSID") != provider_message_id:
            raise GatewayUnavailable("esms-other-id")
        report = _report(reply.values, "", provider_message_id)
        if report is None:
            raise GatewayUnavailable("garbage")
        return report

    def _status_url(self, provider_message_id: str) -> str:
        keys = {"RefId": provider_message_id, "ApiKey": self.api_key, "SecretKey": self.secret_key}
        return f"{self.status_url}?{urlencode(keys)}"

    def _payload(self, message: OutgoingMessage) -> dict[str, str]:
        payload = {
            "ApiKey": self.api_key,
            "SecretKey": self.secret_key,
            "Phone": national_digits(message.phone),
            "Content": message.text,
            "Brandname": self.brandname,
            "SmsType": "2",
            "IsUnicode": "0",
            "Sandbox": "1" if self.sandbox else "0",
            "RequestId": message.request_id,
        }
        if self.receipt_secret:
            payload["CallbackUrl"] = receipt_url(self.name, self.receipt_secret)
        return payload


def _failure(reply: Reply) -> GatewayFailure | None:
    """What a CodeResult means; None for a message that eSMS has taken."""
    code = _word(reply.values, "CodeResult")
    if code in {ACCEPTED, DUPLICATE}:
        return None
    if code in MESSAGE_CODES:
        return GatewayRejected(f"esms-{code}")
    if code in ACCOUNT_CODES:
        return GatewayUnavailable(f"esms-{code}", not_sent=True, retry_after=reply.retry_after)
    # An unknown code may mean anything; one that is no short number is not even recorded.
    is_code = code.isascii() and code.isdecimal() and len(code) <= 5
    return GatewayUnavailable(f"esms-{code}" if is_code else "garbage", retry_after=reply.retry_after)


def _read_report(receipt: object) -> Report | None:
    if not isinstance(receipt, Mapping):
        return None
    request_id, provider_message_id = (_word(receipt, key) for key in ("RequestId", "SMSID"))
    return _report(receipt, request_id, provider_message_id) if request_id or provider_message_id else None


def _report(values: Mapping[str, object], request_id: str, provider_message_id: str) -> Report | None:
    """None when it does not say where the message stands.

    SendSuccess and SendFailed count its parts: one that has failed makes a text that cannot be read.
    """
    status = _word(values, "SendStatus")
    if not (status.isascii() and status.isdecimal()):
        return None
    if status != DONE:
        return Report(None, request_id, provider_message_id)
    succeeded, failed = (_count(values, key) for key in ("SendSuccess", "SendFailed"))
    if succeeded is None or failed is None or not succeeded + failed:
        return None
    return Report(not failed, request_id, provider_message_id, code="esms-failed" if failed else "")


def _word(values: Mapping[str, object], key: str) -> str:
    """What stands there as text: a text or a whole number; "" for anything else."""
    value = values.get(key)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _count(values: Mapping[str, object], key: str) -> int | None:
    """How many; 0 where nothing is said, None for what is no number."""
    word = _word(values, key) if values.get(key) not in (None, "") else "0"
    return int(word) if word.isascii() and word.isdecimal() and len(word) <= 6 else None
