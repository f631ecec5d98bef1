"""Vietnamese typed or pasted in an old code, recognised by what it would mean: VNI, TCVN3 (ABC), VISCII, misread UTF-8.

Such text looks broken ("Nguyeãn Vaên Höõu", "NguyÔn V¨n H÷u", "Nguyá»…n"). It is only taken for it where every word
with a sign outside ASCII becomes a Vietnamese syllable and was none before: "Müller", "José", "Seán Murphy" and
"Ngô Đình" stay what they are. Sources of the tables: TCVN 5712:1993, RFC 1456 (VISCII), the VNI double-byte fonts.
"""

import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress

from common.syllables import is_syllable
from common.text import MAX_TEXT, is_latin, tidy

_TONES = {"ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
_CIRCUMFLEX = {"â": "", "á": "\u0301", "à": "\u0300", "å": "\u0309", "ã": "\u0303", "ä": "\u0323"}
_BREVE = {"ê": "", "é": "\u0301", "è": "\u0300", "ú": "\u0309", "ü": "\u0303", "ë": "\u0323"}
_VNI_ALONE = {"ô": "ơ", "ö": "ư", "ñ": "đ", "î": "ỵ", "í": "í", "ì": "ì", "æ": "ỉ", "ó": "ĩ", "ò": "ị"}
# The upper halves of the single-byte codes, from 0xA0 (TCVN3, of which 0xB5 on are small letters) and from 0x80.
_TCVN3 = "\xa0ĂÂÊÔƠƯĐăâêôơưđẶ̀̀̉̃́àảãáạẲằẳẵắẴẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịòỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ"
_VISCII = (
    "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ"
    "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡưàáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"
)
_WORD = re.compile(r"[^\s,./()\-]+")
_MISREAD_AS = ("cp1252", "cp1258", "latin-1")


def meant_by(text: str) -> str | None:
    """What `text`, as it came in (untidied: soft hyphens are letters in TCVN3), means; None where it is no old code."""
    text = unicodedata.normalize("NFC", text) if len(text) <= MAX_TEXT else ""
    if text.isascii() or not text:
        return None
    if (read := _misread_utf8(text)) is not None:
        return read
    if any(ord(sign) > 0xFF and sign not in _CP1252_SIGNS for sign in text):
        return None  # letters of today's Vietnamese, or of another script
    readings = (_read_words(text, decode) for decode in (_vni, _tcvn3, _viscii))
    return next((tidy(reading) for reading in readings if reading), None)


def _misread_utf8(text: str) -> str | None:
    """UTF-8 that some program showed as Windows-1252 (or the Vietnamese 1258), once or twice, in all or some words."""
    # The last byte of à reads as a space that does not break: editors make a plain one of it, or drop it.
    spaced = (text, re.sub("([ÃĂ]) ", "\\1\xa0", text), re.sub("([ÃĂ])(?= |$)", "\\1\xa0", text))
    readings = [tidy(_misread_utf8(read) or read) for seen in spaced if (read := _decoded(seen)) is not None]
    return next((read for read in readings if all(map(is_syllable, read.split()))), next(iter(readings), None))


def _decoded(seen: str) -> str | None:
    words = seen.split(" ")
    read = [_decoded_word(word) for word in words]
    if not any(read):
        return None
    return " ".join(new or old for new, old in zip(read, words, strict=True))


def _is_western(sign: str) -> bool:
    return sign <= "\xff" or is_latin(sign) or sign in _CP1252_SIGNS or bool(unicodedata.combining(sign))


def _decoded_word(word: str) -> str | None:
    if word.isascii():
        return None
    for code in _MISREAD_AS:
        with suppress(UnicodeError):
            read = b"".join(_byte(sign, code) for sign in word).decode("utf-8")
            if all(map(_is_western, read)):
                return read
    return None


def _byte(sign: str, code: str) -> bytes:
    """The byte that reads as `sign`; those that the code leaves empty pass through as they are."""
    return bytes([ord(sign)]) if "\x80" <= sign <= "\x9f" else sign.encode(code)


_CP1252_SIGNS = frozenset(bytes(range(0x80, 0xA0)).decode("cp1252", "ignore"))


def _read_words(text: str, decode: Callable[[str], str]) -> str | None:
    """The text with its words decoded, where that makes Vietnamese of what was none."""
    words = set(_WORD.findall(text))
    meaning = {word: decode(word) for word in words if not word.isascii()}
    broken = [word for word in meaning if not is_syllable(tidy(word))]
    if not broken or not all(is_syllable(read) and _is_one_case(read) for read in meaning.values()):
        return None
    # One broken word alone may be a foreign name, such as Seán: then the whole has to read as Vietnamese.
    is_certain = len(broken) > 1 or not all(map(str.isalpha, broken))
    others = [word for word in words - set(meaning) if word.isalpha() and not _is_abbreviation(word)]
    if not is_certain and (len(words) == 1 or not all(map(is_syllable, others))):
        return None
    return _WORD.sub(lambda match: meaning.get(match.group(), match.group()), text)


def _is_abbreviation(word: str) -> bool:
    return word.isupper() and len(word) <= 3


def _is_one_case(word: str) -> bool:
    return word in (word.lower(), word.upper(), word.capitalize())


def _vni(word: str) -> str:
    """A letter, then its accents as a letter of their own: Höõu is Hữu."""
    read: list[str] = []
    for sign in word:
        small = sign.lower()
        base = read[-1].casefold() if read else ""
        if small in _TONES and base in set("aeiouyơư"):
            read[-1] += _TONES[small]
        elif small in _CIRCUMFLEX and base in set("aeo"):
            read[-1] += "\u0302" + _CIRCUMFLEX[small]
        elif small in _BREVE and base == "a":
            read[-1] += "\u0306" + _BREVE[small]
        else:
            alone = _VNI_ALONE.get(small, small)
            read.append(alone.upper() if sign.isupper() else alone)
    return unicodedata.normalize("NFC", "".join(read))


def _tcvn3(word: str) -> str:
    return _by_table(word, _TCVN3, 0xA0)


def _viscii(word: str) -> str:
    return _by_table(word, _VISCII, 0x80)


def _by_table(word: str, table: str, first: int) -> str:
    points = [_byte(sign, "cp1252")[0] for sign in word]
    read = "".join(table[point - first] if point >= first else chr(point) for point in points)
    # TCVN3 has capitals with accents only in fonts of their own: the plain letters tell.
    plain = [sign for sign in word if sign.isascii() and sign.isalpha()]
    is_capital = len(plain) > 1 and all(sign.isupper() for sign in plain)
    return unicodedata.normalize("NFC", read.upper() if is_capital else read)
