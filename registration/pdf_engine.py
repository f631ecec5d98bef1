"""WeasyPrint, set up once a process: one style sheet, one font configuration, no way out to files or network.

Knows nothing of declarations. Kept apart from `registration.pdf` because importing WeasyPrint takes over half
a second: whoever draws no page (most management commands) does not pay it.
"""

import gc
import io
import itertools
import logging
import os
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cssselect2
import pydyf
from PIL import ImageFile
from weasyprint import CSS, HTML
from weasyprint import Attachment as AttachedFile
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from registration import fonts, pdf_codes, pdf_structure

logger = logging.getLogger(__name__)

# WeasyPrint's import makes Pillow take truncated images for whole ones, everywhere in the process; damaged
# uploads must not slip through by that.
ImageFile.LOAD_TRUNCATED_IMAGES = False

FONTCONFIG = "FONTCONFIG_FILE"
FONT_SETTINGS = Path(__file__).parent / "data" / "fonts.conf"
STYLE = Path(__file__).parent / "data" / "declaration.css"
# PDF/UA-1 declared beside PDF/A-3, which asks that a property it does not know be described (ISO 19005-3, 6.6.2.3).
XMP = Path(__file__).parent / "data" / "pdfua.xmp"
SCHEME = "photo:"
DATA_NAME = "to-khai.json"
# Pango's font maps are shared by all renders of the process, and threads would gain nothing: one at a time.
_RENDERING = threading.Lock()
_DRAWN = itertools.count(1)
SWEEP_ALL_EVERY = 25
# The codes that are printed on a page, given its number from 1 on.
PageCodes = Callable[[int], Iterable[pdf_codes.PlacedCode]]


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


class Page(HTML):  # type: ignore[misc]  # WeasyPrint has no types
    """A page of ours, well-formed, with a style sheet that knows every element it uses.

    Read as XML by the parser in C, and without the 200 rules of a browser's own style sheet: a seventh of a page's
    time. What is not well-formed is refused (xml.etree.ElementTree.ParseError), so that a value can never become
    markup that a lenient parser would mend.
    """

    def __init__(self, source: str, fetcher: URLFetcher) -> None:
        root = ElementTree.fromstring(source)  # noqa: S314 (our own template; what it is given, it escapes)
        self.base_url = None
        self.url_fetcher = fetcher
        self.media_type = "print"
        self.wrapper_element = cssselect2.ElementWrapper.from_html_root(root, content_language=None)
        self.etree_element = self.wrapper_element.etree_element

    def _ua_stylesheets(self, forms: bool = False) -> list[CSS]:
        """What WeasyPrint asks for before it reads ours: nothing. `forms` says whether fields are to be filled in."""
        return []


