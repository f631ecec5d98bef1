"""What a person copies out of an SMS is read as the machine wrote it."""

import time
import unicodedata

import pytest

from accounts.codes import MAX_TYPED, clean_code, clean_digits, number_part
from accounts.numbers import parse_bhxh_number

PASSWORD = "abcde23456"
SMS = f"BHXH: Da mo tai khoan. Ma so: 7900000001. Mat khau: {PASSWORD} - Dang nhap roi doi mat khau ngay."
FULL_WIDTH = PASSWORD.translate({ord(sign): ord(sign) + 0xFEE0 for sign in PASSWORD})


@pytest.mark.parametrize(
    "typed",
    [
        PASSWORD,
        f"{PASSWORD} ",
        f"  {PASSWORD}\n",
        "abcde 23456",
        "a b c d e 2 3 4 5 6",
        f"{PASSWORD}.",
        f"{PASSWORD},",
        f'"{PASSWORD}"',
        f"“{PASSWORD}”.",
        f"‘{PASSWORD}’",
        f"({PASSWORD})",
        PASSWORD.capitalize(),
        PASSWORD.upper(),
        FULL_WIDTH,
        f"\u200b{PASSWORD}\u200b",
        "abcde\u00a023456\ufeff",
        "\u202aabcde\u00ad23456\u202c",
        f"\u2066{PASSWORD}\u2069\t",
        SMS,
        SMS.upper(),
        f"Mat khau: {PASSWORD}",
        f"Mật khẩu: {PASSWORD}.",
        unicodedata.normalize("NFD", f"Mật khẩu: {PASSWORD}"),
        f"Mat khau:{PASSWORD}, ",
        f"{PASSWORD} - Dang nhap roi doi mat khau ngay",
        f"{PASSWORD} - Dang nhap roi doi mat khau ngay. Khong cho ai biet. Ho tro: 1900 9068",
        f"BHXH: Ma so: 7900000001. Mat khau: {PASSWORD}. Hay doi mat khau khi dang nhap lan dau. Ho tro: 1900 9068",
    ],
)
def test_what_cannot_belong_to_a_password_is_ignored(typed):
    assert clean_code(typed) == PASSWORD


@pytest.mark.parametrize(
    "typed",
    ["123456", "123 456", " 123456.", "123-456", "“123456”", "１２３４５６", "١٢٣٤٥٦", "123456,", "\u2068123456\u2069",
     "BHXH: Ma dat lai mat khau: 123456 - Ma co hieu luc 15 phut. Ho tro: 1900 9068",
     "BHXH: Ma dat lai mat khau: 123456. Ma co hieu luc 15 phut.", "Mã xác nhận: 123456",
     "BHXH: Ma ho so: 7K3Q-9M2D-X. Ma xac nhan: 123456. Het han sau 10 phut.", "123456 - Ma co hieu luc 15 phut"],
)  # fmt: skip
def test_what_cannot_belong_to_a_code_of_digits_is_ignored(typed):
    assert clean_digits(typed) == "123456"


@pytest.mark.parametrize("typed", ["abcde2345", "abcde234567", "abcde23457", "", " ", "…", "Mat khau:"])
def test_another_password_stays_another_one(typed):
    assert clean_code(typed) != PASSWORD


@pytest.mark.parametrize(
    "typed", [SMS, "Ma so: 7900000001.", "Mã số: 7900 000 001", "7900000001.", "Ma so:7900000001,"]
)
def test_the_number_is_found_in_what_was_pasted(typed):
    assert parse_bhxh_number(number_part(typed).rstrip(",")) == "7900000001"


@pytest.mark.parametrize("text", ["a\u0301\u0323" * 400_000, "x" * 1_000_000, "\ufdfa" * 500_000, "ma " * 300_000])
def test_long_texts_cost_nothing(text):
    started = time.perf_counter()
    for read in (clean_code, clean_digits, number_part):
        assert len(read(text)) <= 20 * MAX_TYPED
    assert time.perf_counter() - started < 0.5
