"""Codes for machines on the pages of a PDF that WeasyPrint has drawn: at exact places, as artifacts of pagination.

Drawn as filled rectangles by the page itself and not as pictures in the text: each page's code names the page, which is
known only once the text has been laid out, and a photo of the sheet can be placed by them to a millimetre.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pydyf

POINTS_A_MM = 72 / 25.4


@dataclass(frozen=True)
class PlacedCode:
    """A code's dark rectangles (x, y, width, height, in modules from its upper left corner) and where it stands.

    `left` and `top` are millimetres from the sheet's upper left corner, to the symbol itself without its quiet zone;
    `width` and `height` are the millimetres of one module.
    """

    rectangles: Iterable[tuple[int, int, int, int]]
    left: float
    top: float
    width: float
    height: float

    def in_points(self, page_height: float) -> Iterator[tuple[float, float, float, float]]:
        """Left, bottom, width and height of each rectangle, as PDF counts them: from the lower left corner."""
        for x, y, width, height in self.rectangles:
            left, top = self.left + x * self.width, self.top + y * self.height
            yield (
                left * POINTS_A_MM,
                page_height - (top + height * self.height) * POINTS_A_MM,
                width * self.width * POINTS_A_MM,
                height * self.height * POINTS_A_MM,
            )


def print_codes(pdf: pydyf.PDF, codes: Callable[[int], Iterable[PlacedCode]]) -> None:
    """Before everything else on each page: there the page's coordinates are still the sheet's."""
    objects = {each.reference: each for each in pdf.objects}
    pages = [each for each in pdf.objects if isinstance(each, pydyf.Dictionary) and each.get("Type") == "/Page"]
    for number, page in enumerate(pages, start=1):
        stream: Any = objects[page["Contents"]]
        height = float(page["MediaBox"][3])
        # One path for each code: rectangles that touch leave no hairline between them.
        drawn = [_path(code.in_points(height)) for code in codes(number)]
        if drawn:
            stream.stream[:0] = [b"/Artifact <</Type /Pagination>> BDC q 0 g\n" + b"\n".join(drawn) + b"\nQ EMC"]


def _path(rectangles: Iterable[tuple[float, float, float, float]]) -> bytes:
    corners = (" ".join(f"{side:.3f}" for side in each) + " re" for each in rectangles)
    return " ".join([*corners, "f"]).encode()
