"""People who can sign in: citizens (their BHXH number is the username) and staff."""

import secrets
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Right
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.passwords import chosen_form, readings
from common.text import name_key as fold_name

if TYPE_CHECKING:
    from accounts.lockout import Lock

# How many of a number's last digits the indexes for searching hold.
ENDING_LENGTH = 4


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username=username)

    def create_superuser(self, username: str, password: str, **extra: object) -> "User":
        """A staff account with every permission, for `manage.py createsuperuser`."""
        user = self.model(username=username, is_staff=True, is_superuser=True, **extra)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """One person's account. Citizens have a 10-digit username, staff never do: the two cannot be mistaken."""

    username = models.CharField(_("user name"), max_length=40, unique=True)
    full_name = models.CharField(_("full name"), max_length=100, blank=True)
    # What a search looks in: the folded name, written with it.
    name_key = models.CharField(max_length=200, blank=True, editable=False)
    phone = models.CharField(
        _("mobile phone"), max_length=16, blank=True, help_text=_("E.164, for example +84912345678")
    )
    is_staff = models.BooleanField(_("staff"), default=False, help_text=_("May sign in to the staff desk."))
    is_active = models.BooleanField(_("active"), default=True)
    must_change_password = models.BooleanField(_("must choose a new password"), default=False)
    one_time_password_until = models.DateTimeField(_("one-time password valid until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["username"]
        indexes = [
            models.Index(Right("username", ENDING_LENGTH), name="user_username_end"),
            models.Index(Right("phone", ENDING_LENGTH), name="user_phone_end"),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_citizen(self) -> bool:
        """Citizens are known by their number, whatever rights an administrator ticks."""
        return self.username.isdigit()

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_key = fold_name(self.full_name)[:200]
        fields = kwargs.get("update_fields")
        if fields is not None and "full_name" in fields:
            kwargs["update_fields"] = {*fields, "name_key"}
        super().save(*args, **kwargs)

    @property
    def has_one_time_password(self) -> bool:
        """Whether the password is one from an SMS; a member of staff's first one was typed by an administrator."""
        return self.must_change_password and self.one_time_password_until is not None

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(None if raw_password is None else chosen_form(raw_password))

    def check_password(self, raw_password: str) -> bool:
        """Whether this is the password, in any of its readings. All are compared: the time tells nothing of them."""
        typed = readings(raw_password, machine_made=self.has_one_time_password)
        found = [super(User, self).check_password(reading) for reading in typed]
        return True in found

    def get_full_name(self) -> str:
        return self.full_name or self.username

    def get_short_name(self) -> str:
        return self.full_name or self.username

    def clean(self) -> None:
        super().clean()
        if self.is_staff and (self.username or "").isdigit():
            message = _("A staff user name cannot be all digits: those are citizens' numbers.")
            raise ValidationError({"username": message})


class LockedAccount(User):
    """An account whose password was tried too often, as the administrators' list shows it."""

    class Meta:
        proxy = True
        verbose_name = _("locked account")
        verbose_name_plural = _("locked accounts")
        default_permissions = ()
        permissions = [("unlock_account", _("Can see locked accounts and unlock them"))]

    if TYPE_CHECKING:
        lock: "Lock"


def new_reset_token() -> str:
    """An unguessable name of a browser session that asks for resets: 192 bits."""
    return secrets.token_urlsafe(24)


class PasswordReset(models.Model):
    """Somebody asked for a new password. There is a row for every number asked about, with an account or without."""

    # Random, of the browser session that asked and alone may type the code.
    asking = models.CharField(max_length=40, db_index=True)
    account = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="resets")
    code_hash = models.CharField(max_length=64, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"reset {self.pk}"
