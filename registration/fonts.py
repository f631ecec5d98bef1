"""The one font family of the printed declaration: whether this machine has it, and which signs it can draw."""

import subprocess
from functools import cache

FAMILY = "Liberation Serif"
FACES = ("Regular", "Bold", "Italic")
# Debian's package, named to whoever has to install it.
PACKAGE = "fonts-liberation2"
# Drawn for a sign that the family does not have; the data that goes with the paper keeps the sign itself.
UNDRAWABLE = "□"
# What the source of a page is laid out with; none of it is drawn.
_LAYOUT = frozenset("\n\t ")
# A line a face: its style, and the code points it has as hexadecimal ranges (`20-7e a0-17f 192`).
_LIST = ("fc-list", f":family={FAMILY}", "--format", "%{style[0]}\t%{charset}\n")


class FontMissing(RuntimeError):
    """The family or one of its faces is not on this machine: no document is made in another one."""


def _faces() -> dict[str, str]:
    """What fontconfig says of each face. Asked anew each time (about 10 ms); nothing without fontconfig."""
    try:
        listed = subprocess.run(_LIST, capture_output=True, text=True, check=False, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return dict(line.split("\t", 1) for line in listed.splitlines() if "\t" in line)


def missing_faces() -> list[str]:
    """The faces that the declaration needs and this machine lacks; empty when all is well."""
    found = _faces()
    return [face for face in FACES if face not in found]


@cache
def letters() -> frozenset[int]:
    """The code points that every needed face can draw, asked for once. Raises FontMissing."""
    found = _faces()
    if any(face not in found for face in FACES):
        raise FontMissing(FAMILY)
    return frozenset.intersection(*(_code_points(found[face]) for face in FACES))


def _code_points(ranges: str) -> frozenset[int]:
    ends = [[int(end, 16) for end in part.split("-")] for part in ranges.split()]
    return frozenset(point for end in ends for point in range(end[0], end[-1] + 1))


def drawable(text: str) -> str:
    """`text` with a box for every sign that the family does not have, and a space for every such space.

    No other font may stand in.

    Raises FontMissing.
    """
    strange = {sign for sign in set(text) - _LAYOUT if ord(sign) not in letters()}
    return text.translate({ord(sign): " " if sign.isspace() else UNDRAWABLE for sign in strange}) if strange else text
