"""`manage.py seed_demo`: staff to sign in as and, with --declarations, dossiers for them to work on."""

import os
import secrets
from argparse import ArgumentParser
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from agencies.models import Agency, StaffMember
from agencies.services import import_agencies
from registration.roles import RECEPTION, set_up_roles

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class StaffAccount:
    """A member of the demo's staff; without an agency, the superuser."""

    username: str
    full_name: str
    agency_code: str = ""


STAFF = (
    StaffAccount("canbo.q3", "Cán bộ BHXH Quận 3", "07911"),
    StaffAccount("canbo.hcm", "Cán bộ BHXH TP. Hồ Chí Minh", "079"),
    StaffAccount("admin", "Quản trị cổng"),
)


class Command(BaseCommand):
    help = (
        "Makes the demo's staff with the password in DEMO_PASSWORD, or a random one, and prints it. Staff who are "
        "there keep their password unless DEMO_PASSWORD says another. With --declarations N also N declarations of "
        "invented people. Safe to repeat, also while the portal serves."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--declarations", type=int, default=0, metavar="N", help="how many there shall be")
        parser.add_argument("--seed", type=int, default=1, help="another number, other people (default 1)")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = os.environ.get("DEMO_PASSWORD", "").strip()
        if not (chosen or settings.DEBUG):
            raise CommandError("With DEBUG off the demo needs a password of your choice: set DEMO_PASSWORD.")
        password = chosen or secrets.token_urlsafe(9)
        _load_agencies()
        password_hash = _password_hash(password)
        # Nobody chose a new one: those who are signed in, and those who know the old one, go on.
        kept = set() if chosen else _usernames_there()
        with transaction.atomic():
            users = [_keep(account, None if account.username in kept else password_hash) for account in STAFF]
        self._print_sign_ins(password, kept)
        if options["declarations"] > 0:
            made = _declare(options["declarations"], options["seed"], users)
            self.stdout.write(f"declarations: {made} made, {options['declarations'] - made} were there")

    def _print_sign_ins(self, password: str, kept: set[str]) -> None:
        self.stdout.write("Demo sign-ins at /admin/:")
        for account in STAFF:
            shown = "(password unchanged)" if account.username in kept else password
            self.stdout.write(f"  {account.username:<10} {shown}   {account.agency_code or 'superuser'}")


def _load_agencies() -> None:
    if not Agency.objects.exists():
        path = os.path.join(apps.get_app_config("agencies").path, "data", "agencies.csv")
        with open(path, "rb") as file:
            import_agencies(file)


def _password_hash(password: str) -> str:
    """One hash for all of the demo, the stored one while it fits: hashing is slow and each start comes here."""
    usernames = [account.username for account in STAFF]
    stored = get_user_model().objects.filter(username__in=usernames).values_list("password", flat=True)
    known = next((known for known in sorted(set(stored)) if check_password(password, known)), None)
    return known or make_password(password)


def _usernames_there() -> set[str]:
    usernames = [account.username for account in STAFF]
    return set(get_user_model().objects.filter(username__in=usernames).values_list("username", flat=True))


def _keep(account: StaffAccount, password_hash: str | None) -> "User":
    """The account as the demo needs it, written only where it differs; None: its password stays."""
    wanted: dict[str, Any] = {
        "full_name": account.full_name,
        **({"password": password_hash} if password_hash else {}),
        "is_staff": True,
        "is_active": True,
        "is_superuser": not account.agency_code,
        "must_change_password": False,
    }
    user, is_new = get_user_model().objects.get_or_create(username=account.username, defaults=wanted)
    if not is_new and any(getattr(user, name) != value for name, value in wanted.items()):
        for name, value in wanted.items():
            setattr(user, name, value)
        user.save(update_fields=list(wanted))
    if account.agency_code:
        _employ(user, account.agency_code)
    return user


def _employ(user: "User", agency_code: str) -> None:
    if not user.groups.filter(name=RECEPTION).exists():
        set_up_roles()
        user.groups.add(Group.objects.get(name=RECEPTION))
    agency = Agency.objects.get(code=agency_code)
    if not StaffMember.objects.filter(user=user, agency=agency).exists():
        StaffMember.objects.update_or_create(user=user, defaults={"agency": agency})


def _declare(number: int, seed: int, users: list["User"]) -> int:
    # Drawing and picture libraries take time to load, which a start without declarations need not wait for.
    from registration.demo_declarations import Cast, make_demo_declarations

    cast = Cast(district=users[0], province=users[1], password_hash=users[0].password)
    return make_demo_declarations(number, seed=seed, cast=cast)
