"""Vietnamese read in a wrong encoding is told from Vietnamese."""

import csv
import unicodedata

import pytest

from agencies.encodings import _TCVN3, explain_bytes, suspect_encoding
from tests.agencies.conftest import BUILT_IN, NATIONAL

NAMES = (
    "BHXH TP. Hồ Chí Minh",
    "BHXH tỉnh Thanh Hóa",
    "BHXH Thành phố Thuận An",
    "BHXH tỉnh Quảng Ngãi",
    "BHXH Quận Gò Vấp",
    "12 Đường số 3, Phường Bình Trưng Tây",
    "Thứ hai đến thứ sáu, 7:30–11:30",
)
TONES = "\u0300\u0301\u0303\u0309\u0323"
TO_TCVN3 = {letter: code for code, letter in _TCVN3.items()}


def as_tcvn3(text: str) -> str:
    return "".join(TO_TCVN3.get(char, char) for char in text)


def as_cp1258(text: str) -> bytes:
    """As Windows writes it: letters with hat, horn or breve whole, the tone after them."""
    data = b""
    for char in text:
        marks = unicodedata.normalize("NFD", char)
        letter = unicodedata.normalize("NFC", "".join(mark for mark in marks if mark not in TONES))
        data += (letter + "".join(mark for mark in marks if mark in TONES)).encode("cp1258")
    return data


@pytest.mark.parametrize("name", NAMES)
def test_vietnamese_is_vietnamese(name):
    assert suspect_encoding(name) is None
    assert suspect_encoding(name.upper()) is None
    assert suspect_encoding(unicodedata.normalize("NFD", name)) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("encoding", "spoil"),
    [
        ("TCVN3", as_tcvn3),
        ("UTF-8", lambda text: text.encode().decode("latin-1")),
        ("UTF-8", lambda text: text.encode().decode("cp1252", "ignore")),
        ("windows-1258", lambda text: as_cp1258(text).decode("cp1252")),
        ("?", lambda text: text.encode("ascii", "replace").decode()),
        ("?", lambda text: text.encode("latin-1", "ignore").decode("latin-1") + "\ufffd"),
    ],
)
def test_text_in_a_wrong_encoding_is_told(name, encoding, spoil):
    found = suspect_encoding(spoil(name))
    assert found is not None
    if len(name) > 25 and "–" not in name:
        assert found == encoding


@pytest.mark.parametrize("text", ["BHXH Quaän 3", "BHXH tænh Thanh Hoùa", "BHXH Quaän Goø Vaáp", "BHXH Ñoàng Nai"])
def test_vni_is_told(text):
    assert suspect_encoding(text) == "VNI"


@pytest.mark.parametrize("file", [BUILT_IN, NATIONAL], ids=["built-in", "national"])
def test_real_lists_are_not_suspected(file):
    if not file.exists():
        pytest.skip("the national data is not beside this checkout")
    with file.open(encoding="utf-8") as rows:
        cells = [cell for row in csv.reader(rows) for cell in row]
    assert [cell for cell in cells if suspect_encoding(cell)] == []


def test_bytes_that_are_not_utf8_are_named():
    text = "\n".join(NAMES)
    assert explain_bytes(text.encode("utf-16-le")) == "UTF-16"
    assert explain_bytes(text.encode("utf-16")) == "UTF-16"
    assert explain_bytes(as_tcvn3(text).replace("–", "-").encode("latin-1")) == "TCVN3"
    assert explain_bytes(as_cp1258(text.replace("–", "-"))) == "windows-1258"


def test_long_text_takes_no_long_time():
    assert suspect_encoding("Ă±" * 100_000 + "a" * 100_000) is not None
