"""eSMS.vn, "customer care" messages under a registered brand name.

The API and its codes: https://developers.esms.vn/ (SendMultipleMessage_V4_post_json).
"""

from dataclasses import dataclass, field

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from notifications.gateways.base import GatewayRejected, GatewayUnavailable, OutgoingMessage, SendResult
from notifications.gateways.http import post_json
from notifications.phones import national_digits

ACCEPTED = "100"
# This request id was seen in the last 24 hours: an earlier try of ours did arrive.
DUPLICATE = "124"
# Our account, not this message: key, balance, brand name, address. A person can mend it while we keep trying.
ACCOUNT_CODES = frozenset({"101", "103", "104", "140"})
# This message: bad number, template, network without our brand name, blocked word.
MESSAGE_CODES = frozenset({"108", "146", "177", "201"})


@dataclass(frozen=True)
class EsmsGateway:
    url: str
    api_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    brandname: str
    sandbox: bool = False
    name: str = "esms"

    @classmethod
    def from_settings(cls) -> "EsmsGateway":
        """The gateway of settings.ESMS. Raises ImproperlyConfigured, which names what is missing."""
        config = settings.ESMS
        for key in ("URL", "API_KEY", "SECRET_KEY", "BRANDNAME"):
            if not config[key]:
                raise ImproperlyConfigured(f"ESMS_{key} is not set. It is needed when SMS_GATEWAYS has esms.")
        return cls(config["URL"], config["API_KEY"], config["SECRET_KEY"], config["BRANDNAME"], config["SANDBOX"])

    def send(self, message: OutgoingMessage) -> SendResult:
        """See Gateway.send. A repeated request id counts as accepted."""
        answer = post_json(self.url, self._payload(message))
        code = str(answer.get("CodeResult", ""))
        if code in {ACCEPTED, DUPLICATE}:
            return SendResult(provider_message_id=str(answer.get("SMSID") or "")[:64])
        if code in MESSAGE_CODES:
            raise GatewayRejected(f"esms-{code}")
        if code in ACCOUNT_CODES:
            raise GatewayUnavailable(f"esms-{code}", not_sent=True)
        # An unknown code may mean anything; one that is no short number is not even recorded.
        raise GatewayUnavailable(f"esms-{code}" if code.isdecimal() and len(code) <= 5 else "garbage")

    def _payload(self, message: OutgoingMessage) -> dict[str, str]:
        return {
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
