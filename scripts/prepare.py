"""Brings the database up to date: one process for all steps, because starting one costs a second."""

import os
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

AGENCIES = Path(__file__).resolve().parent.parent / "agencies" / "data" / "agencies.csv"


def prepare() -> None:
    """Migrate, load the agencies, make the roles and the demo staff (who prints their sign-in)."""
    call_command("migrate", interactive=False, verbosity=0)
    from agencies.models import Agency

    # Once: an administrator's own list, imported later, stays.
    if not Agency.objects.exists():
        call_command("import_agencies", str(AGENCIES))
    call_command("setup_roles")
    if settings.DEBUG:
        call_command("seed_demo")
    else:
        # Without DEBUG, pages name their files by content, which needs this list.
        call_command("collectstatic", interactive=False, verbosity=0)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    prepare()
