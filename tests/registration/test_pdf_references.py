"""The paper as it looks: each page against a picture that a person has looked at and found right.

After a deliberate change: `python -m tests.registration.make_pdf_references`, look at every picture, commit them.
"""

import os
import re
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
DPI = 55
# Another version of the rasteriser moves edges by a fraction of a pixel: blurred pictures are compared by blocks,
# each by its mean difference in grey levels. Half a pixel makes 10, a page moved by one pixel (0.5 mm) 14 to 16,
# another name 17, a line that moves or is missing 25 and more.
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
    """Every page as pdftoppm draws it: PGM files one after the other."""
    drawn, found = piped(["pdftoppm", "-r", str(DPI), "-gray", "-"], content), []
    while drawn:
        head = re.match(rb"P5\s(\d+)\s(\d+)\s255\s", drawn)
        size = int(head[1]), int(head[2])
        end = head.end() + size[0] * size[1]
        found.append(Image.frombytes("L", size, drawn[head.end() : end]))
        drawn = drawn[end:]
    return found


def difference(first: Image.Image, second: Image.Image) -> float:
    """The mean difference, in grey levels, of the block in which two pages differ most."""
    if first.size != second.size:
        return 255
    blurred = [image.convert("L").filter(ImageFilter.GaussianBlur(2)) for image in (first, second)]
    delta = ImageChops.difference(*blurred)
    # Blocks overlap by half: what differs must not be divided among four of them.
    places = ((x, y) for x in range(0, delta.width, BLOCK // 2) for y in range(0, delta.height, BLOCK // 2))
    boxes = ((x, y, x + BLOCK, y + BLOCK) for x, y in places)
    return max(ImageStat.Stat(delta.crop(box)).mean[0] for box in boxes)


def _of_16_greys(page: Image.Image) -> Image.Image:
    """A picture a third as large as a file, off by four grey levels in the mean."""
    few = page.point([round(level / 17) for level in range(256)]).convert("P")
    few.putpalette([part for level in range(16) for part in (level * 17,) * 3])
    return few


def file_of(name: str, number: int) -> Path:
    return FOLDER / f"{name}-{number}.png"


@pytest.mark.parametrize("name", PAPERS)
def test_paper_looks_as_it_was_found_right(name):
    drawn = pages(paper(name))
    if os.environ.get("MAKE_PDF_REFERENCES"):
        FOLDER.mkdir(exist_ok=True)
        for number, page in enumerate(drawn, start=1):
            _of_16_greys(page).save(file_of(name, number), optimize=True, bits=4)
    assert len(drawn) == len(list(FOLDER.glob(f"{name}-*.png")))
    for number, page in enumerate(drawn, start=1):
        with Image.open(file_of(name, number)) as reference:
            assert difference(page, reference) <= ALLOWED, f"page {number}"


@pytest.mark.parametrize("other", ["english", "corrected", "passport", "longest"])
def test_comparison_sees_a_name_that_differs(other):
    with Image.open(file_of("usual", 1)) as usual, Image.open(file_of(other, 1)) as differing:
        assert difference(usual, differing) > ALLOWED


def test_references_are_small():
    assert all(file.stat().st_size <= 40_000 for file in FOLDER.glob("*.png"))
