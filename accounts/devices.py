"""Browsers in which somebody has signed in before: a signed cookie says to which accounts.

A lock by name must not keep its owner out, or anybody could lock out anybody. So a browser that has shown an
account's password is counted apart from all others. A new password ends that for every browser but the one that
chose it.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare

from accounts.models import User

COOKIE = "thiet_bi"
MAX_AGE_SECONDS = 365 * 24 * 3600
# A family's phone, a shared desk; those signed in to longest ago give way.
MAX_ACCOUNTS = 10
_SALT = "accounts.devices"


@dataclass
class Device:
    """A random name, and the mark of the password that each account had when it signed in here."""

    name: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    accounts: dict[str, str] = field(default_factory=dict)


def read_device(request: HttpRequest) -> Device | None:
    """What the browser's cookie says; None without one, or with one that this portal has not signed."""
    try:
        stored: dict[str, Any] = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=MAX_AGE_SECONDS)
        return Device(str(stored["n"]), {str(key): str(mark) for key, mark in stored["a"].items()})
    except (signing.BadSignature, ValueError, KeyError, TypeError, AttributeError):
        return None


def known_device(request: HttpRequest, username: str) -> str | None:
    """The name of this browser if somebody has signed in to this account with it, with the password of today."""
    device = read_device(request)
    if device is None:
        return None
    account = User.objects.filter(username=username, pk__in=_numbers(device.accounts)).first()
    if account is None:
        return None
    mark = device.accounts[str(account.pk)]
    # The second kind was made under a key that is being taken out of use.
    marks = [account.get_session_auth_hash(), *account.get_session_auth_fallback_hash()]
    return device.name if any(constant_time_compare(mark, each) for each in marks) else None


def remember_device(request: HttpRequest, response: HttpResponseBase, account: User) -> None:
    """Let the browser's cookie name this account, with today's password. Nothing is sent when it does already."""
    device = read_device(request) or Device()
    mark = account.get_session_auth_hash()
    if device.accounts.pop(str(account.pk), "") == mark:
        return
    device.accounts[str(account.pk)] = mark
    kept = dict(list(device.accounts.items())[-MAX_ACCOUNTS:])
    response.set_cookie(
        COOKIE,
        signing.dumps({"n": device.name, "a": kept}, salt=_SALT, compress=True),
        max_age=MAX_AGE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _numbers(keys: Any) -> list[int]:
    return [int(key) for key in keys if key.isdecimal()]
