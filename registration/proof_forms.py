"""The two ways to ask whether a paper is the registered one."""

import hashlib

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from registration.proof import parse_short_hash
from registration.references import parse_scan
from registration.uploads import MAX_UPLOAD_BYTES, LostUpload

PDF_SIGN = b"%PDF-"


class FileForm(forms.Form):
    """The PDF as it was saved. Only its hash is taken: the file is neither opened nor kept."""

    file = forms.FileField(
        # An empty one is told below from one that our side has lost.
        allow_empty_file=True,
        label=_("The declaration's PDF file"),
        help_text=_("The file as the portal gave it. It is compared and not kept."),
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
        error_messages={
            "required": _("Choose the PDF file of the declaration."),
            "empty": _("This file is empty. Save the declaration once more and choose that file."),
        },
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if isinstance(file, LostUpload):
            raise ValidationError(_("The file could not be received just now. Please try again in a few minutes."))
        if not file.size:
            raise ValidationError(self.fields["file"].error_messages["empty"], code="empty")
        if (file.size or 0) > MAX_UPLOAD_BYTES:
            raise ValidationError(_("This file is too large to be a declaration: choose the PDF from the portal."))
        if not file.read(len(PDF_SIGN)).startswith(PDF_SIGN):
            raise ValidationError(
                _("This file is no PDF. With the paper, or a photo of it, type its code below instead.")
            )
        return file

    def sha256(self) -> str:
        """The hash of a valid form's file, in hexadecimal digits."""
        digest = hashlib.sha256()
        for chunk in self.cleaned_data["file"].chunks():
            digest.update(chunk)
        return digest.hexdigest()


class HashForm(forms.Form):
    """What stands on the printed paper."""

    reference = forms.CharField(
        label=_("Reference"),
        help_text=_("On top of the declaration, for example 7K3Q-9M2D-X."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        error_messages={"required": _("Type the reference from the declaration.")},
    )
    data_hash = forms.CharField(
        label=_("Check code of the data"),
        help_text=_("16 digits and letters above the signatures, for example 3f2a-91bc-07de-4410."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        error_messages={"required": _("Type the check code of the data from the declaration.")},
    )

    # The version that a scanned code names; None for a reference alone.
    scanned_version: int | None = None

    def clean_reference(self) -> str:
        """The stored form. One that cannot exist is looked up like any other: the answer must not tell."""
        scan = parse_scan(self.cleaned_data["reference"])
        self.scanned_version = scan.version if scan else None
        return scan.reference if scan else ""

    def clean_data_hash(self) -> str:
        short = parse_short_hash(self.cleaned_data["data_hash"])
        if short is None:
            raise ValidationError(
                _("The check code has 16 signs: the digits 0 to 9 and the letters a to f. Type all of them.")
            )
        return short
