"""The structure tree of a PDF that WeasyPrint has drawn, brought in line with PDF/UA-1 (ISO 14289-1).

WeasyPrint tags what stands in page margins without hanging it into the tree, so that a reading tool finds content that
is neither read nor declared to be decoration (7.1); and it measures pictures in CSS pixels from the top, where a
bounding box counts points from the bottom (ISO 32000-1, 14.8.5.4.3).
"""

from collections.abc import Iterable, Iterator
from typing import Any

import pydyf

POINTS_A_PIXEL = 0.75


def mark_artifacts(pdf: pydyf.PDF) -> None:
    """Page number and page foot, which no tag of the tree reaches, become artifacts of pagination."""
    elements = {each.reference: each for each in _dictionaries(pdf, "/StructElem")}
    (root,) = _dictionaries(pdf, "/StructTreeRoot")
    reached = set(_reached(root["K"], elements))
    (tree,) = (each for each in pdf.objects if isinstance(each, pydyf.Dictionary) and "Nums" in each)
    for stream, owners in zip(_tagged_streams(pdf), tree["Nums"][1::2], strict=True):
        _declare(stream, owners, reached)
        owners[:] = [owner if owner in reached else b"null" for owner in owners]
    for reference, element in elements.items():
        if reference not in reached:
            element.free = "f"


def place_figures(pdf: pydyf.PDF) -> None:
    """The bounding box of each figure: left, bottom, right and top in points from the page's lower left corner."""
    heights = {page.reference: page["MediaBox"][3] for page in _dictionaries(pdf, "/Page")}
    for element in _dictionaries(pdf, "/StructElem"):
        if element["S"] != "/Figure" or "A" not in element:
            continue
        height = heights[element["Pg"]]
        left, top, right, bottom = (side * POINTS_A_PIXEL for side in element["A"]["BBox"])
        element["A"]["BBox"] = pydyf.Array((left, height - bottom, right, height - top))


def _dictionaries(pdf: pydyf.PDF, kind: str) -> list[Any]:
    return [each for each in pdf.objects if isinstance(each, pydyf.Dictionary) and each.get("Type") == kind]


def _tagged_streams(pdf: pydyf.PDF) -> list[Any]:
    """The pages' contents, in the order of the pages."""
    return [each for each in pdf.objects if isinstance(each, pydyf.Stream) and b"BDC" in each.stream]


def _reached(kids: Iterable[Any], elements: dict[bytes, Any]) -> Iterator[bytes]:
    for kid in kids:
        if isinstance(kid, bytes) and kid in elements:
            yield kid
            yield from _reached(elements[kid]["K"], elements)


def _declare(stream: Any, owners: list[bytes], reached: set[bytes]) -> None:
    """Every marked sequence of the content (`/Tag <</MCID n>> BDC`) whose owner is not reached is an artifact."""
    for place, operator in enumerate(stream.stream):
        if operator != b"BDC":
            continue
        mark = stream.stream[place - 1]
        if owners[mark["MCID"]] not in reached:
            stream.stream[place - 2 : place] = ["/Artifact", pydyf.Dictionary({"Type": "/Pagination"})]
