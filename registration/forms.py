"""The forms that citizens fill in."""

from collections.abc import Collection, Mapping
from typing import Any, cast

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Field, Fieldset, Layout
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from common.text import MAX_TEXT, tidy
from registration import cards, validators
from registration.answers import LABELS, NAMES, Answers
from registration.decoding import take_photo
from registration.enums import PaperKind, PhotoKind, required_photos
from registration.fields import AgencyField, CleanedField, PhotoField
from registration.images import ImageRefused, NormalisedImage
from registration.models import Attachment, Draft
from registration.notes import NOTED, FieldNote, notes_of

# The fields of Vietnamese words, in which old codes are met.
_WORDS = ("full_name", "address")
_MISSING_PHOTO = {
    PhotoKind.PORTRAIT: _("Choose or take a portrait photo."),
    PhotoKind.ID_FRONT: _("Choose or take a photo of the front of the identity paper."),
    PhotoKind.ID_BACK: _("Choose or take a photo of the back of the identity paper."),
}


class DeclarationForm(forms.Form):
    """The Tờ khai. `accepted` holds the photos of this request that can be stored, whatever else is wrong."""

    paper_kind = forms.ChoiceField(
        label=LABELS["paper_kind"],
        choices=PaperKind.choices,
        initial=PaperKind.CCCD,
        error_messages={
            "required": _("Choose the kind of identity paper."),
            "invalid_choice": _("Choose the kind of identity paper from the list."),
        },
    )
    portrait = PhotoField(
        label=PhotoKind.PORTRAIT.label, help_text=_("Face from the front, no hat or sunglasses, plain background.")
    )
    id_front = PhotoField(
        label=PhotoKind.ID_FRONT.label, help_text=_("The whole paper within the picture, in good light, without glare.")
    )
    id_back = PhotoField(label=PhotoKind.ID_BACK.label, help_text=_("Not needed for a passport."))
    full_name = CleanedField(
        label=LABELS["full_name"],
        cleaner=validators.clean_name,
        words=True,
        help_text=_("With accents, as on the identity paper."),
        error_messages={"required": _("Type the full name as it stands on the identity paper.")},
    )
    bhxh_number = CleanedField(
        label=LABELS["bhxh_number"],
        cleaner=validators.clean_bhxh_number,
        help_text=_("The last 10 digits on the health-insurance card."),
        error_messages={"required": _("Type the 10 digits of the BHXH number.")},
    )
    paper_number = CleanedField(
        label=LABELS["paper_number"],
        cleaner=lambda text: text,
        help_text=_("CCCD: 12 digits. CMND: 9 digits. Passport: up to 9 letters and digits."),
        error_messages={"required": _("Type the number of the identity paper.")},
    )
    address = CleanedField(
        label=LABELS["address"],
        cleaner=validators.clean_address,
        words=True,
        help_text=_("House number, street, ward, province or city."),
        error_messages={"required": _("Type the address where letters reach you.")},
    )
    phone = CleanedField(
        label=LABELS["phone"],
        widget=forms.TelInput,
        cleaner=validators.clean_phone,
        help_text=_("The password will be sent to this number by SMS. Check it carefully."),
        error_messages={"required": _("Type your mobile number.")},
    )
    email = CleanedField(
        label=LABELS["email"],
        widget=forms.EmailInput,
        cleaner=validators.clean_email,
        required=False,
        help_text=_("If you give one, notices about your declaration also come there. The password never does."),
    )
    agency = AgencyField(
        label=LABELS["agency"],
        widget=forms.HiddenInput,
        error_messages={
            "required": _("Choose the office that receives the declaration: press SELECT."),
            "invalid": _("This office receives no declarations now. Press SELECT and choose another."),
        },
    )
    consent = forms.BooleanField(
        label=_("I have read this, I agree, and I declare that what I have entered is true."),
        error_messages={"required": _("Tick the box if you agree. Without agreement the declaration cannot be taken.")},
    )

    def __init__(self, *args: Any, draft: Draft | None = None, client: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client = client
        self.accepted: dict[str, NormalisedImage] = {}
        # Kinds of the accepted photos that are stored by now.
        self.fresh: list[str] = []
        self.stored: dict[str, Attachment] = draft.photos() if draft else {}
        for kind in PhotoKind.values:
            self.photo_field(kind).attachment = self.stored.get(kind)
        for name, attrs in _ATTRS.items():
            self.fields[name].widget.attrs.update(attrs)
        if not settings.EMAIL_ENABLED:
            # What nobody would use is not asked for.
            del self.fields["email"]
        self._bound_data()
        for name in _WORDS:
            self.words_field(name).kept = tidy(str(self.data.get(f"kept_{name}", "")))
        self.pressed_offer = self._take_offer()

    def _bound_data(self) -> None:
        """The data as plain text within bounds: nothing looks at more, and the page shows no more again."""
        data = self.data.dict() if isinstance(self.data, MultiValueDict) else dict(self.data)
        self.data = {name: value[:MAX_TEXT] if isinstance(value, str) else value for name, value in data.items()}

    def _take_offer(self) -> bool:
        """Do what a button beside a field says: put in what is offered there, or keep what was typed."""
        offers = {
            "use-meant": lambda name: {name: self.words_field(name).meant(self.data.get(name))},
            "use-card": lambda name: {name: self.said().get(name, "")},
            "keep-typed": self._keep,
        }
        for button, take in offers.items():
            name = str(self.data.get(button, ""))
            if name in (_WORDS if button != "use-card" else cards.FILLABLE):
                self.data = {**self.data, **{changed: text for changed, text in take(name).items() if text}}
                return True
        return False

    def _keep(self, name: str) -> dict[str, str]:
        kept = tidy(str(self.data.get(name, "")))
        self.words_field(name).kept = kept
        return {f"kept_{name}": kept}

    def words_field(self, name: str) -> CleanedField:
        return cast("CleanedField", self.fields[name])

    def said(self) -> dict[str, str]:
        """What the cards in the photos that the page shows say."""
        photos = (self.photo_field(kind).attachment for kind in PhotoKind.values)
        return cards.read_fields([photo.card for photo in photos if photo])

    def notes(self, filled: Collection[str] = ()) -> dict[str, FieldNote]:
        """What stands at each field beside its errors; `filled` are the fields that the card filled in now."""
        answers = {name: str(self[name].value() or "") for name in (*NOTED, "paper_kind")}
        notes = notes_of(answers, self.said())
        for name in filled:
            notes[name].filled = True
        for name in _WORDS:
            notes[name].meant = self.words_field(name).meant(answers[name])
            notes[name].kept = self.words_field(name).kept
        return notes

    def photo_field(self, kind: str) -> PhotoField:
        return cast("PhotoField", self.fields[kind])

    def show_stored(self, photo: Attachment) -> None:
        """One of the accepted photos has been stored: the page shows it so."""
        self.stored[photo.kind] = self.photo_field(photo.kind).attachment = photo
        self.fresh.append(photo.kind)

    def _clean_photo(self, kind: str) -> None:
        upload = self.cleaned_data.get(kind)
        if upload is None:
            return
        try:
            self.accepted[kind] = take_photo(upload, kind, self.client)
        except ImageRefused as refusal:
            raise ValidationError(str(refusal.message), code=refusal.code) from refusal

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        for kind in PhotoKind.values:
            try:
                self._clean_photo(kind)
            except ValidationError as error:
                self.add_error(kind, error)
        self._require_photos(cleaned.get("paper_kind", PaperKind.CCCD))
        if cleaned.get("paper_kind") and cleaned.get("paper_number"):
            try:
                cleaned["paper_number"] = validators.clean_paper_number(cleaned["paper_kind"], cleaned["paper_number"])
            except ValidationError as error:
                self.add_error("paper_number", error)
        return cleaned

    def _require_photos(self, paper_kind: str) -> None:
        for kind in required_photos(paper_kind):
            if kind not in self.accepted and kind not in self.stored and kind not in self.errors:
                self.add_error(kind, ValidationError(_MISSING_PHOTO[PhotoKind(kind)], code="required"))

    def answers(self, language: str) -> Answers:
        """The cleaned data of a valid form."""
        return Answers(**{name: self.cleaned_data.get(name, "") for name in NAMES}, language=language)

    @property
    def answer_names(self) -> str:
        """The names of the fields that are typed or chosen, for the page's script."""
        return " ".join(NAMES)

    def chosen_agency(self) -> Agency | None:
        """The agency that the form shows as chosen, if there is one of this code."""
        code = str(self["agency"].value() or "")
        return Agency.objects.current().filter(code=code).first() if code.isdecimal() else None

    def fill_from_cards(self, said: Mapping[str, str]) -> dict[str, str]:
        """Put what a card says into the empty fields, for the citizen to check. Returns what was filled in."""
        filled = cards.fillings(said, {name: str(self.data.get(name, "")) for name in self.fields})
        self.data = {**self.data, **filled}
        return filled

    def review(self) -> list[dict[str, object]]:
        """The answers as they stand, for the list before Ghi nhận: label, value, and where to change it."""
        rows: list[dict[str, object]] = []
        for name in (name for name in self.fields if name in (*PhotoKind.values, *NAMES)):
            bound, is_photo = self[name], name in PhotoKind.values
            target = bound.auto_id if name != "agency" else f"{bound.auto_id}_label"
            value = self._shown(name)
            empty = gettext("Not given yet") if is_photo or bound.field.required else gettext("None")
            rows.append(
                {
                    "name": name,
                    "label": bound.label,
                    "value": value,
                    "empty": empty,
                    "target": target,
                    "is_photo": is_photo,
                }
            )
        return rows

    def _shown(self, name: str) -> str:
        if name in PhotoKind.values:
            return gettext("Stored") if self.photo_field(name).attachment else ""
        value = str(self[name].value() or "")
        if name == "paper_kind":
            return str(dict(PaperKind.choices).get(value, ""))
        agency = self.chosen_agency() if name == "agency" else None
        return (agency.label if agency else "") if name == "agency" else value

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        photo = "registration/_photo_field.html"
        helper.layout = Layout(
            Fieldset(
                _("1. Identity paper and photos"),
                Field("paper_kind", wrapper_class="field--medium"),
                *(Field(kind, template=photo) for kind in PhotoKind.values),
            ),
            Fieldset(
                _("2. About you"),
                "full_name",
                _card_note("full_name"),
                Field("bhxh_number", template="registration/_number_field.html"),
                _card_note("bhxh_number"),
                Field("paper_number", wrapper_class="field--medium"),
                _card_note("paper_number"),
                "address",
                _card_note("address"),
                Field("phone", wrapper_class="field--medium"),
                _card_note("phone"),
                *(["email"] if "email" in self.fields else []),
            ),
            Fieldset(_("3. Where you hand it in"), Field("agency", template="agencies/_field.html")),
            Fieldset(_("4. Check your answers"), HTML('{% include "registration/_review.html" %}')),
            Fieldset(_("5. Agreement"), HTML('{% include "registration/_consent.html" %}'), "consent"),
        )
        return helper


def _card_note(name: str) -> HTML:
    """What the card's QR code says about the field above, and whatever else is unusual there."""
    return HTML(f'{{% include "registration/_card_note.html" with name="{name}" note=card_notes.{name} %}}')


_ATTRS: dict[str, dict[str, str]] = {
    "full_name": {"autocomplete": "name", "autocapitalize": "words", "spellcheck": "false"},
    "bhxh_number": {"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"},
    "paper_number": {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"},
    "address": {"autocomplete": "street-address"},
    "phone": {"inputmode": "tel", "autocomplete": "tel"},
    "email": {"inputmode": "email", "autocomplete": "email", "spellcheck": "false"},
}


class PhotoForm(forms.Form):
    """One photo on its own. `accepted` is the normalised picture of a valid form."""

    photo = PhotoField()

    def __init__(self, *args: Any, kind: str, client: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.client = kind, client

    def clean_photo(self) -> None:
        upload = self.cleaned_data["photo"]
        if upload is None:
            raise ValidationError(_MISSING_PHOTO[PhotoKind(self.kind)], code="required")
        told = self.data.get("size", "")
        if told.isascii() and told.isdecimal():
            # The script sends no more than the beginning of a file that is too large.
            upload.size = max(upload.size, int(told[:12]))
        try:
            self.accepted = take_photo(upload, self.kind, self.client)
        except ImageRefused as refusal:
            raise ValidationError(str(refusal.message), code=refusal.code) from refusal
