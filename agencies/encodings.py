"""Vietnamese text that was read in the wrong encoding: it becomes an office's name unless somebody notices.

Telling rests on what written Vietnamese can be: 134 accented letters, capitals at the beginning of a word or all
through it, one tone a syllable, and a closed list of vowels side by side.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_BASES = "aăâeêioôơuưy"
_VOWEL_LETTERS = frozenset(_BASES)
_LETTERS = frozenset(
    letter
    for base in _BASES
    for tone in ("", *_TONES)
    for composed in [unicodedata.normalize("NFC", base + tone)]
    for letter in (composed, composed.upper())
) | frozenset("đĐ")
_PUNCTUATION = frozenset("–—‘’“”…\u00a0")
# Vowels side by side, without their tone: those that a consonant may follow, and those that end a syllable and have
# the tone on their first letter, or elsewhere.
_BEFORE_CONSONANT = frozenset(
    [
        "a",
        "ă",
        "â",
        "e",
        "ê",
        "i",
        "o",
        "ô",
        "ơ",
        "u",
        "ư",
        "iê",
        "oa",
        "oă",
        "oe",
        "uâ",
        "uê",
        "uô",
        "uy",
        "uyê",
        "ươ",
        "yê",
    ]
)
_TONE_FIRST = frozenset(
    ["ai", "ao", "au", "ay", "âu", "ây", "eo", "êu", "ia", "iu", "oi", "ôi", "ơi", "ua", "ui", "ưa", "ưi", "ưu"]
)
_AT_THE_END = (
    frozenset(["y", "oai", "oao", "oay", "oeo", "uơ", "iêu", "uây", "uôi", "uya", "uyu", "ươi", "ươu", "yêu"])
    | _BEFORE_CONSONANT
    | _TONE_FIRST
)
_WORD = re.compile(r"[^\W\d_]+")
_VOWEL_RUN = re.compile(f"[{_BASES}]+")
_LONG_O = re.compile(r"oo(?=ng|c)|ôô(?=ng|c)")
_MARKS_OF_VNI = re.compile(r"[aeouyAEOUY][øùûõïØÙÛÕÏäåãâàáêèéúüëÄÅÃÂÀÁÊÈÉÚÜË]|[ñöÑÖæ]")
_UTF8_RUN = re.compile(rb"[\xc3-\xf4][\x80-\xbf]+|\xc2[\x80-\xbf]")

# TCVN 5712:1993, VN3 (".VnTime" fonts): the letter of each byte above 0xA0.
_TCVN3 = dict(
    zip(
        "¡¢£¤¥¦§¨©ª«¬\xad®µ¶·¸¹»¼½¾ÆÇÈÉÊËÌÎÏÐÑÒÓÔÕÖ×ØÜÝÞßáâãäåæçèéêëìíîïñòóôõö÷øùúûüýþ",
        "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
        strict=True,
    )
)


def suspect_encoding(text: str) -> str | None:
    """The encoding that `text` was probably written in and wrongly read, "?" where only that something is wrong can be
    told; None for text that can be Vietnamese. Takes time in proportion to the length."""
    if text.isascii():
        return "?" if _has_lost_letters(text) else None
    if (decoded := _decode_utf8_again(text)) and not _is_suspicious(decoded):
        return "UTF-8"
    if not _is_suspicious(text):
        return None
    for name, decode in (("TCVN3", _decode_tcvn3), ("windows-1258", _decode_cp1258)):
        if (decoded := decode(text)) and decoded != text and not _is_suspicious(decoded):
            return name
    return "VNI" if _MARKS_OF_VNI.search(text) else "?"


def _is_suspicious(text: str) -> bool:
    composed = unicodedata.normalize("NFC", text)
    if any(not _is_usual(char) for char in composed) or _has_lost_letters(composed):
        return True
    return any(not _can_be_vietnamese(word) for word in _WORD.findall(composed) if not word.isascii())


def _is_usual(char: str) -> bool:
    return char.isascii() or char in _LETTERS or char in _PUNCTUATION


def _has_lost_letters(text: str) -> bool:
    """What programs write for a letter that they do not have; nobody asks questions in a list of offices."""
    return "\ufffd" in text or "?" in text


def _can_be_vietnamese(word: str) -> bool:
    if not (word.isupper() or word[1:].islower() or len(word) == 1):
        return False
    return _is_syllable(word.lower())


@cache
def _toneless(letter: str) -> tuple[str, bool]:
    marks = unicodedata.normalize("NFD", letter)
    bare = unicodedata.normalize("NFC", "".join(mark for mark in marks if mark not in _TONES))
    return bare, any(mark in _TONES for mark in marks)


def _is_syllable(word: str) -> bool:
    letters = [_toneless(letter) for letter in word]
    if sum(has_tone for _bare, has_tone in letters) > 1:
        return False
    bare = "".join(letter for letter, _has_tone in letters)
    # The vowels of "qu" and "gi" belong to the consonant; "oo" before "ng" is one long vowel.
    start = 2 if bare[:2] == "qu" or (bare[:2] == "gi" and bare[2:3] in _VOWEL_LETTERS) else 0
    runs = _VOWEL_RUN.finditer(_LONG_O.sub("o.", bare), start)
    return all(_can_stand(run, bare, [has_tone for _bare, has_tone in letters]) for run in runs)


def _can_stand(run: re.Match[str], bare: str, tones: list[bool]) -> bool:
    vowels = run.group()
    if run.end() < len(bare):
        return vowels in _BEFORE_CONSONANT or (vowels == "y" and bare.startswith("qu"))
    has_tone_later = any(tones[run.start() + 1 : run.end()])
    return vowels in _AT_THE_END and not (vowels in _TONE_FIRST and has_tone_later)


def _as_bytes(text: str) -> bytes | None:
    """The bytes of a text that was read as Latin-1 or windows-1252; None where it cannot have been."""
    data = bytearray()
    for char in text:
        try:
            data += char.encode("latin-1") if ord(char) < 256 else char.encode("cp1252")
        except UnicodeEncodeError:
            return None
    return bytes(data)


def _decode_utf8_again(text: str) -> str | None:
    data = _as_bytes(text)
    if data is None or not _UTF8_RUN.search(data):
        return None
    # What spaces were made of (NBSP is half of "à") may be gone already: the rest tells enough.
    return "".join(char for char in data.decode("utf-8", "ignore") if char.isprintable())


def _decode_tcvn3(text: str) -> str | None:
    if any(not char.isascii() and char not in _TCVN3 for char in text):
        return None
    decoded = "".join(_TCVN3.get(char, char) for char in text)
    # Its fonts for capitals have the codes of the small letters.
    return " ".join(word.upper() if _is_capital_font(word) else word for word in decoded.split(" "))


def _is_capital_font(word: str) -> bool:
    return word[:1].isupper() and any(char.isascii() and char.isupper() for char in word[1:])


def _decode_cp1258(text: str) -> str | None:
    data = _as_bytes(text)
    try:
        return unicodedata.normalize("NFC", data.decode("cp1258")) if data else None
    except UnicodeDecodeError:
        return None


def explain_bytes(data: bytes) -> str:
    """What bytes that are not UTF-8 seem to be instead: the name of an encoding, or "?"."""
    nulls = data[:4000].count(0)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or nulls > len(data[:4000]) // 5:
        return "UTF-16"
    sample = data[:20_000].decode("latin-1")
    names = [name for line in sample.splitlines() if (name := suspect_encoding(line))]
    known = [name for name in names if name != "?"]
    ranked: Callable[[str], int] = known.count
    return max(sorted(set(known)), key=ranked, default="?")
