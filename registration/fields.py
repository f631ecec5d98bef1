"""Form fields that clean by the functions of `registration.validators`."""

import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from common.old_codes import meant_by
from common.text import compact, tidy
from registration.cards import read_fields, rows_of

_CODE = re.compile(r"\d{1,5}", re.ASCII)


class CleanedField(forms.CharField):
    """A line of text that a function of `registration.validators` brings into its stored form.

    With `words` it holds Vietnamese words: text in an old code is asked about, unless `kept` says that it is right.
    """

    # What the citizen has confirmed to mean as it stands; the form sets it from the page's hidden field.
    kept = ""

    def __init__(self, *, cleaner: Callable[[str], str], words: bool = False, **kwargs: Any) -> None:
        self.cleaner, self.words = cleaner, words
        super().__init__(**kwargs)

    def meant(self, value: Any) -> str:
        """What text in an old code (VNI, TCVN3 and the like) stands for; empty where there is nothing to ask."""
        typed = str(value or "")
        return (meant_by(typed) or "") if self.words and tidy(typed) != self.kept else ""

    def clean(self, value: Any) -> str:
        if meant := self.meant(value):
            raise ValidationError(
                _("This seems to be typed in an old code (VNI, TCVN3). Did you mean “%(meant)s”? Choose below."),
                params={"meant": meant},
                code="old_code",
            )
        text = tidy(str(value or ""))
        if not text:
            if self.required:
                raise ValidationError(self.error_messages["required"], code="required")
            return ""
        return self.cleaner(text)


class AgencyField(forms.CharField):
    """An agency's code; its value is the agency itself, which must be receiving declarations today."""

    def clean(self, value: Any) -> Agency:
        code = compact(str(value or ""))
        if not code:
            raise ValidationError(self.error_messages["required"], code="required")
        agency = (
            Agency.objects.current().filter(code=code).first()
            if code.isdecimal() and code.isascii() and len(code) <= 5
            else None
        )
        if agency is None:
            raise ValidationError(self.error_messages["invalid"], code="unknown")
        return agency


class PhotoField(forms.FileField):
    """An uploaded photo. `attachment` is the stored one that the page shows, if there is one."""

    attachment: Any = None

    @property
    def said(self) -> list[dict[str, str]]:
        """What the QR code in the stored photo says, as rows of label and value."""
        return rows_of(read_fields([self.attachment.card])) if self.attachment else []

    def __init__(self, **kwargs: Any) -> None:
        # Empty files are refused by the image check, whose text says what to do.
        super().__init__(required=False, allow_empty_file=True, widget=forms.FileInput, **kwargs)
        self.widget.attrs["accept"] = "image/*,.heic,.heif,.avif"
