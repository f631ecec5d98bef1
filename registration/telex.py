"""Telex read back: while a computer writes Vietnamese, letters that a hand scanner types turn into marks of others.

W after A makes Ă, alone it makes Ư; AA makes Â, DD makes Đ, EE makes Ê, OO makes Ô; S, F, R, X and J after a vowel
become its tone, Z takes the tone away. What goes in is upper case and composed (NFC); what comes out is upper case.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice, product

# A reference has nine symbols; version and page are digits.
MOST_LETTERS = 9
# Nine symbols with marks have a few dozen readings; what has far more was made to cost time.
MOST_READINGS = 2000
_TONES = {"\u0301": "S", "\u0300": "F", "\u0309": "R", "\u0303": "X", "\u0323": "J"}
_SHAPES = {"\u0306": "W", "\u031b": "W"}  # the breve of Ă, the horn of Ơ and Ư
_CIRCUMFLEX = "\u0302"
_VOWELS = "AEIOUYƯ"


def before_telex(typed: str) -> Iterator[str]:
    """What may have been typed: `typed` alone where no letter is marked, nothing where it is too long."""
    letters = [letter for run in _runs(typed) if run[0].isalpha() for letter in run]
    if sum(1 + len(_unmarked(letter)[1]) for letter in letters) > MOST_LETTERS:
        return
    yield from islice(map("".join, product(*map(_originals, _runs(typed)))), MOST_READINGS)


def with_a_letter_more(typed: str) -> Iterator[str]:
    """What may have been typed where a letter left no trace.

    The same letter twice takes its mark back (ASS gives AS, WW gives W), a second tone replaces the first, Z removes
    it.
    """
    runs = _runs(typed)
    for place, run in enumerate(runs):
        for at in range(1, len(run) + 1):
            before = {_unmarked(letter)[0] for letter in run[:at]} | set(run[:at])
            tones = "SFRXJZ" if before & set(_VOWELS) else ""
            for letter in (*(sign for sign in "ADEOW" if sign in before), *tones):
                yield "".join([*runs[:place], run[:at] + letter + run[at:], *runs[place + 1 :]])


def _runs(typed: str) -> list[str]:
    """Letters and everything else in turn: a digit or a dash ends what Telex takes for a word."""
    return re.findall(r"[^\W\d_]+|[\W\d_]+", typed)


def _originals(run: str) -> list[str]:
    """The letters of one run before marks were made of some: each such letter stood anywhere after the marked one."""
    pieces = [_unmarked(letter) for letter in run]
    found = ["".join(base for base, _ in pieces)]
    for place in reversed(range(len(pieces))):
        for lost in pieces[place][1]:
            found = [text[:at] + lost + text[at:] for text in found for at in range(place + 1, len(text) + 1)]
    return found


def _unmarked(letter: str) -> tuple[str, list[str]]:
    """A letter without its marks, and the letters that had made them."""
    if letter == "Đ":
        return "D", ["D"]
    base, marks = unicodedata.normalize("NFD", letter)[0], unicodedata.normalize("NFD", letter)[1:]
    # No reference has a U: there the letter W alone has become Ư.
    lone_w = base == "U" and "\u031b" in marks
    made_of = [base if mark == _CIRCUMFLEX else (_TONES | _SHAPES).get(mark, "") for mark in marks]
    if lone_w:
        base, made_of = "W", [sign for sign in made_of if sign != "W"]
    return base, [sign for sign in made_of if sign]
