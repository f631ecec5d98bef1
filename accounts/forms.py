"""Signing in and choosing a password."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.codes import MAX_TYPED, clean_digits, number_part
from accounts.fields import ChosenPasswordField, CodeField, PasswordField
from accounts.models import User
from accounts.numbers import parse_bhxh_number
from accounts.passwords import broken_rules, refusal, rules_html

if TYPE_CHECKING:
    _SetPasswordForm = SetPasswordForm[User]
else:
    _SetPasswordForm = SetPasswordForm

# Room for a whole SMS that was pasted.
NUMBER_ROOM = 300


class LoginForm(AuthenticationForm):
    """Sign-in by BHXH number (or a pasted health-card number) and password."""

    password = PasswordField(
        label=_("Password"), autocomplete="current-password", error_messages={"required": _("Type your password.")}
    )

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
        hints = {"inputmode": "numeric", "autocomplete": "username", "autofocus": False, "maxlength": NUMBER_ROOM}
        username.widget.attrs.update({**hints, "autocapitalize": "none", "spellcheck": "false"})

    def clean_username(self) -> str:
        typed: str = self.cleaned_data["username"][:MAX_TYPED]
        # Nobody's name is longer; PostgreSQL would refuse to note the failed try.
        return parse_bhxh_number(number_part(typed)) or typed.strip()[:150]

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        until = user.one_time_password_until
        if until is not None and until < timezone.now():
            raise ValidationError(self.error_messages["expired"], code="expired")


class ChoosePasswordForm(_SetPasswordForm):
    """A new password, twice; not the one that came by SMS. Whoever has chosen one before types it first."""

    old_password = PasswordField(
        label=_("Present password"),
        autocomplete="current-password",
        error_messages={"required": _("Type the password that you use now.")},
    )
    new_password1 = ChosenPasswordField(
        label=_("New password"), error_messages={"required": _("Type the new password.")}
    )
    new_password2 = ChosenPasswordField(
        label=_("New password again"), error_messages={"required": _("Type the new password once more.")}
    )
    field_order = ("old_password", "new_password1", "new_password2")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        if user.must_change_password:
            # It was typed a moment ago, to get here.
            del self.fields["old_password"]
        self.fields["new_password1"].help_text = rules_html()

    def clean_old_password(self) -> str:
        password: str = self.cleaned_data["old_password"]
        if not self.user.check_password(password):
            raise ValidationError(_("This is not your present password. Type it again."), code="wrong")
        return password

    def validate_password_for_user(self, user: User, *_args: str) -> None:
        """All that is wrong with a password is said at once, where it is typed first."""
        password = self.cleaned_data.get("new_password1")
        if password and (problems := broken_rules(user, password)):
            self.add_error("new_password1", ValidationError(refusal(problems), code="weak"))


class ResetPasswordForm(ChoosePasswordForm):
    """The code from the SMS and a new password, twice."""

    code = CodeField(
        label=_("Code from the SMS"),
        max_length=NUMBER_ROOM,
        help_text=_("6 digits. It is valid for 10 minutes."),
        error_messages={"required": _("Type the 6 digits from the SMS.")},
    )
    field_order = ("code", "new_password1", "new_password2")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        # The code stands for it: whoever is here has forgotten the present password.
        self.fields.pop("old_password", None)

    def clean_code(self) -> str:
        return clean_digits(self.cleaned_data["code"])
