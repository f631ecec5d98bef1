"""Whose page has sent a request, as far as the browser tells."""

from enum import Enum
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


class Sender(Enum):
    OWN = "own"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"


def sender_of(request: HttpRequest) -> Sender:
    """From Origin, else Sec-Fetch-Site, else Referer: no page of another site can make a browser send ours in them."""
    origin = request.headers.get("Origin", "")
    site = request.headers.get("Sec-Fetch-Site", "")
    referer = request.headers.get("Referer", "")
    if origin:
        return Sender.OWN if _is_own(request, origin) else Sender.FOREIGN
    if site:
        return {"same-origin": Sender.OWN, "none": Sender.UNKNOWN}.get(site, Sender.FOREIGN)
    if referer:
        return Sender.OWN if _is_own(request, referer) else Sender.FOREIGN
    return Sender.UNKNOWN


def keeps_no_cookies(request: HttpRequest) -> bool:
    """The page before this one was ours, and each of ours sets a cookie; but none has come back."""
    return not request.COOKIES and sender_of(request) == Sender.OWN


def _is_own(request: HttpRequest, address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    origin = f"{parts.scheme}://{parts.netloc}"
    return origin == f"{request.scheme}://{request.get_host()}" or origin in settings.CSRF_TRUSTED_ORIGINS
