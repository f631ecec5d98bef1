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
        "XB 9 79 7912345678",
        "79·1234·5678",
        "79–1234–5678",
        "７９１２３４５６７８",
    ],
)
def test_bhxh_number_is_reduced_to_its_ten_digits(typed: str) -> None:
    assert validators.clean_bhxh_number(typed) == "7912345678"


@pytest.mark.parametrize("typed", ["791234567", "79123456789", "D14797912345678", "mười", "79123456７x"])
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
        ("passport", "EA1234567", "EA1234567"),
        ("passport", "533380006", "533380006"),
        ("passport", "Ｃ１２３４５６７", "C1234567"),
        ("cccd", "165 090 012 345", "165090012345"),
        ("cccd", "999990012345", "999990012345"),
    ],
)
def test_paper_number_is_stored_compact(kind: str, typed: str, stored: str) -> None:
    assert validators.clean_paper_number(kind, typed) == stored


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("cccd", "023456789"),
        ("cccd", "0790900123456"),
        ("cccd", "EA1234567890"),
        ("cmnd", "079090012345"),
        ("passport", "C123456789"),
        ("passport", "C12345/67"),
        ("passport", "Đ1234567"),
    ],
)
def test_paper_number_refuses_other_papers(kind: str, typed: str) -> None:
    with pytest.raises(ValidationError):
        validators.clean_paper_number(kind, typed)


@pytest.mark.parametrize(
    "typed",
    [
        "0912345678",
        "0912 345 678",
        "0912.345.678",
        "+84 912 345 678",
        "84912345678",
        "0084912345678",
        "(0912) 345-678",
        "+84 (0)912 345 678",
        "0912–345–678",
        "０９１２３４５６７８",
        "0912·345·678",
        "912345678",
    ],
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


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("ខេមរា សុខ", "ខ"),
        ("陈 明 安先生", "陈"),
        ("Nguyễn Văn 명", "명"),
        ("Nguyễn Văn A\u20dd", "\u25cc\u20dd"),
    ],
)
@pytest.mark.parametrize("cleaner", [validators.clean_name, validators.clean_address])
def test_what_the_paper_cannot_show_is_refused_and_named(cleaner, typed: str, named: str) -> None:
    with pytest.raises(ValidationError) as refused:
        cleaner(typed)
    assert refused.value.code == "undrawable"
    assert named in refused.value.messages[0]


@pytest.mark.parametrize("typed", ["12 đường \ue000 Mẫu", "12 đường \uffff Mẫu", "12 đường \ufffd Mẫu"])
def test_sign_without_a_look_is_named_by_its_number(typed: str) -> None:
    with pytest.raises(ValidationError, match=r"U\+(E000|FFFF|FFFD)"):
        validators.clean_address(typed)


@pytest.mark.parametrize("typed", ["mẫu@例え.vn", "mau@例え.vn"])
def test_email_has_letters_that_can_be_printed(typed: str) -> None:
    with pytest.raises(ValidationError):
        validators.clean_email(typed)


@pytest.mark.usefixtures("no_fonts")
def test_without_the_font_nothing_is_refused_for_it() -> None:
    assert validators.clean_name("陈 明") == "陈 明"


@pytest.mark.parametrize(
    "sign",
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u180b\u180e\u200b\u200d\u200e\u202e\u2060\u2066\u3164\ufe0f\ufeff"
    "\uffa0\ufff0\U000e0001\U000e0100\U000e0fff",
)
def test_invisible_sign_is_dropped(sign: str) -> None:
    assert validators.clean_name(f"Nguyễn Th{sign}ị{sign} Mẫu") == "Nguyễn Thị Mẫu"


@pytest.mark.parametrize(
    "name",
    ["Müller", "José Núñez", "Françoise Côté", "Ngô Đình Diệm", "Y-Bih Ê. Ban", "H'Hen Niê", "An", "Lê",
     "Иван Петров", "Ελένη", "Gal·la Mas", "O'Brien Seán", "Ý"],
)  # fmt: skip
def test_real_names_are_taken_as_they_are(name: str) -> None:
    assert validators.clean_name(name) == name
