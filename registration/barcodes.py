"""QR codes and Code 128: as SVG for pages, and as rectangles for whoever draws them at an exact place.

The title of an SVG is what a screen reader says in its place. Sizes on paper are up to the style sheet.
"""

from itertools import accumulate, groupby
from typing import Any

import zxingcpp
from django.utils.html import format_html
from django.utils.safestring import SafeString

# Empty border, in modules: ISO/IEC 18004 asks for 4 around a QR code, ISO/IEC 15417 for 10 beside a Code 128.
QR_QUIET = 4
CODE128_QUIET = 10
# A dark rectangle: x, y, width and height in modules from the symbol's upper left corner, without the quiet zone.
Rectangle = tuple[int, int, int, int]
START_B = 104
STOP = 106

# Widths of bar, space, bar, space, bar, space of each value (ISO/IEC 15417, table 1);
# the stop sign, the last, has one bar more.
_TABLE = """
212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212
112232 122132 122231 113222 123122 123221 223211 221132 221231 213212 223112 312131
311222 321122 321221 312212 322112 322211 212123 212321 232121 111323 131123 131321
112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121
313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111
314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114
122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212
124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113
114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112
"""
_PATTERNS = _TABLE.split()


def qr_rectangles(text: str) -> tuple[list[Rectangle], int]:
    """The dark runs of the rows of `text` as a QR code of error correction M, and the symbol's side in modules.

    Raises ValueError for more than about 2,300 bytes.
    """
    # Thirty times as fast as an encoder in Python, and it is here already, to read cards.
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    image: Any = code.to_image(scale=1, add_quiet_zones=False)
    rows: Any = memoryview(image).tolist()
    runs = []
    for y, row in enumerate(rows):
        x = 0
        for level, run in groupby(row):
            width = len(list(run))
            if level == 0:
                runs.append((x, y, width, 1))
            x += width
    return runs, len(rows)


def qr_path(text: str) -> tuple[str, int]:
    """The dark modules of `text` as a QR code: an SVG path, and the side with its quiet zone. One unit is one module.

    Raises ValueError for more than about 2,300 bytes.
    """
    runs, side = qr_rectangles(text)
    path = "".join(f"M{x + QR_QUIET} {y + QR_QUIET}h{width}v1h-{width}z" for x, y, width, _ in runs)
    return path, side + 2 * QR_QUIET


def qr_svg(text: str, label: str) -> SafeString:
    """`text` as a QR code for the printed declaration, with its quiet zone; `label` is said in its place.

    Drawn as strokes one module wide: two thirds less to say than outlines, and the page is drawn 10 ms sooner.
    """
    runs, side = qr_rectangles(text)
    path = "".join(f"M{x + QR_QUIET} {y + QR_QUIET}.5h{width}" for x, y, width, _ in runs)
    side += 2 * QR_QUIET
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" class="qr" role="img" viewBox="0 0 {} {}" preserveAspectRatio="none">'
        '<title>{}</title><path fill="none" stroke="#000" stroke-width="1" d="{}"/></svg>',
        side, side, label, path,
    )  # fmt: skip


def code128_rectangles(text: str) -> list[Rectangle]:
    """The bars of `text` as a Code 128 in code set B, one unit high. Raises ValueError like `code128_widths`."""
    widths = code128_widths(text)
    edges = accumulate(widths, initial=0)
    return [(x, 0, width, 1) for place, (x, width) in enumerate(zip(edges, widths, strict=False)) if place % 2 == 0]


def code128_widths(text: str) -> list[int]:
    """The widths, in modules, of bars and spaces in turn, from the start sign to the stop sign.

    Raises ValueError for anything but printable ASCII.
    """
    if not text or any(not " " <= sign <= "~" for sign in text):
        raise ValueError("Code 128 B holds printable ASCII only")
    values = [ord(sign) - 32 for sign in text]
    check = (START_B + sum(place * value for place, value in enumerate(values, start=1))) % 103
    return [int(width) for value in (START_B, *values, check, STOP) for width in _PATTERNS[value]]
