"""Everything that changes an account."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User

# Easy to read from a small screen and to type on a phone: no capitals, no 0/o, 1/l/i.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
ONE_TIME_PASSWORD_LENGTH = 10  # 49 bits, behind a lock of 10 tries


class AccountClosed(Exception):
    """Nobody can sign in to this account, or there is none (any more)."""


class PasswordChosen(Exception):
    """The person has chosen a password: a one-time password would take it away."""


@dataclass(frozen=True)
class Citizen:
    """Whom an account is for. `phone` is E.164."""

    bhxh_number: str
    full_name: str
    phone: str


def open_citizen_accounts(citizens: Sequence[Citizen]) -> dict[str, User]:
    """The account of each number: made without a usable password, or the one that is there brought up to date."""
    wanted = {citizen.bhxh_number: citizen for citizen in citizens}
    User.objects.bulk_create(
        [User(username=number, password=make_password(None)) for number in wanted], ignore_conflicts=True
    )
    accounts = {account.username: account for account in User.objects.filter(username__in=wanted)}
    for number, account in accounts.items():
        account.full_name = wanted[number].full_name
        account.phone = wanted[number].phone
        account.is_active = account.must_change_password = True
    User.objects.bulk_update(accounts.values(), ["full_name", "phone", "is_active", "must_change_password"])
    return accounts


def close_unused_account(account: User) -> None:
    """Until it is opened again nobody signs in: the one-time password, wherever it went, is over."""
    account.set_unusable_password()
    account.is_active = False
    account.one_time_password_until = None
    account.save(update_fields=["password", "is_active", "one_time_password_until"])


def issue_one_time_password(account_id: int) -> str:
    """Give the account a new password that must be changed at first login, and return it.

    Only the caller ever sees it in the clear; the account keeps the hash. It ends any earlier
    one-time password. Raises AccountClosed, and PasswordChosen when the person no longer has one.
    """
    password = "".join(secrets.choice(_ALPHABET) for _ in range(ONE_TIME_PASSWORD_LENGTH))
    # Asked and written in one statement: nobody waits for a lock while the hash is made.
    open_accounts = User.objects.filter(pk=account_id, is_active=True)
    until = timezone.now() + timedelta(days=settings.ONE_TIME_PASSWORD_DAYS)
    changes = {"password": make_password(password), "one_time_password_until": until}
    if not open_accounts.filter(must_change_password=True).update(**changes):
        raise PasswordChosen if open_accounts.exists() else AccountClosed
    return password


def attempted_name(request: HttpRequest, credentials: Mapping[str, Any] | None) -> str:
    """The name that somebody tried to sign in with, for counting the tries: cut to what its column holds."""
    name = (credentials or {}).get("username") or request.POST.get("username", "")
    return str(name).replace("\0", "")[:150]


def choose_password(account: User, password: str) -> None:
    """Store the password that the person chose; the one-time password is over."""
    account.set_password(password)
    account.must_change_password = False
    account.one_time_password_until = None
    account.save(update_fields=["password", "must_change_password", "one_time_password_until"])


def set_group_permissions(name: str, codenames: list[str]) -> Group:
    """The group of this name with exactly these permissions, each written `app_label.codename`.

    Raises ValueError for a permission that does not exist.
    """
    wanted = []
    for dotted in codenames:
        app_label, codename = dotted.split(".")
        permission = Permission.objects.filter(content_type__app_label=app_label, codename=codename).first()
        if permission is None:
            raise ValueError(f"no permission {dotted}")
        wanted.append(permission)
    group, _created = Group.objects.get_or_create(name=name)
    group.permissions.set(wanted)
    return group
