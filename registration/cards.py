"""What was read from the card's QR code, beside what the citizen typed.

Kept as plain JSON on the photo that it was read from: `{"kind": "cccd" | "health", "fields": {name: text}}`.
"""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from PIL import Image

from accounts.numbers import parse_bhxh_number
from common.compare import Difference, name_difference, number_difference
from registration.answers import ANSWER_FIELDS
from registration.answers import LABELS as ANSWER_LABELS
from registration.card_qr import CardData, HealthCardData, read_card
from registration.enums import PaperKind, PhotoKind

# The form's fields that a card can fill, with the words under which pages and desk show both values.
FILLABLE = tuple(each.name for each in ANSWER_FIELDS if each.on_card)
LABELS: dict[str, str | Promise] = {
    **{name: ANSWER_LABELS[name] for name in FILLABLE},
    "birth_date": _("Date of birth"),
    "sex": _("Sex"),
}
# By whether it is the name: what tells a slip of the pen from another person.
_REMARKS = {
    (True, Difference.ACCENTS): _("other accents"),
    (True, Difference.SLIP): _("one letter differs"),
    (True, Difference.OTHER): _("another name"),
    (False, Difference.SLIP): _("one digit differs"),
    (False, Difference.OTHER): _("another number"),
}
_SEXES = {"male": _("Male"), "female": _("Female")}


@dataclass(frozen=True)
class Mismatch:
    """A field in which card and declaration disagree."""

    field: str
    typed: str
    read: str
    difference: Difference

    @property
    def label(self) -> str:
        return str(LABELS[self.field])

    @property
    def remark(self) -> str:
        """How they disagree, in few words: other accents, a slip, or another name or number."""
        return str(_REMARKS[self.field == "full_name", self.difference])


def card_of(kind: str, content: bytes) -> dict[str, Any] | None:
    """What the card in a stored photo says, for storing beside it; None for portraits and unreadable cards."""
    if kind == PhotoKind.PORTRAIT:
        return None
    with Image.open(io.BytesIO(content)) as image:
        card = read_card(image)
    if isinstance(card, CardData):
        fields = {
            "full_name": card.full_name,
            "paper_number": card.number,
            "old_number": card.old_number,
            "address": card.address,
            "birth_date": _day(card.birth_date),
            "sex": card.sex,
        }
        return {"kind": "cccd", "fields": {name: text for name, text in fields.items() if text}}
    return _health(card) if isinstance(card, HealthCardData) else None


def _health(card: HealthCardData) -> dict[str, Any]:
    fields = {
        "bhxh_number": card.bhxh_number,
        "full_name": card.full_name,
        "birth_date": _day(card.birth_date),
        "sex": card.sex or "",
    }
    return {"kind": "health", "fields": {name: text for name, text in fields.items() if text}}


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""


def read_fields(cards: Iterable[Mapping[str, Any] | None]) -> dict[str, str]:
    """All that the photos' cards say, identity card before health card."""
    said: dict[str, str] = {}
    for card in sorted((card for card in cards if card), key=lambda card: str(card.get("kind")) != "cccd"):
        for name, text in card.get("fields", {}).items():
            said.setdefault(name, str(text))
    return said


def shown(name: str, text: str) -> str:
    """A value as people read it."""
    return str(_SEXES.get(text, text)) if name == "sex" else text


def rows_of(said: Mapping[str, str]) -> list[dict[str, str]]:
    """What a card says as rows of name, label and value, in the order of `LABELS`."""
    return [
        {"name": name, "label": str(label), "value": shown(name, said[name])}
        for name, label in LABELS.items()
        if name in said
    ]


def fillings(said: Mapping[str, str], answers: Mapping[str, str]) -> dict[str, str]:
    """What the card puts into the form's empty fields. A passport's number is not the card's."""
    wanted = {name: said[name] for name in FILLABLE if said.get(name) and not answers.get(name)}
    if answers.get("paper_kind") not in ("", None, PaperKind.CCCD):
        wanted.pop("paper_number", None)
    return wanted


def mismatches(said: Mapping[str, str], answers: Mapping[str, str]) -> list[Mismatch]:
    """Where card and answers disagree, and how. Names are compared with their accents, whatever the case.

    The address is left out: people do not live where the card was issued, and write it in many ways.
    """
    pairs = [
        ("full_name", said.get("full_name", "")),
        ("bhxh_number", said.get("bhxh_number", "")),
        ("paper_number", _number_for(said, answers.get("paper_kind", ""))),
    ]
    compared = [
        Mismatch(name, answers[name], read, _difference(name, answers[name], read))
        for name, read in pairs
        if read and answers.get(name)
    ]
    return [mismatch for mismatch in compared if mismatch.difference]


def compare(cards: Iterable[Mapping[str, Any] | None], answers: Mapping[str, str]) -> dict[str, Any]:
    """For the desk: `said`, rows of label and value, and `differs`, the mismatches."""
    said = read_fields(cards)
    return {"said": rows_of(said), "differs": mismatches(said, answers)}


def _number_for(said: Mapping[str, str], paper_kind: str) -> str:
    """The number on the card that a declaration with this paper should carry."""
    names = {PaperKind.CCCD: "paper_number", PaperKind.CMND: "old_number"}
    name = names.get(PaperKind(paper_kind)) if paper_kind in PaperKind.values else None
    return said.get(name, "") if name else ""


def _difference(name: str, typed: str, read: str) -> Difference:
    if name == "full_name":
        return name_difference(typed, read)
    # An old health card's 15 characters are typed for the number that they end in.
    return number_difference((parse_bhxh_number(typed) or typed) if name == "bhxh_number" else typed, read)
