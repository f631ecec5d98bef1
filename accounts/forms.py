"""Signing in and choosing a password."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.numbers import parse_bhxh_number

if TYPE_CHECKING:
    _SetPasswordForm = SetPasswordForm[User]
else:
    _SetPasswordForm = SetPasswordForm


class LoginForm(AuthenticationForm):
    """Sign-in by BHXH number (or a pasted health-card number) and password."""

    error_messages = {
        "invalid_login": _(
            "The BHXH number or the password is not right. Look at the SMS again: the password has small letters and "
            "digits only until you change it."
        ),
        "inactive": _("This account is closed. Call the hotline for help."),
        "expired": _("The password from the SMS is too old to be used. Call the hotline to get a new one."),
    }

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        username = self.fields["username"]
        username.label = _("BHXH number")
        username.help_text = _("The 10 digits from the SMS, or the last 10 on the health-insurance card.")
        username.error_messages["required"] = _("Type your BHXH number.")
        username.widget.attrs.update({"inputmode": "numeric", "autocomplete": "username", "autofocus": False})
        self.fields["password"].label = _("Password")
        self.fields["password"].error_messages["required"] = _("Type your password.")

    def clean_username(self) -> str:
        typed: str = self.cleaned_data["username"]
        # Nobody's name is longer; PostgreSQL would refuse to note the failed try.
        return parse_bhxh_number(typed) or typed.strip()[:150]

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        until = user.one_time_password_until
        if until is not None and until < timezone.now():
            raise ValidationError(self.error_messages["expired"], code="expired")


class ResetRequestForm(forms.Form):
    """Whose password is to be set anew."""

    number = forms.CharField(
        label=_("BHXH number"),
        max_length=40,
        help_text=_("The 10 digits from the SMS, or the last 10 on the health-insurance card."),
        error_messages={"required": _("Type your BHXH number.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "username"}),
    )

    def clean_number(self) -> str:
        number = parse_bhxh_number(self.cleaned_data["number"])
        if number is None:
            raise ValidationError(_("A BHXH number has 10 digits. Look at the SMS or the health-insurance card."))
        return number


class ChoosePasswordForm(_SetPasswordForm):
    """A new password, twice; not the one that came by SMS. Whoever has chosen one before types it first."""

    old_password = forms.CharField(
        label=_("Present password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("Type the password that you use now.")},
    )
    field_order = ("old_password", "new_password1", "new_password2")
    too_similar = _("The password is too similar to your number, your name or your phone. Choose another one.")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        if user.must_change_password:
            # It was typed a moment ago, to get here.
            del self.fields["old_password"]
        first, second = self.fields["new_password1"], self.fields["new_password2"]
        first.label, second.label = _("New password"), _("New password again")
        first.help_text = _("At least 8 characters. Choose one that nobody can guess.")
        second.help_text = ""
        first.error_messages["required"] = _("Type the new password.")
        second.error_messages["required"] = _("Type the new password once more.")

    def clean_old_password(self) -> str:
        password: str = self.cleaned_data["old_password"]
        if not self.user.check_password(password):
            raise ValidationError(_("This is not your present password. Type it again."), code="wrong")
        return password

    def clean_new_password1(self) -> str:
        password: str = self.cleaned_data["new_password1"]
        if self.user.check_password(password):
            raise ValidationError(_("This is the password that you have now. Choose another one."), code="same")
        return password

    def validate_password_for_user(self, user: User, *_args: str) -> None:
        """What is wrong with a password is said where it is typed first."""
        super().validate_password_for_user(user, "new_password1")

    def add_error(self, field: str | None, error: Any) -> None:
        """Django's words name a "user name", which a citizen has never heard of."""
        for each in error.error_list if isinstance(error, ValidationError) and hasattr(error, "error_list") else ():
            if each.code == "password_too_similar":
                each.message, each.params = self.too_similar, None
        super().add_error(field, error)


class ResetPasswordForm(ChoosePasswordForm):
    """The code from the SMS and a new password, twice."""

    code = forms.CharField(
        label=_("Code from the SMS"),
        max_length=20,
        help_text=_("6 digits. It is valid for 15 minutes."),
        error_messages={"required": _("Type the 6 digits from the SMS.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )
    field_order = ("code", "new_password1", "new_password2")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        # The code stands for it: whoever is here has forgotten the present password.
        self.fields.pop("old_password", None)

    def clean_code(self) -> str:
        return "".join(symbol for symbol in self.cleaned_data["code"] if symbol.isdecimal())
