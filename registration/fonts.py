"""The font files of the printed declaration: where they are on this machine, and which signs they can draw.

A family's name is not enough: Debian's fonts-liberation and fonts-liberation2 both bring a "Liberation Serif", and the
first lacks most Vietnamese letters. So one file is chosen for each face by what is in it, and the engine is given these
files and no others. Set-up asks by `python -m registration.fonts`, which ends with 1 where a face is missing.
"""

import os
import struct
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError

FAMILY = "Liberation Serif"
FACES = ("Regular", "Bold", "Italic")
# Debian's package, named to whoever has to install it.
PACKAGE = "fonts-liberation2"
# Searched in this order. A person's own folders come last, so that every user of a machine draws with the same files.
FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "~/.local/share/fonts",
    "~/.fonts",
)
# The folders to search instead, separated as in PATH: for a machine that keeps its fonts elsewhere.
FOLDERS_VARIABLE = "FONT_FOLDERS"
# What the source of a page is laid out with; none of it is drawn.
_LAYOUT = frozenset("\n\t ")
_VOWELS = "aăâeêioôơuưy"
_MARKS = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
VIETNAMESE = frozenset(
    unicodedata.normalize("NFC", vowel + mark) for vowel in _VOWELS + _VOWELS.upper() for mark in _MARKS
) | frozenset("đĐ")
# A file without one of these is not used: every Vietnamese letter, printable ASCII, and what the form's text adds.
_REQUIRED = frozenset(map(ord, VIETNAMESE)) | frozenset(range(0x20, 0x7F)) | frozenset(map(ord, "·–…“”"))


class FontMissing(RuntimeError):
    """The family or one of its faces is not on this machine, or not with every Vietnamese letter.

    No document is made in another font.
    """


class Undrawable(ValueError):
    """A text has signs that the font lacks. `fields` names whose text it is, where that is known; never the text."""

    def __init__(self, fields: Iterable[str] = ()) -> None:
        self.fields = list(fields)
        super().__init__(f"signs that the font lacks, in: {', '.join(self.fields) or 'the page'}")


def find_faces(family: str = FAMILY, faces: Iterable[str] = FACES) -> dict[str, Path]:
    """The file of each face of `family` that has every Vietnamese letter; a face without one is not in the answer.

    Looked for anew each time (3 ms). The first in the order of `FOLDERS` and of the paths is taken: whatever else is
    installed, the user, the locale and fontconfig's settings make no difference.
    """
    wanted = {f"{family.replace(' ', '')}-{face}.ttf": face for face in faces}
    found: dict[str, Path] = {}
    for path in _files(family):
        face = wanted.get(path.name)
        if face and face not in found and _letters_in(path) >= _REQUIRED:
            found[face] = path
    return found


def missing_faces() -> list[str]:
    """The faces that the declaration needs and this machine lacks; empty when all is well."""
    found = find_faces()
    return [face for face in FACES if face not in found]


@cache
def faces() -> tuple[Path, ...]:
    """The files that this process draws with, in the order of `FACES`, chosen once. Raises FontMissing."""
    found = find_faces()
    if len(found) < len(FACES):
        raise FontMissing(FAMILY)
    return tuple(found[face] for face in FACES)


@cache
def letters() -> frozenset[int]:
    """The code points that every needed face can draw, read from the very files. Raises FontMissing."""
    return frozenset.intersection(*map(_letters_in, faces()))


def has_undrawable(text: str) -> bool:
    """Whether `text` has a sign that should be seen and that the font lacks. Raises FontMissing."""
    return any(_category(sign) not in ("Zs", "Cf") for sign in _strange(text))


def drawable(text: str) -> str:
    """`text` with a plain space for every space that the font lacks, without the invisible signs that it lacks.

    No other font stands in. Raises Undrawable, FontMissing.
    """
    if has_undrawable(text):
        raise Undrawable
    strange = _strange(text)
    return text.translate({ord(sign): " " if sign.isspace() else "" for sign in strange}) if strange else text


def _strange(text: str) -> set[str]:
    return {sign for sign in set(text) - _LAYOUT if ord(sign) not in letters()}


def _category(sign: str) -> str:
    return "Zs" if sign.isspace() else unicodedata.category(sign)


def _files(family: str) -> Iterator[Path]:
    chosen = [folder for folder in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep) if folder]
    for folder in chosen or FOLDERS:
        yield from sorted(Path(os.path.expanduser(folder)).rglob(f"{family.replace(' ', '')}-*.ttf"))


def _letters_in(path: Path) -> frozenset[int]:
    """What a font file can draw; nothing where it cannot be read or is damaged."""
    try:
        stat = path.stat()
        return _read(path, stat.st_mtime_ns, stat.st_size)
    except OSError:
        return frozenset()


@lru_cache(maxsize=32)
def _read(path: Path, _changed_ns: int, _size: int) -> frozenset[int]:
    try:
        return code_points(path)
    except (TTLibError, struct.error, AssertionError, LookupError, ValueError):
        return frozenset()


def code_points(path: Path) -> frozenset[int]:
    """The code points to which a font file gives a sign.

    Raises what fontTools raises for a file that is cut or is no font.
    """
    with TTFont(path) as font:
        for table in font.reader.tables.values():
            if table.offset + table.length > path.stat().st_size:
                raise TTLibError("the file is cut")
        return frozenset(code for code, glyph in font.getBestCmap().items() if glyph != ".notdef")


if __name__ == "__main__":
    raise SystemExit(1 if missing_faces() else 0)