class FontFetcher(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
    """Hands out the chosen font files as `font:<face>`, and nothing else."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False)
        self._files = dict(zip(fonts.FACES, fonts.faces(), strict=True))

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        """The file of the face. Raises KeyError for any other address, OSError where it has gone."""
        return URLFetcherResponse(
            url, self._files[url.removeprefix("font:")].read_bytes(), {"Content-Type": "font/ttf"}
        )


@cache
def _fonts() -> FontConfiguration:
    """No fonts but those of the style sheet, and none of the machine's settings (data/fonts.conf)."""
    outside = os.environ.get(FONTCONFIG)
    os.environ[FONTCONFIG] = str(FONT_SETTINGS)
    try:
        return FontConfiguration()
    finally:
        # What this process starts has the machine's fonts.
        del os.environ[FONTCONFIG]
        if outside is not None:
            os.environ[FONTCONFIG] = outside


@cache
def _style() -> CSS:
    """Read by path, not by URL: neither static settings nor hashed names matter."""
    return CSS(string=STYLE.read_text("utf-8"), font_config=_fonts(), url_fetcher=FontFetcher())


def _no_codes(_page: int) -> Iterable[pdf_codes.PlacedCode]:
    return ()


@cache
def _ua_claim() -> bytes:
    return XMP.read_bytes()


def make_pdf(
    html: str, photos: Mapping[str, bytes], data: bytes, made_at: datetime, codes: PageCodes = _no_codes
) -> bytes:
    """`html` as a tagged PDF that is PDF/A-3b and PDF/UA-1 at once, with `data` (JSON) attached.

    `photos` are JPEG files, shown by `<img src="photo:name">`; `codes` says which codes are printed on a page, given
    its number from 1 on. `made_at` (UTC) is all that the file says of time: the same arguments give the same bytes.
    About 55 ms a page with three photos once warm; one render at a time in a process. Raises
    registration.fonts.FontMissing and Undrawable, and ElementTree.ParseError for a page that is not well-formed.
    """
    html = fonts.drawable(html)
    attached = AttachedFile(
        file_obj=io.BytesIO(data), name=DATA_NAME, description="Dữ liệu kê khai, dạng JSON",
        created=made_at, modified=made_at, relationship="Data", url_fetcher=PhotoFetcher({}),
    )  # fmt: skip
    with _RENDERING, _swept():
        return _draw(html, photos, attached, codes)


def _draw(html: str, photos: Mapping[str, bytes], attached: AttachedFile, codes: PageCodes) -> bytes:
    content: bytes = Page(html, PhotoFetcher(photos)).write_pdf(
        stylesheets=[_style()], font_config=_fonts(), attachments=[attached], finisher=partial(_finish, codes),
        pdf_variant="pdf/a-3b", pdf_tags=True,
    )  # fmt: skip
    return content


@contextmanager
def _swept() -> Iterator[None]:
    """No garbage collection while a page is drawn, one for what it left right afterwards (under 1 ms).

    Boxes hold their parents, 12 MB a page: left to itself the collector carries them along through its generations,
    and several pages pile up. What slips through (16 kB a page) is swept with everything else now and then.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect(1 if next(_DRAWN) % SWEEP_ALL_EVERY else 2)


def warm_up() -> None:
    """Draw one page that nobody sees, so that the first citizen does not wait for fonts and libraries (0.2 s).

    Raises registration.fonts.FontMissing.
    """
    html = '<html lang="vi"><head><title>.</title></head><body><p>Ấ <b>ặ</b></p><p class="date">ỷ</p></body></html>'
    make_pdf(html, {}, b"{}", datetime(2000, 1, 1))  # noqa: DTZ001 (a page for nobody)
    settle()


def settle() -> None:
    """Take everything loaded so far for good: no later collection goes through it, or copies it after a fork."""
    gc.collect()
    gc.freeze()


def _finish(codes: PageCodes, _document: Any, pdf: pydyf.PDF) -> None:
    """What WeasyPrint cannot say in one go, or says otherwise than the standards.

    PDF/UA-1 beside PDF/A-3, each associated file named once, what stands on every page as artifacts, where pictures
    stand in the page's own units, the codes of each page, and every stream compressed once.
    """
    pdf_structure.mark_artifacts(pdf)
    pdf_codes.print_codes(pdf, codes)
    pdf_structure.place_figures(pdf)
    for part in pdf.objects:
        if isinstance(part, pydyf.Stream) and part.extra.get("Type") == "/Metadata":
            part.stream = [block.replace(b"</rdf:RDF>", _ua_claim() + b"</rdf:RDF>") for block in part.stream]
    pdf.catalog["AF"] = pydyf.Array(dict.fromkeys(pdf.catalog["AF"]))
    _compress(pdf)


def _compress(pdf: pydyf.PDF) -> None:
    """Here instead of by pydyf, which makes every stream twice: to write it, and to name the file by its hash."""
    for part in pdf.objects:
        if isinstance(part, pydyf.Stream) and part.compress:
            written = pydyf.Array(part.stream).data[1:-1]  # operators may stand on one line
            part.stream, part.compress = [zlib.compress(written, 9)], False
            part.extra["Filter"] = "/FlateDecode"
