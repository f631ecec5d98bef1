"""What a citizen may type, and what becomes of it."""

import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from registration import validators

CLEANERS = [
    validators.clean_name,
    validators.clean_bhxh_number,
    validators.clean_phone,
    validators.clean_address,
    lambda text: validators.clean_paper_number("cccd", text),
    lambda text: validators.clean_paper_number("cmnd", text),
    lambda text: validators.clean_paper_number("passport", text),
]


@pytest.mark.parametrize("cleaner", CLEANERS)
@given(text=st.text(max_size=120))
def test_cleaner_takes_any_text_and_is_stable(cleaner, text: str) -> None:
    try:
        once = cleaner(text)
    except ValidationError:
        return
    assert cleaner(once) == once
    assert once == unicodedata.normalize("NFC", once)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  nguyễn   văn  đức ", "nguyễn văn đức"),
        (unicodedata.normalize("NFD", "NGUYỄN VĂN ĐỨC"), "NGUYỄN VĂN ĐỨC"),
        ("Trần Thị Hoà", "Trần Thị Hoà"),
        ("Nguyễn\u200b Văn\u00a0A", "Nguyễn Văn A"),
        ("H’Hen Niê", "H'Hen Niê"),
        ("Y-Bih Ê. Ban", "Y-Bih Ê. Ban"),
        ("An", "An"),
    ],
)
def test_name_is_stored_composed_and_as_typed(typed: str, stored: str) -> None:
    assert validators.clean_name(typed) == stored


@pytest.mark.parametrize("typed", ["", "   ", "Nguyễn Văn 4", "a" * 101, "<b>An</b>", "...", "An@Bình", "\u0301"])
def test_name_refuses_what_is_no_name(typed: str) -> None:
    with pytest.raises(ValidationError):
        validators.clean_name(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "7912345678",
        "79 1234 5678",
        "79.1234.5678",
        "79-1234-5678",
        "DN4797912345678",
        "dn 4 79 7912345678",
        "DN479791234567879012",
        "７９１２３４５６７８",
    ],
)
def test_bhxh_number_is_reduced_to_its_ten_digits(typed: str) -> None:
    assert validators.clean_bhxh_number(typed) == "7912345678"


@pytest.mark.parametrize(
    "typed", ["791234567", "79123456789", "DN9797912345678", "D14797912345678", "mười", "79123456７x"]
)
def test_bhxh_number_refuses_other_shapes(typed: str) -> None:
    with pytest.raises(ValidationError):
        validators.clean_bhxh_number(typed)


def test_bhxh_number_says_how_many_digits_there_are() -> None:
    with pytest.raises(ValidationError) as refused:
        validators.clean_bhxh_number("791234567")
    assert "9" in refused.value.messages[0]


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [
        ("cccd", "079 090 012 345", "079090012345"),
        ("cmnd", "023.456.789", "023456789"),
        ("passport", "c1234567", "C1234567"),
        ("passport", "P 12345678", "P12345678"),
    ],
)
def test_paper_number_is_stored_compact(kind: str, typed: str, stored: str) -> None:
    assert validators.clean_paper_number(kind, typed) == stored


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("cccd", "023456789"),
        ("cccd", "999090012345"),
        ("cccd", "079990012345"),
        ("cmnd", "079090012345"),
        ("passport", "12345678"),
        ("passport", "C123456"),
    ],
)
def test_paper_number_refuses_other_papers(kind: str, typed: str) -> None:
    with pytest.raises(ValidationError):
        validators.clean_paper_number(kind, typed)


@pytest.mark.parametrize(
    "typed",
    ["0912345678", "0912 345 678", "0912.345.678", "+84 912 345 678", "84912345678", "0084912345678", "(0912) 345-678"],
)
def test_phone_is_stored_in_e164(typed: str) -> None:
    assert validators.clean_phone(typed) == "+84912345678"


@pytest.mark.parametrize(
    "typed", ["02838291234", "01612345678", "091234567", "+12025550123", "0912345678x", "1900 9068", "113"]
)
def test_phone_refuses_what_gets_no_sms(typed: str) -> None:
    with pytest.raises(ValidationError):
        validators.clean_phone(typed)


def test_phone_is_shown_the_way_people_write_it() -> None:
    assert validators.national_phone("+84912345678") == "0912 345 678"


@pytest.mark.parametrize("typed", ["", "Q3", "x" * 301])
def test_address_has_a_length(typed: str) -> None:
    with pytest.raises(ValidationError):
        validators.clean_address(typed)


@pytest.mark.parametrize("text", ["\u0338Nguyễn Thị Mẫu", "Nguyễn \u0338\u0301Thị Mẫu", "\u0300 Nguyễn Thị \u0338 Mẫu"])
def test_marks_that_sit_on_nothing_are_dropped(text):
    assert validators.clean_name(text) == "Nguyễn Thị Mẫu"
