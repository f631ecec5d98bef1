import pytest

from notifications.segments import is_gsm7, segment_count, unaccent


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("ư" * 70, 1),
        ("ư" * 71, 2),
        ("ư" * 134, 2),
        ("ư" * 135, 3),
        ("a" * 158 + "€", 1),
        ("a" * 159 + "€", 2),
        # the pair of an extension character does not straddle two segments: 152 + (2) + 152
        ("a" * 152 + "{" + "a" * 152, 3),
        ("a" * 152 + "{" + "a" * 151, 2),
        # an emoji takes two UTF-16 units
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 67, 3),
    ],
)
def test_segment_count_follows_the_alphabet(text, expected):
    assert segment_count(text) == expected


@pytest.mark.parametrize("text", ["Mat khau: aB3", "à è é ì ò ù", "[~]", "Ø£\n"])
def test_is_gsm7_takes_the_alphabet(text):
    assert is_gsm7(text)


@pytest.mark.parametrize("text", ["Mật khẩu", "ê", "đ", "`", "\t", "“"])
def test_is_gsm7_refuses_the_rest(text):
    assert not is_gsm7(text)


def test_one_accented_letter_makes_the_whole_text_wide():
    assert segment_count("a" * 100) == 1
    assert segment_count("a" * 99 + "ế") == 2


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Nguyễn Văn Đức", "Nguyen Van Duc"),
        ("ĐƯỜNG đường", "DUONG duong"),
        ("Hoà Hòa", "Hoa Hoa"),
        ("Nguyê\u0303n", "Nguyen"),
        ("“Trả lại” – hồ sơ…", '"Tra lai" - ho so...'),
        ("Mat khau: aB3", "Mat khau: aB3"),
        ("社", "?"),
    ],
)
def test_unaccent_gives_plain_letters(text, plain):
    assert unaccent(text) == plain
    assert is_gsm7(unaccent(text))
