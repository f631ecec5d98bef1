"""Pages on paper: nothing to press, black on white, and the receipt on one sheet."""

import re

import pytest

from agencies.services import save_agency
from tests.registration.factories import make_declaration

playwright = pytest.importorskip("playwright.sync_api")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]
# How light the text of the footer is on paper: luminance by WCAG.
LUMINANCE = """() => [...document.querySelectorAll('.site-footer p, .site-footer a, h1')].map((each) => {
  const parts = getComputedStyle(each).color.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
  const [red, green, blue] = parts.map((part) => part <= .03928 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
  return 1.05 / (.2126 * red + .7152 * green + .0722 * blue + .05);
})"""


@pytest.fixture
def page(new_context):
    return new_context(viewport={"width": 1280, "height": 720}, color_scheme="dark").new_page()


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.mark.parametrize("address", ["/", "/huong-dan/", "/dang-ky/", "/dang-ky/to-khai/", "/tra-cuu/", "receipt"])
def test_printed_page_has_nothing_to_press_and_can_be_read(page, live_server, address):
    if address == "receipt":
        address = f"/dang-ky/ho-so/{make_declaration().token}/"
    page.goto(f"{live_server.url}{address}")
    page.emulate_media(media="print")
    assert page.locator(".button:visible, button:visible, .site-nav:visible, .skip-link:visible").count() == 0
    assert min(page.evaluate(LUMINANCE)) > 7
    assert page.locator(".site-footer p:visible").count() > 0


def test_receipt_fits_on_one_sheet(page, live_server):
    declaration = make_declaration()
    agency = declaration.agency
    agency.address, agency.phone = "386/39B Lê Văn Sỹ, Phường 14, Quận 3, TP. Hồ Chí Minh", "028 3931 0000"
    agency.opening_hours, agency.email = "Thứ hai đến thứ sáu: 7:30–11:30, 13:00–17:00", "quan3@example.com"
    save_agency(agency)
    page.goto(f"{live_server.url}/dang-ky/ho-so/{declaration.token}/")
    page.wait_for_load_state("networkidle")
    assert pages_of(page.pdf(prefer_css_page_size=True)) == 1
