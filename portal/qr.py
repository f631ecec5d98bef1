"""QR codes drawn by the server, as inline SVG that a strict content security policy lets through."""

from itertools import groupby

import segno
from django.utils.html import format_html
from django.utils.safestring import SafeString

# Modules of empty border that ISO/IEC 18004 asks for around a QR code.
QUIET_ZONE = 4


def qr_svg(text: str, *, title: str) -> SafeString:
    """`text` as a QR code (error correction M): an `<svg role="img">` with the accessible name `title`.

    One unit is one module and the quiet zone is part of the picture; its size on screen and paper is up to
    the style sheet (`.qr`). Raises segno.DataOverflowError for more than about 2,300 bytes.
    """
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    side = len(rows) + 2 * QUIET_ZONE
    path = "".join(_row_path(row, y) for y, row in enumerate(rows, start=QUIET_ZONE))
    return format_html(
        '<svg class="qr" role="img" aria-label="{}" viewBox="0 0 {} {}" shape-rendering="crispEdges">'
        '<path fill="#fff" d="M0 0h{}v{}h-{}z"/><path fill="#000" d="{}"/></svg>',
        title, side, side, side, side, side, path,
    )  # fmt: skip


def _row_path(row: list[int], y: int) -> str:
    """The dark runs of one row, each a rectangle one module high."""
    path, x = "", QUIET_ZONE
    for dark, run in groupby(row):
        width = len(list(run))
        if dark:
            path += f"M{x} {y}h{width}v1h-{width}z"
        x += width
    return path
