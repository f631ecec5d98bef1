"""The codes of each page, read as scanners and phones read them: from paper that was scanned, skewed, and copied."""

import io

import pytest
import zxingcpp
from PIL import Image
from pypdf import PdfReader

from registration.enums import Status
from registration.page_codes import BAR_LEFT, BAR_MODULE, page_codes
from registration.references import parse_scan, scan_text
from tests.registration.factories import make_correction, make_declaration
from tests.registration.paper import content_of, copied, of_one_bit, scanned, shown_by_chrome

LONG = {"full_name": ("Công Tằng Tôn Nữ " * 6)[:99] + "a", "address": f"Số 1, đường {'Ư' * 200}"}
_papers: list[tuple] = []
PRINTERS = [scanned, shown_by_chrome]


def read(image: Image.Image) -> set[tuple[str, str]]:
    return {(code.format.name, code.text) for code in zxingcpp.read_barcodes(image)}


def expected(declaration, page: int) -> set[tuple[str, str]]:
    reference, version = declaration.reference, declaration.version
    return {
        ("QRCode", f"{reference}-{version}-{page}"),
        ("Code128", f"{reference}-{version}"),
        ("QRCode", f"http://127.0.0.1:8000/q/{declaration.reference_text}-{version}/"),
    }


@pytest.fixture
def papers(db):
    """A first version of two pages and a second version of one: declaration and PDF, drawn once."""
    if not _papers:
        made = [make_declaration(**LONG), make_correction(make_declaration(Status.RETURNED), address="45 đường Mẫu")]
        _papers.extend((declaration, content_of(declaration)) for declaration in made)
    return _papers


PAGES = [(0, 1), (0, 2), (1, 1)]


@pytest.mark.parametrize(("which", "page"), PAGES)
@pytest.mark.parametrize("printed", PRINTERS)
@pytest.mark.parametrize("dpi", [100, 150, 200])
def test_all_codes_of_a_page_are_read_from_a_scan_in_grey_and_of_one_bit(papers, which, page, printed, dpi):
    declaration, content = papers[which]
    image = printed(content, dpi, page)
    assert read(image) == read(of_one_bit(image)) == expected(declaration, page)


@pytest.mark.parametrize(("which", "page"), PAGES)
@pytest.mark.parametrize("printed", PRINTERS)
@pytest.mark.parametrize("dpi", [100, 150, 200])
def test_codes_are_read_from_a_copy_of_a_copy(papers, which, page, printed, dpi):
    declaration, content = papers[which]
    twice = copied(copied(of_one_bit(printed(content, dpi, page)), dpi), dpi)
    assert read(twice) == expected(declaration, page)


def test_codes_are_read_from_a_skewed_scan_of_an_old_scanner(papers):
    declaration, content = papers[1]
    page = scanned(content, 150).rotate(2, resample=Image.Resampling.BICUBIC, fillcolor=255)
    assert read(page) == expected(declaration, 1)
    assert read(copied(page, 150)) == expected(declaration, 1)


@pytest.mark.parametrize(("which", "page"), PAGES)
@pytest.mark.parametrize("printed", PRINTERS)
def test_code_of_the_page_stands_where_a_photo_of_it_is_placed_by(papers, which, page, printed):
    """13 mm square, 182 to 195 mm from the left, 275.5 to 288.5 mm from the top, and white around it."""
    a_mm = 300 / 25.4
    image = printed(papers[which][1], 300, page).convert("L")
    quiet = 4 * 13 / 21
    box = [round(side * a_mm) for side in (182 - quiet, 275.5 - quiet, 195 + quiet, 288.5 + quiet)]
    around = image.crop(box)
    left, top, right, bottom = around.point(lambda level: 255 if level < 128 else 0).getbbox()
    sides = [(side + box[place]) / a_mm for side, place in ((left, 0), (top, 1), (right, 0), (bottom, 1))]
    assert sides == pytest.approx([182, 275.5, 195, 288.5], abs=0.1)
    (code,) = zxingcpp.read_barcodes(around)
    assert code.format == zxingcpp.BarcodeFormat.QRCode
    assert (code.extra["Version"], code.ec_level) == ("1", "M")


@pytest.mark.django_db
def test_paper_that_is_far_too_long_has_its_codes_on_every_page():
    """What no form lets through: more than nine pages."""
    declaration = make_declaration()
    declaration.address = "đường Mẫu " * 4000
    content = content_of(declaration)
    pages = len(PdfReader(io.BytesIO(content)).pages)
    assert pages > 9
    for page in (1, 2, pages):
        assert read(scanned(content, 150, page)) == expected(declaration, page)


@pytest.mark.parametrize(("version", "page"), [(1, 1), (10, 10), (99, 12), (32767, 9999)])
def test_many_versions_and_pages_fit_into_the_smallest_symbol(version, page):
    own, bars = page_codes("F9299MT66", version, "https://portal.example.vn/q/F929-9MT6-6/")(page)[:2]
    assert own.width == pytest.approx(13 / 21)
    assert max(x + width for x, _, width, _ in bars.rectangles) * BAR_MODULE + BAR_LEFT <= 130
    found = parse_scan(scan_text("F9299MT66", version, page))
    assert (found.version, found.page) == (version, page)


@pytest.mark.parametrize(("version", "page"), [(0, 1), (32768, 1), (1, 0), (1, 10_000), (-1, 1)])
def test_what_does_not_fit_is_refused(version, page):
    with pytest.raises(ValueError, match="no such version or page"):
        scan_text("7K3Q9M2DX", version, page)
