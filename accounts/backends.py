"""Signing in with a name and a password."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User


class PasswordBackend(ModelBackend):
    """Every name, known or not, costs as many hashes: their number depends on the typed password alone.

    Django's own backend makes one hash for an unknown name, but a password in Vietnamese is compared in two forms.
    That backend stays in the settings for the sessions that it began; no password gets as far as it.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        """The account. Raises PermissionDenied, which ends the search, when name and password do not fit."""
        if username is None or password is None:
            return None
        account = User.objects.filter(username=username).first() or User(password=make_password(None))
        if account.check_password(password) and self.user_can_authenticate(account):
            return account
        raise PermissionDenied
