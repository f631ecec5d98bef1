"""The answers of a declaration: the one list from which form, draft, desk, paper and scripts take theirs."""

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, cast

from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from registration.models import Declaration
from registration.validators import national_phone

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


def _as(label: "_StrPromise", printed: str, *, on_card: bool = False) -> dict[str, object]:
    """The answer's name on pages, its name on the paper, and whether an identity or health card tells it."""
    return {"label": label, "printed": printed, "on_card": on_card}


@dataclass(frozen=True)
class Answers:
    """What a citizen declares, cleaned by the form, in the order of the paper.

    Each name is that of the form's field, of the draft's answer and of the declaration's attribute.
    """

    full_name: str = field(metadata=_as(_("Full name"), "Họ và tên", on_card=True))
    bhxh_number: str = field(metadata=_as(_("BHXH number"), "Mã số BHXH", on_card=True))
    paper_kind: str = field(metadata=_as(_("Kind of identity paper"), "Loại giấy tờ"))
    paper_number: str = field(metadata=_as(_("Identity paper number"), "Số giấy tờ", on_card=True))
    address: str = field(metadata=_as(_("Contact address"), "Địa chỉ liên hệ", on_card=True))
    phone: str = field(metadata=_as(_("Mobile phone"), "Điện thoại di động"))
    email: str = field(metadata=_as(_("Email"), "Email"))
    agency: Agency = field(metadata=_as(_("Receiving BHXH office"), "Cơ quan BHXH tiếp nhận"))
    language: str = "vi"


@dataclass(frozen=True)
class AnswerField:
    """One entry of the list. `label` is translated when shown; `printed` is the original, Vietnamese."""

    name: str
    label: "_StrPromise"
    printed: str
    on_card: bool


ANSWER_FIELDS = tuple(AnswerField(each.name, **each.metadata) for each in fields(Answers) if each.metadata)
NAMES = tuple(each.name for each in ANSWER_FIELDS)
LABELS = {each.name: each.label for each in ANSWER_FIELDS}


def stored_answers(declaration: Declaration) -> dict[str, str]:
    """The declaration's answers as they are stored, the office as it was named on the day."""
    names = {name: "agency_label" if name == "agency" else name for name in NAMES}
    return {name: str(getattr(declaration, attribute)) for name, attribute in names.items()}


def typed_answers_of(declaration: Declaration) -> dict[str, str]:
    """The same as the form takes them."""
    shown = {"phone": national_phone(declaration.phone), "agency": declaration.agency.code}
    return {**stored_answers(declaration), **shown}


def shown_answer(name: str, stored: str) -> str:
    """A stored answer as people read it."""
    if name == "paper_kind":
        choices = cast("list[tuple[str, str]]", Declaration._meta.get_field("paper_kind").flatchoices)
        return str(dict(choices).get(stored, stored))
    return national_phone(stored) if name == "phone" else stored
