"""The SMS gateways: one class a provider, used in the order of settings.SMS_GATEWAYS."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from notifications.gateways.base import Gateway
from notifications.gateways.esms import EsmsGateway
from notifications.gateways.inbox import InboxGateway

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
    unknown = [name for name in names if name not in BUILDERS]
    if unknown or not names:
        known = ", ".join(sorted(BUILDERS))
        raise ImproperlyConfigured(
            f"SMS_GATEWAYS must list one or more of: {known}. Not known: {unknown or 'none given'}."
        )
    return [BUILDERS[name]() for name in names]


def check_settings() -> None:
    """Raises ImproperlyConfigured, which names the setting, for what must not start serving people."""
    get_gateways()
    if settings.DEBUG:
        return
    if "inbox" in settings.SMS_GATEWAYS:
        raise ImproperlyConfigured("SMS_GATEWAYS has inbox, which shows passwords on a page: only when DEBUG is on.")
    if "esms" in settings.SMS_GATEWAYS and not settings.ESMS["URL"].startswith("https://"):
        raise ImproperlyConfigured("ESMS_URL must begin with https:// when DEBUG is off.")
