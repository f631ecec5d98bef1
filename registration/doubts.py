"""What is unusual in an answer without being wrong: never a gate, told to the citizen and shown to staff."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from registration import validators
from registration.answers import LABELS
from registration.enums import PaperKind

_Text = str | Promise


@dataclass(frozen=True)
class Doubt:
    """One unusual thing: at which field, what the citizen is told there, and in how few words staff are."""

    field: str
    text: _Text
    remark: _Text

    @property
    def label(self) -> str:
        return str(LABELS[self.field])


_NAME = Doubt(
    "full_name",
    _("The name has only one word. Compare it with your paper; if it is right, go on."),
    _("name of one word"),
)
_SAME_DIGITS = Doubt(
    "bhxh_number",
    _("All digits are the same. Compare the number with the card; if it is right, go on."),
    _("BHXH number of one digit only"),
)
_PROVINCE = Doubt(
    "paper_number",
    _("The first three digits are unusual. Compare with the card; if they are right, go on."),
    _("unusual first three digits of the CCCD"),
)
_YEAR = Doubt(
    "paper_number",
    _("By the fourth to sixth digits the year of birth is still to come. Compare with the card; if right, go on."),
    _("by its CCCD number born in the future"),
)
_PASSPORT = Doubt(
    "paper_number",
    _("This is not the shape of a Vietnamese passport number. Compare with the passport; if it is right, go on."),
    _("passport number not of the Vietnamese shape"),
)
_PAPER_DIGITS = Doubt(
    "paper_number",
    _("All digits are the same. Compare the number with the card; if it is right, go on."),
    _("paper number of one digit only"),
)
_PHONE = Doubt(
    "phone",
    _("The first digits of this phone number are unusual. Look at it again; if it is right, go on."),
    _("unusual first digits of the phone number"),
)


def doubts_of(answers: Mapping[str, str]) -> list[Doubt]:
    """What is unusual in these answers, typed or cleaned, in the order of the form. Wrong ones have no doubts."""
    return [doubt for name, find in _FINDERS.items() for doubt in find(answers, answers.get(name) or "")]


def _of_name(_answers: Mapping[str, str], text: str) -> Iterator[Doubt]:
    name = _cleaned(validators.clean_name, text)
    if name and " " not in name:
        yield _NAME


def _of_number(_answers: Mapping[str, str], text: str) -> Iterator[Doubt]:
    if len(set(_cleaned(validators.clean_bhxh_number, text))) == 1:
        yield _SAME_DIGITS


def _of_paper(answers: Mapping[str, str], text: str) -> Iterator[Doubt]:
    kind = answers.get("paper_kind", "")
    if kind not in PaperKind.values:
        return
    number = _cleaned(lambda typed: validators.clean_paper_number(kind, typed), text)
    if not number:
        return
    if len(set(number)) == 1:
        yield _PAPER_DIGITS
    elif kind == PaperKind.CCCD:
        if number[:3] not in validators.province_codes():
            yield _PROVINCE
        if validators.birth_year(number) > timezone.localdate().year:
            yield _YEAR
    elif kind == PaperKind.PASSPORT and not validators.is_vietnamese_passport(number):
        yield _PASSPORT


def _of_phone(_answers: Mapping[str, str], text: str) -> Iterator[Doubt]:
    phone = _cleaned(validators.clean_phone, text)
    if phone and not phonenumbers.is_valid_number(phonenumbers.parse(phone)):
        yield _PHONE


_FINDERS: dict[str, Callable[[Mapping[str, str], str], Iterator[Doubt]]] = {
    "full_name": _of_name,
    "bhxh_number": _of_number,
    "paper_number": _of_paper,
    "phone": _of_phone,
}


def _cleaned(clean: Callable[[str], str], text: str) -> str:
    with suppress(ValidationError):
        return clean(text)
    return ""
