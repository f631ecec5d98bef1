"""Everything that changes an account."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from common.days import end_of_day_in
from common.text import name_key

# Easy to read from a small screen and to type on a phone: no capitals, no 0/o, 1/l/i.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
ONE_TIME_PASSWORD_LENGTH = 10  # 49 bits, behind a lock of 10 tries


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
        account.name_key = name_key(account.full_name)
        account.phone = wanted[number].phone
        account.is_active = account.must_change_password = True
    changed = ["full_name", "name_key", "phone", "is_active", "must_change_password"]
    User.objects.bulk_update(accounts.values(), changed)
    return accounts


def close_unused_account(account: User) -> None:
    """Until it is opened again nobody signs in: the one-time password, wherever it went, is over."""
    account.set_unusable_password()
    account.is_active = False
    account.one_time_password_until = None
    account.save(update_fields=["password", "is_active", "one_time_password_until"])


@dataclass(frozen=True)
class OneTimePassword:
    """A password that must be changed at first login, for one account; only its holder ever sees it in the clear.

    It is in force, and ends any earlier one, once SET_ONE_TIME_PASSWORD has been run with `params`. That changes no
    row when the account is closed, or when the person has chosen a password, which it would take away.
    """

    value: str = field(repr=False)
    params: Sequence[Any] = field(repr=False)


# Asked and written in one statement: nobody waits for a lock while the hash is made.
SET_ONE_TIME_PASSWORD = """
    UPDATE accounts_user SET password = %s, one_time_password_until = %s
    WHERE id = %s AND is_active AND must_change_password
"""  # noqa: S105 (a statement)


def make_one_time_password(account_id: int) -> OneTimePassword:
    """A new one for the account. Takes the time of one hash and no database."""
    password = "".join(secrets.choice(_ALPHABET) for _ in range(ONE_TIME_PASSWORD_LENGTH))
    until = end_of_day_in(settings.ONE_TIME_PASSWORD_DAYS)
    moment = connection.ops.adapt_datetimefield_value(until)
    return OneTimePassword(password, (make_password(password), moment, account_id))


def is_open(account_id: int) -> bool:
    """Whether somebody may sign in to this account."""
    return User.objects.filter(pk=account_id, is_active=True).exists()


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


def purge_ended_sessions() -> int:
    """Remove the sessions whose time is over, in one statement; how many."""
    return Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]


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
