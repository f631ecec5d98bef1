"""Finding what one has begun or sent: the code of a draft, the reference of a declaration, the code that opens it."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.codes import number_part
from accounts.forms import NUMBER_ROOM
from accounts.numbers import parse_bhxh_number
from common.text import compact
from registration.access_codes import read_digits
from registration.references import parse_scan
from registration.validators import clean_phone


class ResumeForm(forms.Form):
    """The code of an unfinished declaration."""

    code = forms.CharField(
        label=_("Code to go on with"),
        help_text=_("15 digits, for example 482-177-350-946-218."),
        error_messages={"required": _("Type the code that the form showed you.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.update({"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"})


class TrackForm(forms.Form):
    """Reference and the last four digits of the phone: what a citizen has on the paper and in the head."""

    reference = forms.CharField(
        label=_("Reference"),
        help_text=_("It is on the receipt page and on the printed declaration, for example 7K3Q-9M2D-X."),
        error_messages={"required": _("Type the reference from your declaration.")},
    )
    phone_end = forms.CharField(
        label=_("Last 4 digits of the mobile phone"),
        help_text=_("Of the number that you declared."),
        error_messages={"required": _("Type the last 4 digits of the mobile number that you declared.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reference"].widget.attrs.update(
            {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        )
        self.fields["phone_end"].widget.attrs.update({"inputmode": "numeric", "autocomplete": "off"})

    # The version that a scanned code names; None for a reference alone.
    scanned_version: int | None = None

    def clean_reference(self) -> str:
        """The stored form. One that cannot exist is looked up like any other: the answer must not tell."""
        scan = parse_scan(self.cleaned_data["reference"])
        self.scanned_version = scan.version if scan else None
        return scan.reference if scan else ""

    def clean_phone_end(self) -> str:
        digits = "".join(c for c in compact(str(self.cleaned_data["phone_end"])) if c.isdecimal())
        if len(digits) != 4:
            raise ValidationError(_("Type exactly 4 digits: the last ones of the mobile number that you declared."))
        return digits

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        helper.layout = Layout(
            Field("reference", wrapper_class="field--medium"), Field("phone_end", wrapper_class="field--short")
        )
        return helper


class ResetRequestForm(forms.Form):
    """Whose password is to be set anew: a number alone is no secret, and would let any stranger have SMS sent."""

    number = forms.CharField(
        label=_("BHXH number"),
        max_length=NUMBER_ROOM,
        help_text=_("The 10 digits from the SMS, or the last 10 on the health-insurance card."),
        error_messages={"required": _("Type your BHXH number.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "username"}),
    )
    phone = forms.CharField(
        label=_("Mobile phone"),
        max_length=NUMBER_ROOM,
        help_text=_("The number that you declared. The code is sent to it."),
        error_messages={"required": _("Type the mobile number that you declared.")},
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )

    def clean_number(self) -> str:
        number = parse_bhxh_number(number_part(self.cleaned_data["number"]))
        if number is None:
            raise ValidationError(_("A BHXH number has 10 digits. Look at the SMS or the health-insurance card."))
        return number

    def clean_phone(self) -> str:
        return clean_phone(self.cleaned_data["phone"])


class CodeForm(forms.Form):
    """The code that opens a dossier. What cannot be one is no try."""

    code = forms.CharField(
        label=_("Code"),
        help_text=_("6 digits from the message, or 12 digits from the office."),
        error_messages={"required": _("Type the 6 digits from the message.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "spellcheck": "false"}),
    )

    def clean_code(self) -> str:
        digits = read_digits(self.cleaned_data["code"])
        if not digits:
            raise ValidationError(_("Type only the code: 6 digits from the message, or 12 digits from the office."))
        return digits

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        helper.layout = Layout(Field("code", wrapper_class="field--medium"))
        return helper
