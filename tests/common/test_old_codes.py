"""Old codes are recognised by what they mean; real names are left alone."""

import subprocess

import pytest

from common.old_codes import meant_by
from common.syllables import is_syllable

PEOPLE = [
    "Nguyễn Văn Hữu", "Trần Thị Loan", "Lê Đức Thọ", "Phạm Ngọc Ánh", "Võ Thị Bưởi", "Đặng Quốc Khánh", "Huỳnh Mỹ Hạnh",
    "12/3 đường Nguyễn Đình Chiểu, Quận 3, TP. Hồ Chí Minh",
]  # fmt: skip
FOREIGN = """
Müller|José|Françoise|Ngô Ðình|Ngô Đình Diệm|Nuñez|Muñoz Peña|João|Anaïs|Zoë|Chloé|Noël|Raúl|Saúl|Björn|Jörg|Löw
Böhm|Høeg|Bø|Hän|Søren|Magalhães|Guimarães|Conceição|Côté|René|André|Léa|Noé|Göring|Çelik|Gün|Aïda|Eloïse|Ngô|Lê Hà
Lò Thị|Hà Lê|Trần Hoà|Mỹ Lệ|Bùi Công|Ý|Âu Cô|Müller Lê|Thérèse|Seán Murphy|Siân|Hôtel Lê|Ståle|Håkon|Özil|Úi|Toàn
Иван Петров|Lê Văn A|café Hoà Bình
""".replace("\n", "|").strip("|").split("|")  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Nguyeãn Vaên Höõu", "Nguyễn Văn Hữu"),
        ("NGUYEÃN VAÊN HÖÕU", "NGUYỄN VĂN HỮU"),
        ("Traàn Thò Loan", "Trần Thị Loan"),
        ("Leâ Ñöùc Thoï", "Lê Đức Thọ"),
        ("Phaïm Ngoïc AÙnh", "Phạm Ngọc Ánh"),
        ("Huyønh Myõ Haïnh", "Huỳnh Mỹ Hạnh"),
        ("Quaän 3, TP. Hoà Chí Minh", "Quận 3, TP. Hồ Chí Minh"),
        ("NguyÔn V¨n H÷u", "Nguyễn Văn Hữu"),
        ("NGUYÔN V¡N H÷U", "NGUYỄN VĂN HỮU"),
        ("Nguyá»…n Thá»‹ LÃ½", "Nguyễn Thị Lý"),
        ("Nguyá»…n Thá»‹ HÃ ", "Nguyễn Thị Hà"),
        ("Nguyá»…n Thá»‹ HÃ", "Nguyễn Thị Hà"),
        ("Nguyá»…n Văn Hữu", "Nguyễn Văn Hữu"),
        ("12 Lê Lợi, Quáº­n 3", "12 Lê Lợi, Quận 3"),
        ("HÃ  VÄƒn ToÃ n", "Hà Văn Toàn"),
    ],
)
def test_text_in_an_old_code_is_read(typed: str, meant: str) -> None:
    assert meant_by(typed) == meant


@pytest.mark.parametrize("text", PEOPLE)
@pytest.mark.parametrize("code", ["VISCII", "TCVN5712-1"])
def test_the_systems_own_tables_agree(text: str, code: str) -> None:
    """Bytes of the old code as iconv makes them, shown by a program that takes them for Windows-1252."""
    if code != "VISCII":
        text = text.lower()  # TCVN3 has capitals with accents only in fonts of their own
    made = subprocess.run(["iconv", "-t", code], input=text.encode(), capture_output=True, check=True).stdout
    shown = "".join(chr(byte) if 0x80 <= byte < 0xA0 else bytes([byte]).decode("cp1252") for byte in made)
    assert meant_by(shown) == text


@pytest.mark.parametrize("text", PEOPLE)
def test_utf8_read_as_another_code_is_read_back(text: str) -> None:
    once = text.encode().decode("latin-1")
    assert meant_by(once) == text
    assert meant_by(once.encode().decode("latin-1")) == text


@pytest.mark.parametrize("text", [*FOREIGN, *PEOPLE, "", "Nguyen Van A", "%", "a" * 3000])
def test_real_names_are_not_asked_about(text: str) -> None:
    assert meant_by(text) is None


def test_syllables_are_those_of_vietnamese() -> None:
    good = "nguyễn quyên quý gì giêng nghĩa khuya đường huỳnh oanh thuở ý ăn yến loan Ước HOÀ hòa lịch"
    assert [word for word in good.split() if not is_syllable(word)] == []
    bad = "müller smith nguyeãn jos bràn khooi tắn̉ lạp̀ eơ bàc"
    assert [word for word in bad.split() if is_syllable(word)] == []
