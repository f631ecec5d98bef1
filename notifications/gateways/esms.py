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
    receipt_url,
)
from notifications.gateways.http import Request, ask_for_object
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
        """See Gateway.send. A repeated request id counts as accepted."""
        reply = ask_for_object(Request(self.url, json=self._payload(message), until=message.until))
        failure = _failure(str(reply.values.get("CodeResult", "")))
        if failure is not None:
            raise failure
        return SendResult(provider_message_id=str(reply.values.get("SMSID") or ""))

    def read_report(self, values: Mapping[str, object]) -> Report | None:
        """See ReportingGateway. eSMS sends SMSID, RequestId, SendStatus, SendSuccess and SendFailed in the address."""
        request_id, provider_message_id = (str(values.get(key) or "") for key in ("RequestId", "SMSID"))
        if not request_id and not provider_message_id:
            return None
        return self._report(values, request_id, provider_message_id)

    def fetch_report(self, provider_message_id: str) -> Report:
        """See PolledGateway. eSMS remembers a message for 7 days."""
        reply = ask_for_object(Request(self._status_url(provider_message_id), method="GET"))
        if str(reply.values.get("CodeResponse", "")) != ACCEPTED:
            raise GatewayUnavailable("esms-status")
        return self._report(reply.values, "", provider_message_id)

    def _report(self, values: Mapping[str, object], request_id: str, provider_message_id: str) -> Report:
        delivered = None
        if str(values.get("SendStatus", "")) == DONE:
            succeeded, failed = (str(values.get(key) or "0") != "0" for key in ("SendSuccess", "SendFailed"))
            delivered = True if succeeded else False if failed else None
        return Report(delivered, request_id, provider_message_id, code="" if delivered else "esms-failed")

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


def _failure(code: str) -> GatewayFailure | None:
    """What a CodeResult means; None for a message that eSMS has taken."""
    if code in {ACCEPTED, DUPLICATE}:
        return None
    if code in MESSAGE_CODES:
        return GatewayRejected(f"esms-{code}")
    if code in ACCOUNT_CODES:
        return GatewayUnavailable(f"esms-{code}", not_sent=True)
    # An unknown code may mean anything; one that is no short number is not even recorded.
    return GatewayUnavailable(f"esms-{code}" if code.isdecimal() and len(code) <= 5 else "garbage")
