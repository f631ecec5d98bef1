"""The fields in which passwords and codes are typed."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.codes import MAX_TYPED
from accounts.passwords import MAX_CHOSEN, chosen_form

# A phone's keyboard must neither begin with a capital nor put anything right.
_AS_TYPED = {"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false"}


class PasswordField(forms.CharField):
    """A password as it was typed, every sign of it; `autocomplete` is current-password or new-password."""

    widget = forms.PasswordInput

    def __init__(self, *, autocomplete: str, limit: int = MAX_TYPED, **options: Any) -> None:
        super().__init__(strip=False, max_length=limit, **options)
        self.widget.attrs.update({**_AS_TYPED, "autocomplete": autocomplete})
        # A browser would cut what is pasted without a word, and the person would know another password than we.
        self.widget.attrs.pop("maxlength", None)
        self.error_messages["max_length"] = _("The password has more than %(limit_value)d characters. Type it again.")


class ChosenPasswordField(PasswordField):
    """A new password, in the form in which it is stored; at most MAX_CHOSEN characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(autocomplete="new-password", limit=MAX_CHOSEN, **options)
        self.error_messages["max_length"] = _("A password has at most %(limit_value)d characters. Choose another one.")

    def to_python(self, value: Any) -> str:
        return chosen_form(super().to_python(value) or "")


class CodeField(forms.CharField):
    """A code of digits from an SMS, with room for the whole SMS."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.widget.attrs.update({**_AS_TYPED, "inputmode": "numeric", "autocomplete": "one-time-code"})
