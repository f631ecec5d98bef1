"""`manage.py setup_roles`: the groups of staff and what each may do."""

from typing import Any

from django.core.management.base import BaseCommand

from registration.roles import ROLES, set_up_roles


class Command(BaseCommand):
    help = "Makes the groups of staff with their permissions. Safe to repeat; nobody leaves or joins a group."

    def handle(self, *args: Any, **options: Any) -> None:
        set_up_roles()
        self.stdout.write(f"roles: {', '.join(ROLES)}")
