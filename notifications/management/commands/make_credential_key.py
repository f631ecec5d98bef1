"""`manage.py make_credential_key`: a new key for CREDENTIAL_KEYS, made without any setting."""

from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Prints a new Fernet key. Put it in front of CREDENTIAL_KEYS; docs/operations.md says when old ones may go."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(Fernet.generate_key().decode())
