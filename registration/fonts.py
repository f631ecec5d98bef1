"""The one font family of the printed declaration: whether this machine has it, and which signs it can draw."""

import subprocess
from functools import cache

FAMILY = "Liberation Serif"
FACES = ("Regular", "Bold", "Italic")
# Debian's package, named to whoever has to install it.
PACKAGE = "fonts-liberation2"
# Drawn for a sign that the family does not have; the data that goes with the paper keeps the sign itself.
UNDRAWABLE = "□"
_LIST = ("fc-list", f":family={FAMILY}", "--format", "%{style[0]}\t%{file}\n")


class FontMissing(RuntimeError):
    """The family or one of its faces is not on this machine: no document is made in another one."""


def font_files() -> dict[str, str]:
    """Fontconfig's file of each face, by style. Asks it anew each time (about 10 ms); empty without fontconfig."""
    try:
        listed = subprocess.run(_LIST, capture_output=True, text=True, check=False, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return dict(line.split("\t", 1) for line in sorted(listed.splitlines(), reverse=True) if "\t" in line)


def missing_faces() -> list[str]:
    """The faces that the declaration needs and this machine lacks; empty when all is well."""
    files = font_files()
    return [face for face in FACES if face not in files]


@cache
def letters() -> frozenset[int]:
    """The code points that every needed face can draw, read once. Raises FontMissing."""
    from fontTools.ttLib import TTFont

    files = font_files()
    if any(face not in files for face in FACES):
        raise FontMissing(FAMILY)
    return frozenset.intersection(*(frozenset(TTFont(files[face], lazy=True).getBestCmap()) for face in FACES))


def drawable(text: str) -> str:
    """`text` with a box for every sign that the family does not have: no other font may stand in.

    Raises FontMissing.
    """
    strange = {ord(sign) for sign in set(text) if not sign.isspace()} - letters()
    return text.translate(dict.fromkeys(strange, UNDRAWABLE)) if strange else text
