"""QR and Code 128 drawings of a reference, as SVG for the printed declaration.

The title in each is what a screen reader says in its place. Sizes on paper are the style sheet's.
"""

from itertools import groupby

import segno
from django.utils.html import format_html
from django.utils.safestring import SafeString

# Empty border, in modules: ISO/IEC 18004 asks for 4 around a QR code, ISO/IEC 15417 for 10 beside a Code 128.
QR_QUIET = 4
CODE128_QUIET = 10
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


def qr_path(text: str) -> tuple[str, int]:
    """The dark modules of `text` as a QR code of error correction M: an SVG path, and the side with its quiet zone.

    One unit is one module. Raises segno.DataOverflowError for more than about 2,300 bytes.
    """
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    path = "".join(_row_path(row, y) for y, row in enumerate(rows, start=QR_QUIET))
    return path, len(rows) + 2 * QR_QUIET


def qr_svg(text: str) -> SafeString:
    """`text` as a QR code for the printed declaration."""
    path, side = qr_path(text)
    return _svg("qr", f"Mã QR của hồ sơ {text}", side, side, path)


def code128_svg(text: str, height: int = 30) -> SafeString:
    """`text` as a Code 128 in code set B, quiet zones included; `height` is in modules, like the width.

    Raises ValueError for anything but printable ASCII.
    """
    widths = code128_widths(text)
    path, x = "", CODE128_QUIET
    for place, width in enumerate(widths):
        if place % 2 == 0:
            path += f"M{x} 0h{width}v{height}h-{width}z"
        x += width
    return _svg("code128", f"Mã vạch của hồ sơ {text}", x + CODE128_QUIET, height, path)


def code128_widths(text: str) -> list[int]:
    """The widths, in modules, of bars and spaces in turn, from the start sign to the stop sign."""
    if not text or any(not " " <= sign <= "~" for sign in text):
        raise ValueError("Code 128 B holds printable ASCII only")
    values = [ord(sign) - 32 for sign in text]
    check = (START_B + sum(place * value for place, value in enumerate(values, start=1))) % 103
    return [int(width) for value in (START_B, *values, check, STOP) for width in _PATTERNS[value]]


def _row_path(row: list[int], y: int) -> str:
    """The dark runs of one row, each a rectangle one module high."""
    path, x = "", QR_QUIET
    for dark, run in groupby(row):
        width = len(list(run))
        if dark:
            path += f"M{x} {y}h{width}v1h-{width}z"
        x += width
    return path


def _svg(name: str, label: str, width: int, height: int, path: str) -> SafeString:
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" class="{}" role="img" viewBox="0 0 {} {}" '
        'preserveAspectRatio="none" shape-rendering="crispEdges"><title>{}</title><path d="{}"/></svg>',
        name, width, height, label, path,
    )  # fmt: skip
