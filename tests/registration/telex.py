"""What a Vietnamese keyboard in Telex makes of capitals that a hand scanner types: a model of Unikey and its kind.

A letter looks for the vowel (or D) that it marks within its word; digits and dashes end a word. The same letter once
more takes the mark back, a second tone replaces the first, Z removes it.
"""

import unicodedata

TONES = {"S": "\u0301", "F": "\u0300", "R": "\u0309", "X": "\u0303", "J": "\u0323"}
CIRCUMFLEX, BREVE, HORN, STROKE = "\u0302", "\u0306", "\u031b", "-"


def typed_in_telex(text: str, *, reaches_back: bool) -> str:
    """`text` as it arrives. `reaches_back`: a mark goes over other letters to its vowel, as most programs allow."""
    words: list[list[tuple[str, set[str]]]] = [[]]
    for sign in text:
        if sign.isalpha():
            _type(words[-1], sign, reaches_back)
        else:
            words += [[(sign, set())], []]
    return "".join(_composed(base, marks) for word in words for base, marks in word)


def _type(word: list[tuple[str, set[str]]], sign: str, reaches_back: bool) -> None:
    place, mark = _target(word if reaches_back else word[-1:], sign)
    if mark is None or place is None:
        word.append(("U", {HORN, "lone"}) if sign == "W" else (sign, set()))
        return
    marks = place[1]
    if mark in marks:
        marks.discard(mark)
        if "lone" in marks:
            word[word.index(place)] = ("W", marks - {"lone"})
        else:
            word.append((sign, set()))
        return
    if sign in TONES or sign == "Z":
        marks -= set(TONES.values())
    if mark in (CIRCUMFLEX, BREVE):
        marks -= {CIRCUMFLEX, BREVE}
    if sign != "Z":
        marks.add(mark)


def _target(word, sign):
    """The letter that `sign` marks, and the mark; None where it marks nothing."""
    for place in reversed(word):
        base, marks = place
        if sign in TONES and base in "AEIOUY":
            return place, TONES[sign]
        if sign == "Z" and base in "AEIOUY" and marks & set(TONES.values()):
            return place, ""
        if sign in "AEO" and base == sign:
            return place, CIRCUMFLEX
        if sign == "D" and base == "D":
            return place, STROKE
        if sign == "W" and base in "AOU":
            return place, BREVE if base == "A" else HORN
    return None, None


def _composed(base: str, marks: set[str]) -> str:
    if STROKE in marks:
        return "Đ"
    return unicodedata.normalize("NFC", base + "".join(mark for mark in marks if mark != "lone"))
