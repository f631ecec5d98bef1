"""A small tree in the shape of the real one, and people who work in it."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model

from agencies.models import Agency, StaffMember
from agencies.services import NOTHING, ImportResult, import_agencies
from agencies.surprises import Accepted

NATIONAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "agencies_2026.csv"
BUILT_IN = Path(__file__).resolve().parents[2] / "agencies" / "data" / "agencies.csv"

TREE = """\
code,name,parent_code,level
001,BHXH TP. Hà Nội,,province
00101,BHXH Quận Ba Đình,001,district
079,BHXH TP. Hồ Chí Minh,,province
07901,BHXH Quận 1,079,district
07911,BHXH Quận 3,079,district
07912,BHXH Quận 10,079,district
07922,BHXH Huyện Hóc Môn,079,district
077,BHXH tỉnh Bà Rịa - Vũng Tàu,,province
07708,BHXH Huyện Côn Đảo,077,district
"""


def load(text: str, encoding: str = "utf-8", accepted: Accepted = NOTHING) -> ImportResult:
    return import_agencies(io.BytesIO(text.encode(encoding)), accepted=accepted)


@pytest.fixture
def tree(db: None) -> dict[str, Agency]:
    load(TREE)
    return {agency.code: agency for agency in Agency.objects.all()}


@pytest.fixture
def built_in(db: None) -> None:
    with BUILT_IN.open("rb") as file:
        import_agencies(file)


@pytest.fixture
def make_staff(db: None) -> Callable:
    def make(username: str, agency: Agency | None = None, **extra):
        user = get_user_model()(username=username, is_staff=True, **extra)
        user.set_unusable_password()
        user.save()
        if agency:
            StaffMember.objects.create(user=user, agency=agency)
        return user

    return make
