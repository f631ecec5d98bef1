"""The one home of text folding: how typed text is tidied for storing, and folded for comparing and searching.

Every function takes any text of any size: all but the first `MAX_TEXT` characters are cut off before the text is
looked at, and a letter keeps at most `MAX_MARKS` marks, because Unicode normalisation takes quadratic time on long
runs of marks.
"""

import re
import unicodedata
from functools import lru_cache

# More than any field stores: whoever checks a length after `tidy` still sees a text that is too long.
MAX_TEXT = 2_000
# The Vietnamese letters with most marks have two; transcriptions of other languages have up to three.
MAX_MARKS = 4

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt): signs that are not to be seen.
_IGNORABLE = (
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
_BRAILLE_BLANK = "\u2800"
# Signs that look like a sign of Vietnamese typing and are taken for it.
_LOOKALIKES = {
    **dict.fromkeys("\u00d0\u0189", "Đ"),
    **dict.fromkeys("\u00f0\u0256", "đ"),
    **dict.fromkeys("\u2018\u2019\u201b\u02bb\u02bc\u02b9\u02c8\u0060\u00b4\u2032\ua78c", "'"),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63", "-"),
    **dict.fromkeys("\u2027\u2219\u22c5\u30fb", "·"),
    "\u0251": "a",
    "\u0261": "g",
    "\u0342": "\u0303",
}
# Compatibility letters that are a plain letter in another dress: full and half width, bold, script and the like.
_DRESSED = ("<wide>", "<narrow>", "<font>")
_LIGATURES_AND_NUMERALS = re.compile("[\ufb00-\ufb06\u2160-\u217f]")
# Cyrillic and Greek letters that cannot be told from Latin ones by their look.
_FOREIGN = "АВЕКМНОРСТУХІЈЅԚԜҮаеорсухіјѕһԛԝԁΑΒΕΖΗΙΚΜΝΟΡΤΥΧαονικρυ"
_LATIN = "ABEKMHOPCTYXIJSQWYaeopcyxijshqwdABEZHIKMNOPTYXaovikpu"
_TO_LATIN = str.maketrans(_FOREIGN, _LATIN)
# What most text is made of, already tidy: ASCII but for the backtick, and Vietnamese letters in one piece.
_USUAL = "!-_a-~À-ÏÑ-ÖÙ-Ýà-ïñ-öù-ýĂăĐđĨĩŨũƠơƯưẠ-ỹ"
_TIDY = re.compile(f"(?:[{_USUAL}]+(?: [{_USUAL}]+)*)?")
_SEPARATORS = re.compile(r"[\s.,·_\-]")
_TONES = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}


def tidy(text: str) -> str:
    """`text` as it is stored: NFC, single spaces, nothing invisible, look-alikes plain; accents and capitals stay.

    Tidying twice changes nothing.
    """
    text = text.strip()[:MAX_TEXT]
    if _TIDY.fullmatch(text):
        return text
    # Dropping a sign between a letter and its mark lets the two join: until nothing changes any more.
    while (cleaner := _cleaner(text)) != text:
        text = cleaner
    return text


def fold(text: str) -> str:
    """`text` tidied, in lower case, without accents (đ becomes d): a key to compare and search by, never to show.

    "Nguyễn Văn  ĐỨC" and "nguyen van duc" fold to the same, in NFC and NFD alike. Folding twice changes nothing.
    """
    text = tidy(text)
    while (barer := _bare(text)) != text:
        text = barer
    return text


def compact(text: str) -> str:
    """A number as it is stored: tidied, upper case, without spaces, dots, commas and dashes."""
    text = tidy(text)
    while (shorter := tidy(_SEPARATORS.sub("", text.upper()))) != text:
        text = shorter
    return text


def name_key(name: str) -> str:
    """A person's name as it is searched in: its folded words, without apostrophes, dots and hyphens."""
    return " ".join(re.sub(r"[.\-·,_]", " ", fold(name).replace("'", "")).split())


def sounding_words(text: str) -> list[str]:
    """The words of a name as they sound: blind to case and to the place of the tone mark, not to the accents.

    "HOÀ" and "Hòa" are the same, "Hùng" and "Hưng" are not.
    """
    plain = re.sub(r"[.\-·,_]", " ", tidy(text).replace("'", ""))
    return [_sounding(word) for word in plain.casefold().split()]


def _sounding(word: str) -> str:
    signs = unicodedata.normalize("NFD", word)
    tones = sorted(sign for sign in signs if sign in _TONES)
    return "".join([*(sign for sign in signs if sign not in _TONES), *tones])


def _cleaner(text: str) -> str:
    plain = "".join(map(_plain, text))
    words = _with_latin_letters(unicodedata.normalize("NFC", _with_few_marks(plain))).split()
    return " ".join(filter(None, (_without_leading_marks(_with_few_marks(word)) for word in words)))


@lru_cache(maxsize=8192)
def _plain(sign: str) -> str:
    """What stands for one sign: nothing for an invisible one, a space for white space, a look-alike's model."""
    if sign.isspace() or sign == _BRAILLE_BLANK:
        return " "
    if any(first <= ord(sign) <= last for first, last in _IGNORABLE):
        return ""
    if unicodedata.category(sign) in {"Cc", "Cf", "Cs"}:
        return ""
    if sign in _LOOKALIKES:
        return _LOOKALIKES[sign]
    if unicodedata.decomposition(sign).startswith(_DRESSED) or _LIGATURES_AND_NUMERALS.match(sign):
        return "".join(map(_plain, unicodedata.normalize("NFKC", sign)))
    return sign


def _is_mark(sign: str) -> bool:
    return sign > "\u02ff" and unicodedata.category(sign).startswith("M")


def _with_few_marks(text: str) -> str:
    kept, run = [], 0
    for sign in text:
        run = run + 1 if _is_mark(sign) else 0
        if run <= MAX_MARKS:
            kept.append(sign)
    return "".join(kept)


def _without_leading_marks(word: str) -> str:
    """A mark without a letter before it would sit on whatever comes before the text."""
    first = next((place for place, sign in enumerate(word) if not _is_mark(sign)), len(word))
    return word[first:]


def _with_latin_letters(text: str) -> str:
    """Cyrillic and Greek letters that look Latin made Latin where everything around them is: in the text, or a word."""
    if not any(ord(sign) in _TO_LATIN for sign in unicodedata.normalize("NFD", text)):
        return text
    whole = _latin(text)
    return whole if whole != text else " ".join(_latin(word) for word in text.split(" "))


def _latin(text: str) -> str:
    letters = unicodedata.normalize("NFD", text)
    latin = letters.translate(_TO_LATIN)
    already = any(is_latin(sign) for sign in letters)
    if already and all(is_latin(sign) for sign in latin if sign.isalpha()):
        return unicodedata.normalize("NFC", latin)
    return text


@lru_cache(maxsize=4096)
def is_latin(sign: str) -> bool:
    """Whether one sign is a letter of the Latin script."""
    return sign.isalpha() and unicodedata.name(sign, "").startswith("LATIN")


def _bare(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return tidy("".join(sign for sign in decomposed if unicodedata.category(sign) != "Mn").replace("đ", "d"))
