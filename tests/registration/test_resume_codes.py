"""The code to go on with a draft elsewhere: a shape of its own, that no other code of the portal has."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from registration.access_codes import read_digits
from registration.models import Draft
from registration.proof import parse_short_hash
from registration.references import make_reference, parse_reference
from registration.resume_codes import format_resume_code, make_resume_code, parse_resume_code
from tests.registration.factories import make_declaration
from tests.registration.tabs import FATHER, Tab

pytestmark = pytest.mark.django_db
RESUME = "/dang-ky/tiep-tuc/"


def test_code_has_a_shape_that_no_other_code_has() -> None:
    code = format_resume_code(make_resume_code())
    assert re.fullmatch(r"(\d{3}-){4}\d{3}", code)
    assert parse_reference(code) is None and read_digits(code) == "" and parse_short_hash(code) is None
    others = ["7K3Q-9M2D-X", make_reference(), "482177", "4821 7735 0946", "3f2a-91bc-07de-4410", "7999999999"]
    assert [parse_resume_code(other) for other in others] == [None] * len(others)


@pytest.mark.parametrize("write", [str, lambda code: code.replace("-", ""), lambda code: code.replace("-", "  ")])
def test_code_goes_on_as_people_type_it(client, write) -> None:
    code = Tab(client).save(**FATHER).json()["code"]
    answer = Client().post(RESUME, {"code": write(code)})
    assert answer.status_code == 302


@pytest.mark.parametrize("text", ["1" * 14, "1" * 16, "x" * 5000, "①" * 15, "\u0301" * 15, "1-2", "", "-"])
def test_what_cannot_be_one_is_none(text: str) -> None:
    assert parse_resume_code(text) is None


def test_code_of_the_day_before_the_change_still_goes_on(client) -> None:
    Tab(client).save(**FATHER)
    old = make_reference()
    Draft.objects.update(resume_code=old)
    assert Client().post(RESUME, {"code": old.lower()}).status_code == 302
    Draft.objects.update(updated_at=timezone.now() - timedelta(hours=25))
    assert Client().post(RESUME, {"code": old}).status_code == 422


def test_wrong_kind_of_code_is_told_where_it_belongs(client) -> None:
    reference = make_declaration().reference_text
    assert "Đây là mã hồ sơ" in client.post(RESUME, {"code": reference}).text
    assert "15 chữ số" in client.post(RESUME, {"code": "123456"}).text


def test_no_two_kinds_of_codes_share_an_example(client) -> None:
    pages = {path: client.get(path).text for path in (RESUME, "/tra-cuu/", "/kiem-tra/")}
    assert "482-177-350-946-218" in pages[RESUME] and "7K3Q" not in pages[RESUME]
    assert all("482-177" not in pages[path] for path in ("/tra-cuu/", "/kiem-tra/"))
