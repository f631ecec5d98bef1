"""The paper as it looks: each page against a picture that a person has looked at and found right.

After a deliberate change: `python -m tests.registration.make_pdf_references`, look at every picture, commit them.
"""

import io
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import translation
from PIL import Image, ImageChops, ImageFilter, ImageStat

from registration.enums import Status
from registration.models import Declaration
from tests.registration.factories import make_correction, make_declaration
from tests.registration.paper import content_of, piped

pytestmark = pytest.mark.django_db
FOLDER = Path(__file__).parent / "pdf_references"
DPI = 60
# Another version of the rasteriser moves edges by a fraction of a pixel: blurred pictures are compared by blocks,
# each by its mean difference in grey levels. A line of text that moves by 2 mm or is missing makes 25 and more.
BLOCK = 16
ALLOWED = 14
LONGEST = {
    "full_name": ("Công Tằng Tôn Nữ " * 6)[:99] + "a",
    "address": f"Số 1, đường {'Ư' * 200}, " + ("Phường Mẫu " * 9)[:85] + "a",
    "email": f"{'a' * 60}@example.com",
}
PAPERS = {
    "usual": {},
    "longest": LONGEST,
    "passport": {"paper_kind": "passport", "paper_number": "C1234567", "email": ""},
    "corrected": {"address": "45 đường Mẫu, Phường 7, Quận 3, TP. Hồ Chí Minh"},
    "english": {"language": "en", "full_name": "JOHN SAMPLE"},
}


@pytest.fixture(autouse=True)
def _public_address(settings):
    settings.PUBLIC_URL = "https://dangky.example.vn"


def paper(name: str) -> bytes:
    """The document of that name; nothing in it depends on the day or on chance."""
    if name == "corrected":
        declaration = make_correction(make_declaration(Status.RETURNED), **PAPERS[name])
    else:
        declaration = make_declaration(**PAPERS[name])
    moment = datetime(2026, 2, 5, 3, 30, tzinfo=UTC)
    Declaration.objects.filter(pk=declaration.pk).update(
        reference="7K3Q9M2DX", bhxh_number="7900000001", phone="+84912345678",
        submitted_at=moment, consented_at=moment,
    )  # fmt: skip
    declaration.refresh_from_db()
    with translation.override(declaration.language):
        return content_of(declaration)


def pages(content: bytes) -> list[Image.Image]:
    drawn = piped(["pdftoppm", "-r", str(DPI), "-gray", "-"], content)
    found, file = [], io.BytesIO(drawn)
    while file.tell() < len(drawn):
        with Image.open(file) as image:
            found.append(image.copy())
    return found


def difference(first: Image.Image, second: Image.Image) -> float:
    """The mean difference, in grey levels, of the block in which two pages differ most."""
    if first.size != second.size:
        return 255
    blurred = [image.convert("L").filter(ImageFilter.GaussianBlur(2)) for image in (first, second)]
    delta = ImageChops.difference(*blurred)
    boxes = ((x, y, x + BLOCK, y + BLOCK) for x in range(0, delta.width, BLOCK) for y in range(0, delta.height, BLOCK))
    return max(ImageStat.Stat(delta.crop(box)).mean[0] for box in boxes)


def file_of(name: str, number: int) -> Path:
    return FOLDER / f"{name}-{number}.png"


@pytest.mark.parametrize("name", PAPERS)
def test_paper_looks_as_it_was_found_right(name):
    drawn = pages(paper(name))
    if os.environ.get("MAKE_PDF_REFERENCES"):
        FOLDER.mkdir(exist_ok=True)
        for number, page in enumerate(drawn, start=1):
            page.quantize(16).save(file_of(name, number), optimize=True)
    assert len(drawn) == len(list(FOLDER.glob(f"{name}-*.png")))
    for number, page in enumerate(drawn, start=1):
        with Image.open(file_of(name, number)) as reference:
            assert difference(page, reference) <= ALLOWED, f"page {number}"


def test_comparison_sees_one_word_that_differs():
    with Image.open(file_of("usual", 1)) as usual, Image.open(file_of("english", 1)) as english:
        assert difference(usual, english) > 1.5 * ALLOWED


def test_references_are_small():
    assert all(file.stat().st_size <= 40_000 for file in FOLDER.glob("*.png"))
