"""QR codes drawn by the server, as inline SVG that a strict content security policy lets through."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from registration.barcodes import qr_path


def qr_svg(text: str, *, title: str) -> SafeString:
    """`text` as a QR code (error correction M): an `<svg role="img">` with the accessible name `title`.

    One unit is one module and the quiet zone is part of the picture; its size on screen and paper is up to
    the style sheet (`.qr`). Raises ValueError for more than about 2,300 bytes.
    """
    path, side = qr_path(text)
    return format_html(
        '<svg class="qr" role="img" aria-label="{}" viewBox="0 0 {} {}" shape-rendering="crispEdges">'
        '<path fill="#fff" d="M0 0h{}v{}h-{}z"/><path fill="#000" d="{}"/></svg>',
        title, side, side, side, side, side, path,
    )  # fmt: skip
