"""WeasyPrint, set up once a process: one style sheet, one font configuration, no way out to files or network.

Knows nothing of declarations. Kept apart from `registration.pdf` because importing WeasyPrint takes over half
a second: whoever draws no page (most management commands) does not pay it.
"""

import logging
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from PIL import ImageFile
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

logger = logging.getLogger(__name__)

# WeasyPrint's import makes Pillow take truncated images for whole ones, everywhere in the process; damaged
# uploads must not slip through by that.
ImageFile.LOAD_TRUNCATED_IMAGES = False

STYLE = Path(__file__).parent / "data" / "declaration.css"
SCHEME = "photo:"
# Pango's font maps are shared by all renders of the process, and threads would gain nothing: one at a time.
_RENDERING = threading.Lock()


class PhotoFetcher(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
    """Hands out the given JPEG photos as `photo:<name>`; any other address is refused and not even logged."""

    def __init__(self, photos: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False)
        self._photos = photos

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        """The photo at `url`. Raises ValueError for any other address."""
        content = self._photos.get(url.removeprefix(SCHEME)) if url.startswith(SCHEME) else None
        if content is None:
            logger.warning("a document asked for an address that is not its own: refused")
            raise ValueError("refused")
        return URLFetcherResponse(SCHEME, content, {"Content-Type": "image/jpeg"})


@cache
def _fonts() -> FontConfiguration:
    return FontConfiguration()


@cache
def _style() -> CSS:
    """Read by path, not by URL: neither static settings nor hashed names matter."""
    return CSS(string=STYLE.read_text("utf-8"), font_config=_fonts(), url_fetcher=PhotoFetcher({}))


def make_pdf(html: str, photos: Mapping[str, bytes]) -> bytes:
    """`html` as a tagged PDF/UA-1 document; `photos` are JPEG files, shown by `<img src="photo:name">`.

    About 0.2 s a page with three photos; one render at a time in a process.
    """
    with _RENDERING:
        page = HTML(string=html, url_fetcher=PhotoFetcher(photos))
        content: bytes = page.write_pdf(stylesheets=[_style()], font_config=_fonts(), pdf_variant="pdf/ua-1")
    return content
