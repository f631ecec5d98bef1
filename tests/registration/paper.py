"""Opening the PDF of a declaration as people and machines do."""

import io
import random
import socket
import subprocess

import pypdfium2
from PIL import Image, ImageChops, ImageFilter
from pypdf import PdfReader

from registration.models import Declaration
from registration.pdf import render_declaration


def content_of(declaration: Declaration) -> bytes:
    return render_declaration(declaration).content


def opened(declaration: Declaration) -> PdfReader:
    return PdfReader(io.BytesIO(content_of(declaration)))


def text_of(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def unspaced(text: str) -> str:
    return "".join(text.split())


def piped(command: list[str], content: bytes) -> bytes:
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout


def scanned(content: bytes, dpi: int = 200, page: int = 1) -> Image.Image:
    """One page as a printer and a scanner would make it."""
    command = ["pdftoppm", "-r", str(dpi), "-gray", "-f", str(page), "-singlefile", "-"]
    return Image.open(io.BytesIO(piped(command, content)))


def shown_by_chrome(content: bytes, dpi: int = 200, page: int = 1) -> Image.Image:
    """One page as PDFium draws it, which is what Chrome and Edge show and print."""
    with pypdfium2.PdfDocument(content) as document:
        return document[page - 1].render(scale=dpi / 72, grayscale=True).to_pil()


def of_one_bit(image: Image.Image) -> Image.Image:
    """As a fax or an office copier keeps it: black or white, nothing between."""
    return image.convert("L").point(lambda level: 255 if level >= 128 else 0)


def _noise(size: tuple[int, int]) -> Image.Image:
    """A fifth of a scanner's range, the same each time: a test that fails now and then says nothing."""
    grain = Image.frombytes("L", size, random.Random(5).randbytes(size[0] * size[1]))
    return grain.point(lambda level: round(128 + (level - 128) * 0.4))


def copied(image: Image.Image, dpi: int) -> Image.Image:
    """Printed and scanned once more: out of focus by a tenth of a millimetre, with noise, then black or white."""
    noise = _noise(image.size)
    blurred = image.filter(ImageFilter.GaussianBlur(dpi / 254))
    return of_one_bit(ImageChops.add(blurred, noise, offset=-128))


def figures(node, found=None) -> list[dict]:
    """Every figure of the structure tree below `node`."""
    found = [] if found is None else found
    node = node.get_object()
    for kid in node if isinstance(node, list) else [node]:
        kid = kid.get_object()
        if isinstance(kid, dict):
            if kid.get("/S") == "/Figure":
                found.append(kid)
            figures(kid.get("/K", []), found)
    return found


def boxes_of_text(content: bytes) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of every word, in points."""
    listing = piped(["pdftotext", "-bbox", "-", "-"], content).decode()
    words = [line.split('"')[1::2] for line in listing.splitlines() if line.strip().startswith("<word")]
    return [(float(a), float(b), float(c), float(d)) for a, b, c, d in words]


def knocked(server: socket.socket) -> bool:
    """Whether somebody has tried to reach this non-blocking server."""
    try:
        server.accept()
    except BlockingIOError:
        return False
    return True
