"""The SMS gateways: one class a provider, used in the order of settings.SMS_GATEWAYS."""

import re
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from notifications.gateways import pace
from notifications.gateways.base import Gateway, ReportingGateway
from notifications.gateways.config import http_gateway
from notifications.gateways.esms import EsmsGateway
from notifications.gateways.inbox import InboxGateway

RECEIPT_SECRET = re.compile(r"[A-Za-z0-9_-]{16,100}")

BUILDERS: dict[str, Callable[[], Gateway]] = {
    "inbox": InboxGateway,
    "esms": EsmsGateway.from_settings,
}


def get_gateways() -> list[Gateway]:
    """The gateways of settings.SMS_GATEWAYS: the first sends, the next ones take over when it cannot.

    Raises ImproperlyConfigured, which names the setting, for an empty list, an unknown name or a gateway that
    lacks something.
    """
    names: list[str] = settings.SMS_GATEWAYS
    unknown = [name for name in names if not _is_known(name)]
    if unknown or not names:
        known = ", ".join(sorted({*BUILDERS, *settings.SMS_PROVIDERS}))
        raise ImproperlyConfigured(
            f"SMS_GATEWAYS must list one or more of: {known}. Not known: {unknown or 'none given'}."
        )
    return [_build(name) for name in names]


def find_gateway(name: str) -> Gateway | None:
    """The gateway of this name, if settings.SMS_GATEWAYS lists it."""
    return _build(name) if name in settings.SMS_GATEWAYS and _is_known(name) else None


def _is_known(name: str) -> bool:
    return name in BUILDERS or name in settings.SMS_PROVIDERS


def _build(name: str) -> Gateway:
    return BUILDERS[name]() if name in BUILDERS else http_gateway(name)


def check_settings() -> None:
    """Raises ImproperlyConfigured, which names the setting, for what must not start serving people."""
    for gateway in get_gateways():
        _check_receipt_secret(gateway)
    if twice := {name for name in settings.SMS_GATEWAYS if settings.SMS_GATEWAYS.count(name) > 1}:
        raise ImproperlyConfigured(f"SMS_GATEWAYS names {', '.join(sorted(twice))} more than once.")
    pace.check_rates(settings.SMS_GATEWAYS)
    if settings.DEBUG:
        return
    if "inbox" in settings.SMS_GATEWAYS:
        raise ImproperlyConfigured("SMS_GATEWAYS has inbox, which shows passwords on a page: only when DEBUG is on.")
    for key in ("URL", "STATUS_URL") if "esms" in settings.SMS_GATEWAYS else ():
        if settings.ESMS.get(key) and not settings.ESMS[key].startswith("https://"):
            raise ImproperlyConfigured(f"ESMS_{key} must begin with https:// when DEBUG is off.")


def _check_receipt_secret(gateway: Gateway) -> None:
    secret = gateway.receipt_secret if isinstance(gateway, ReportingGateway) else ""
    if secret and not RECEIPT_SECRET.fullmatch(secret):
        own = f"SMS_PROVIDERS_FILE: {gateway.name}.receipt.secret"
        name = "ESMS_RECEIPT_SECRET" if gateway.name == "esms" else own
        raise ImproperlyConfigured(f"{name} must be 16 to 100 letters, digits, - and _: it is part of an address.")
