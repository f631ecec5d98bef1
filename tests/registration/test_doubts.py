"""What is unusual is told and never refused."""

import pytest

from registration.doubts import doubts_of
from registration.forms import DeclarationForm
from tests.registration.test_fuzz_form import VALID

USUAL = {
    "full_name": "Nguyễn Thị Mẫu",
    "bhxh_number": "7912345678",
    "paper_kind": "cccd",
    "paper_number": "079190000123",
    "phone": "0912 345 678",
}
ODD = [
    ({"paper_number": "165190000123"}, ["paper_number"]),  # a country's code, or a province since merged
    ({"paper_number": "079690000123"}, ["paper_number"]),  # century digit 6
    ({"paper_number": "079299000123"}, ["paper_number"]),  # born in 2099
    ({"paper_number": "165990000123"}, ["paper_number", "paper_number"]),
    ({"paper_number": "000000000000"}, ["paper_number"]),
    ({"paper_kind": "passport", "paper_number": "EA1234567"}, ["paper_number"]),
    ({"paper_kind": "passport", "paper_number": "533380006"}, ["paper_number"]),
    ({"paper_kind": "passport", "paper_number": "C1234567"}, []),
    ({"paper_kind": "cmnd", "paper_number": "023456789"}, []),
    ({"full_name": "An"}, ["full_name"]),
    ({"bhxh_number": "0000000000"}, ["bhxh_number"]),
    ({"phone": "0532 345 678"}, ["phone"]),
    ({"paper_number": "07919000012"}, []),  # wrong: the field's error says so
    ({"phone": "113", "full_name": ""}, []),
    ({}, []),
]


@pytest.mark.parametrize(("changed", "fields"), ODD)
def test_unusual_answers_are_doubted(changed: dict[str, str], fields: list[str]) -> None:
    assert [doubt.field for doubt in doubts_of({**USUAL, **changed})] == fields


@pytest.mark.django_db
@pytest.mark.parametrize("changed", [changed for changed, fields in ODD if fields])
def test_doubts_are_no_gate(changed: dict[str, str]) -> None:
    form = DeclarationForm({**VALID, **changed})
    form.is_valid()
    assert not set(changed) & set(form.errors)


def test_words_are_those_of_the_people() -> None:
    (doubt,) = doubts_of({**USUAL, "paper_number": "165190000123"})
    assert str(doubt.text) == "Ba số đầu lạ. So với thẻ; đúng thì tiếp tục."
