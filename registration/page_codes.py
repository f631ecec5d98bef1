"""What each page of the declaration carries for machines, and where on the sheet it stands.

Three codes: the page's own QR code says which sheet this is and lets a photo of it be placed; the Code 128 is for plain
counter scanners; the tracking QR code leads a phone to the portal (on the first page it stands in the head, as text).
"""

from collections.abc import Callable

from registration.barcodes import code128_rectangles, qr_rectangles
from registration.pdf_codes import PlacedCode
from registration.references import scan_text

# Millimetres from the sheet's upper left corner to the symbols, which have their quiet zones around them.
# The page's QR code: always version 1-M, 21 modules of 0.62 mm (registration.references.scan_text says why it fits).
PAGE_LEFT, PAGE_TOP, PAGE_SIDE = 182.0, 275.5, 13.0
# The Code 128 begins with the text and ends at the height of the page's code. 0.5 mm a module: what a copy of a copy,
# or a scan of 100 dots per inch, still tells apart; with version 32767 it is 100 mm wide and stays clear of the other.
BAR_LEFT, BAR_TOP, BAR_MODULE, BAR_HEIGHT = 30.0, 279.5, 0.5, 9.0
# The tracking QR code of the second page and the later ones, in the upper margin.
TRACK_LEFT, TRACK_TOP, TRACK_SIDE = 30.0, 5.5, 17.0


def page_codes(reference: str, version: int, address: str) -> Callable[[int], list[PlacedCode]]:
    """Which codes stand on the page with a given number (from 1 on); `address` is where the tracking code leads."""
    bars = PlacedCode(code128_rectangles(scan_text(reference, version)), BAR_LEFT, BAR_TOP, BAR_MODULE, BAR_HEIGHT)

    def codes(page: int) -> list[PlacedCode]:
        own = _square(scan_text(reference, version, page), PAGE_LEFT, PAGE_TOP, PAGE_SIDE)
        return [own, bars] if page == 1 else [own, bars, _square(address, TRACK_LEFT, TRACK_TOP, TRACK_SIDE)]

    return codes


def _square(text: str, left: float, top: float, side: float) -> PlacedCode:
    rectangles, modules = qr_rectangles(text)
    return PlacedCode(rectangles, left, top, side / modules, side / modules)
