import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.text import aliases, search_key, words
from common.text import fold, tidy


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Nguyễn Văn Đức", "nguyen van duc"),
        ("  NGUYỄN\t VĂN\n\u00a0ĐỨC ", "nguyen van duc"),
        (unicodedata.normalize("NFD", "Trần Thị Ước Mơ"), "tran thi uoc mo"),
        ("Hoà", "hoa"),
        ("Hòa", "hoa"),
        ("ăâêôơưđ ĂÂÊÔƠƯĐ", "aaeooud aaeooud"),
        ("Quận 3", "quan 3"),
        ("H'Hen Niê", "h'hen nie"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_fold_drops_accents_case_and_spare_spaces(text, folded):
    assert fold(text) == folded


@given(st.text())
def test_fold_is_stable_and_blind_to_normal_forms(text):
    once = fold(text)
    assert fold(once) == once
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text))


def test_fold_covers_every_vietnamese_letter():
    letters = "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"
    assert set(fold(letters + letters.upper())) <= set("aeiouyd")


def test_tidy_composes_and_keeps_accents_and_capitals():
    assert tidy(unicodedata.normalize("NFD", " BHXH  Quận 3 ")) == "BHXH Quận 3"


def test_words_shorten_the_usual_long_forms():
    assert words("Bảo hiểm xã hội Thành phố Thủ Đức") == ["bhxh", "tp", "thu", "duc"]
    assert words("[07911] BHXH Quận 3") == ["07911", "bhxh", "quan", "3"]
    assert words("² ③ ٣") == []


def test_aliases_are_what_people_type():
    assert aliases(words("BHXH Quận 3")) == ["q3"]
    assert aliases(words("BHXH TP. Hồ Chí Minh")) == ["hcm", "tphcm"]


def test_search_key_holds_codes_name_and_short_form():
    assert search_key("07911", "079", "BHXH Quận 3") == "079 07911 bhxh quan 3 q3"
