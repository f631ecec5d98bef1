"""Form fields that clean by the functions of `registration.validators`."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from agencies.models import Agency
from registration.cards import read_fields, rows_of
from registration.validators import tidy


class CleanedField(forms.CharField):
    """A line of text that a function of `registration.validators` brings into its stored form."""

    def __init__(self, *, cleaner: Callable[[str], str], **kwargs: Any) -> None:
        self.cleaner = cleaner
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        text = tidy(str(value or ""))
        if not text:
            if self.required:
                raise ValidationError(self.error_messages["required"], code="required")
            return ""
        return self.cleaner(text)


class AgencyField(forms.CharField):
    """An agency's code; its value is the agency itself, which must be receiving declarations today."""

    def clean(self, value: Any) -> Agency:
        code = str(value or "").strip()
        if not code:
            raise ValidationError(self.error_messages["required"], code="required")
        agency = Agency.objects.current().filter(code=code).first() if code.isdecimal() and len(code) <= 5 else None
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
