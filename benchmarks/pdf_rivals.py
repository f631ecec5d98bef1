"""The same declaration by others: ReportLab drawing one page, and a warm Chromium printing the same HTML."""

import base64
import io
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from registration.fonts import FACES, faces
from registration.page_codes import page_codes
from registration.pdf_codes import PlacedCode
from registration.pdf_engine import STYLE

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
_PIECE = re.compile(r"<(p|li|h1)[ >].*?</\1>", re.DOTALL)
PLACES = {"portrait": (30, 190, 30, 40), "id_front": (30, 120, 81.2, 51.2), "id_back": (114, 120, 81.2, 51.2)}


def reportlab_page(html: str, photos: dict[str, bytes], reference: str, address: str) -> Callable[[], bytes]:
    """A function that draws texts, photos and codes of the declaration anew; fonts are registered once."""
    for face, path in zip(FACES, faces(), strict=True):
        pdfmetrics.registerFont(TTFont(face, path))
    pdfmetrics.registerFontFamily("Regular", normal="Regular", bold="Bold", italic="Italic", boldItalic="Bold")
    style = ParagraphStyle("text", fontName="Regular", fontSize=13, leading=15, alignment=4)
    texts = [_marked(found[0]) for found in _PIECE.finditer(html)]

    def draw() -> bytes:
        file = io.BytesIO()
        canvas = Canvas(file, pagesize=(210 * mm, 297 * mm), lang="vi")
        canvas.setTitle("Tờ khai đăng ký giao dịch điện tử")
        top = 277 * mm
        for text in texts:
            paragraph = Paragraph(text, style)
            _width, height = paragraph.wrap(165 * mm, 800)
            top = max(top - height, 20 * mm)
            paragraph.drawOn(canvas, 30 * mm, top)
        for kind, content in photos.items():
            x, y, width, height = PLACES[kind]
            canvas.drawImage(ImageReader(io.BytesIO(content)), x * mm, y * mm, width * mm, height * mm)
        _draw_codes(canvas, reference, address)
        canvas.showPage()
        canvas.save()
        return file.getvalue()

    return draw


def _marked(piece: str) -> str:
    """The text with ReportLab's own marks for bold."""
    bold = re.sub(r"<(/?)(?:strong|b)\b[^>]*>", r"<\1b>", piece)
    return " ".join(unescape(re.sub(r"<(?!/?b>)[^>]*>", "", bold)).split())


def _draw_codes(canvas: Canvas, reference: str, address: str) -> None:
    """All three, each where our second page has it."""
    path = canvas.beginPath()
    for code in page_codes(reference, 1, address)(2):
        for rectangle in code.in_points(297 * mm):
            path.rect(*rectangle)
    canvas.drawPath(path, stroke=0, fill=1)


def children_cpu() -> float:
    """Processor time, in ms, that every process under this one has used so far: Chromium's and its driver's."""
    parents, used = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        pid = int(stat.parent.name)
        parents[pid], used[pid] = int(fields[1]), int(fields[11]) + int(fields[12])
    return sum(ticks for pid, ticks in used.items() if _descends(pid, parents)) * 1000 / os.sysconf("SC_CLK_TCK")


def _descends(pid: int, parents: dict[int, int]) -> bool:
    while (pid := parents.get(pid, 0)) > 1:
        if pid == os.getpid():
            return True
    return False


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def chromium_html(html: str, photos: dict[str, bytes], codes: Iterable[PlacedCode]) -> str:
    """Our document for a browser: the style sheet inside, photos as data: addresses, the codes as one drawing."""
    for kind, content in photos.items():
        html = html.replace(f"photo:{kind}", "data:image/jpeg;base64," + base64.b64encode(content).decode())
    drawn = "".join(map(_svg_path, codes))
    style = "position: fixed; left: -30mm; top: -20mm; width: 210mm; height: 297mm"
    svg = f'<svg style="{style}" viewBox="0 0 210 297">{drawn}</svg>'
    html = html.replace("</body>", f"{svg}</body>")
    return html.replace("</head>", f"<style>{STYLE.read_text('utf-8')}</style></head>")


def _svg_path(code: PlacedCode) -> str:
    """One path in millimetres of the sheet."""
    drawn = "".join(
        f"M{code.left + x * code.width:.3f} {code.top + y * code.height:.3f}"
        f"h{width * code.width:.3f}v{height * code.height:.3f}h{-width * code.width:.3f}z"
        for x, y, width, height in code.rectangles
    )
    return f'<path d="{drawn}"/>'


def print_in_new_page(browser: Browser, html: str) -> bytes:
    """As a server would: a page of its own for each citizen, closed afterwards."""
    page = browser.new_page()
    content = print_in(page, html)[0]
    page.close()
    return content


def print_in(page: Page, html: str) -> tuple[bytes, float]:
    """The PDF, and how long `page.pdf()` alone took, in ms."""
    page.set_content(html, wait_until="load")
    began = time.perf_counter()
    content = page.pdf(prefer_css_page_size=True, print_background=True, tagged=True)
    return content, (time.perf_counter() - began) * 1000
