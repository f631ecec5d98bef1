"""How a text travels as SMS: its alphabet and how many segments it takes (3GPP TS 23.038 and 23.040)."""

import unicodedata

GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each is sent as an escape and a second character.
GSM7_EXTENSION = frozenset("\f^{}\\[~]|€")

GSM7_SINGLE, GSM7_JOINED = 160, 153
UCS2_SINGLE, UCS2_JOINED = 70, 67

_PLAIN = str.maketrans({"đ": "d", "Đ": "D", "₫": "d", "‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-"})


def is_gsm7(text: str) -> bool:
    """Whether every character is in the GSM 7-bit default alphabet or its extension table."""
    return all(character in GSM7_BASIC or character in GSM7_EXTENSION for character in text)


def segment_count(text: str) -> int:
    """The number of SMS segments that `text` takes; 0 for an empty text.

    GSM-7: 160 characters alone, 153 in each joined segment, extension characters count two. Anything else
    makes the whole text UCS-2: 70 alone, 67 joined, in UTF-16 units. No character is split between two.
    """
    if is_gsm7(text):
        widths = [2 if character in GSM7_EXTENSION else 1 for character in text]
        return _fill(widths, GSM7_SINGLE, GSM7_JOINED)
    return _fill([2 if ord(character) > 0xFFFF else 1 for character in text], UCS2_SINGLE, UCS2_JOINED)


def _fill(widths: list[int], single: int, joined: int) -> int:
    if sum(widths) <= single:
        return 1 if widths else 0
    count, room = 1, joined
    for width in widths:
        if width > room:
            count, room = count + 1, joined
        room -= width
    return count


def unaccent(text: str) -> str:
    """`text` in plain ASCII, as Vietnamese offices send it: "Đức Hoà" becomes "Duc Hoa".

    What has no plain form becomes "?".
    """
    decomposed = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return bare.encode("ascii", "replace").decode("ascii")
