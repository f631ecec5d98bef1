"""Declarations, photos and officers for tests, made as the program makes them: through its services.

People are invented; photos are drawn, and drawn and normalised once a process.
"""

import io
import itertools
from datetime import timedelta
from functools import cache

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.utils import timezone

from accounts.services import SET_ONE_TIME_PASSWORD, make_one_time_password
from agencies.models import Agency, StaffMember
from agencies.services import import_agencies
from registration.answers import Answers
from registration.demo_images import draw_id_card, draw_passport_page, draw_portrait, jpeg_bytes
from registration.enums import PaperKind, PhotoKind, Status
from registration.images import NormalisedImage, normalise
from registration.models import Attachment, Declaration, Draft, make_token
from registration.services import (
    activate_declaration,
    approve_declaration,
    receive_declaration,
    reject_declaration,
    return_declaration,
    store_photo,
    submit_declaration,
    withdraw_declaration,
)
from registration.services.decisions import expire_declaration

NAME = "Nguyễn Thị Mẫu"
TREE = """\
code,name,parent_code,level
001,BHXH TP. Hà Nội,,province
00101,BHXH Quận Ba Đình,001,district
079,BHXH TP. Hồ Chí Minh,,province
07901,BHXH Quận 1,079,district
07911,BHXH Quận 3,079,district
002,BHXH tỉnh Hà Giang,,province
"""
DEFAULTS = {
    "full_name": NAME,
    "paper_kind": "cccd",
    "paper_number": "079190000123",
    "address": "12/3 đường Mẫu, Phường 5, Quận 3, TP. Hồ Chí Minh",
    "email": "nguoi.mau@example.com",
    "language": "vi",
}
_numbers = itertools.count(1)


def make_agency(code: str = "07911") -> Agency:
    """The agency of this code, with the small tree that it stands in."""
    found = Agency.objects.select_related("parent").filter(code=code).first()
    if found is None:
        import_agencies(io.BytesIO(TREE.encode()))
        found = Agency.objects.select_related("parent").get(code=code)
    return found


def make_officer(agency_code: str = "07911", username: str = ""):
    """A member of staff of this agency who may take every decision."""
    user = get_user_model()(username=username or f"canbo.{agency_code}.{next(_numbers)}", is_staff=True)
    user.set_unusable_password()
    user.save()
    StaffMember.objects.create(user=user, agency=make_agency(agency_code))
    user.user_permissions.set(Permission.objects.filter(codename__endswith="_declaration").exclude(
        codename__regex=r"^(add|change|delete)_"
    ))  # fmt: skip
    return user


@cache
def photo_bytes(kind: str, paper_kind: str = PaperKind.CCCD) -> bytes:
    """A drawn photo as a camera's JPEG file."""
    if kind == PhotoKind.PORTRAIT:
        return jpeg_bytes(draw_portrait(3))
    if paper_kind == PaperKind.PASSPORT:
        return jpeg_bytes(draw_passport_page(name=NAME, number="C1234567"))
    side = "front" if kind == PhotoKind.ID_FRONT else "back"
    return jpeg_bytes(draw_id_card(side, name=NAME, number="079190000123", kind=paper_kind))


@cache
def normalised_photo(kind: str, paper_kind: str = PaperKind.CCCD) -> NormalisedImage:
    return normalise(io.BytesIO(photo_bytes(kind, paper_kind)), PhotoKind(kind))


def make_draft(paper_kind: str = PaperKind.CCCD, kinds: list[str] | None = None, **fields) -> Draft:
    """A draft with the photos of these kinds: all that this paper needs, where none are named."""
    draft = Draft.objects.create(token=make_token(), **fields)
    usual = [PhotoKind.PORTRAIT, PhotoKind.ID_FRONT]
    if paper_kind != PaperKind.PASSPORT:
        usual.append(PhotoKind.ID_BACK)
    for kind in usual if kinds is None else kinds:
        make_attachment(draft, kind, paper_kind)
    return draft


def make_attachment(draft: Draft, kind: str = PhotoKind.PORTRAIT, paper_kind: str = "cccd") -> Attachment:
    return store_photo(draft, kind, normalised_photo(kind, paper_kind))


def make_answers(**fields) -> Answers:
    """Answers of somebody new: BHXH number and phone differ each time."""
    number = next(_numbers)
    fresh = {"bhxh_number": f"79{number:08d}", "phone": f"+8491{number:07d}"}
    return Answers(**{**DEFAULTS, **fresh, "agency": fields.pop("agency", None) or make_agency(), **fields})


def make_declaration(status: str = Status.SUBMITTED, officer=None, **fields) -> Declaration:
    """A declaration that went through the services up to this status. `fields` are those of `Answers`."""
    answers = make_answers(**fields)
    declaration = submit_declaration(make_draft(answers.paper_kind), answers)
    return advance(declaration, status, officer)


def make_correction(declaration: Declaration, **fields) -> Declaration:
    """The next version of a returned declaration, with the same photos."""
    same = {name: getattr(declaration, name) for name in (*DEFAULTS, "bhxh_number", "phone", "agency")}
    draft = make_draft(declaration.paper_kind, corrects=declaration)
    return submit_declaration(draft, Answers(**{**same, **fields}))


def advance(declaration: Declaration, status: str, officer=None) -> Declaration:
    """Bring a submitted declaration to this status."""
    if status == Status.SUBMITTED:
        return declaration
    if status == Status.WITHDRAWN:
        return withdraw_declaration(declaration.pk)
    if status == Status.EXPIRED:
        Declaration.objects.filter(pk=declaration.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        expire_declaration(declaration.pk)
    else:
        _decide(declaration, status, officer or make_officer(declaration.agency_code))
    return Declaration.objects.get(pk=declaration.pk)


def issue_one_time_password(account_id: int) -> str:
    """As the worker does before it sends one: the password, in force."""
    made = make_one_time_password(account_id)
    with connection.cursor() as cursor:
        cursor.execute(SET_ONE_TIME_PASSWORD, made.params)
        assert cursor.rowcount == 1
    return made.value


def _decide(declaration: Declaration, status: str, officer) -> None:
    revision = declaration.revision
    if status in (Status.RETURNED, Status.REJECTED):
        decide = return_declaration if status == Status.RETURNED else reject_declaration
        decide(declaration.pk, officer=officer, revision=revision, reason="Ảnh mặt trước bị mờ.")
        return
    declaration = receive_declaration(declaration.pk, officer=officer, revision=revision)
    if status in (Status.APPROVED, Status.ACTIVE):
        approved = approve_declaration(declaration.pk, officer=officer, revision=declaration.revision)
        if status == Status.ACTIVE:
            activate_declaration(approved.account)
