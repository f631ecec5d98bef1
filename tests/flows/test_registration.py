"""The whole story against the real processes: web, worker, beat, Redis, database and a browser."""

import io
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pypdf import PdfReader

from registration.demo_images import draw_id_card, draw_portrait, jpeg_bytes
from tests.browser import arrive
from tests.flows.conftest import PASSWORD, Portal, field, wait_for

pytestmark = [pytest.mark.flow, pytest.mark.browser, pytest.mark.xdist_group("flow")]

NAME = "Trần Thị Bưởi"
ADDRESS = "12 Lý Chính Thắng, Phường Võ Thị Sáu, Quận 3, TP. Hồ Chí Minh"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("photos")
    card = {"name": NAME.upper(), "number": "079190012345", "kind": "cccd", "seed": 4}
    pictures = {
        "portrait": draw_portrait(4),
        "id_front": draw_id_card("front", **card),
        "id_back": draw_id_card("back", **card),
    }
    for kind, picture in pictures.items():
        (folder / f"{kind}.jpg").write_bytes(jpeg_bytes(picture))
    return {kind: folder / f"{kind}.jpg" for kind in pictures}


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


def new_page(browser: Browser, width: int) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 800}, locale="en-US").new_page()
    page.set_default_timeout(20_000)
    return page


def fill(page: Page, photos: dict[str, Path], *, number: str, phone: str) -> None:
    page.get_by_label("Loại giấy tờ").select_option(label="CCCD")
    page.get_by_label("Ảnh chân dung").set_input_files(photos["portrait"])
    page.get_by_label("Ảnh mặt trước").set_input_files(photos["id_front"])
    page.get_by_label("Ảnh mặt sau").set_input_files(photos["id_back"])
    page.get_by_label("Họ và tên").fill(NAME)
    page.get_by_label("Mã số BHXH").fill(number)
    page.get_by_label("Số giấy tờ").fill("079 190 012 345")
    page.get_by_label("Địa chỉ liên hệ").fill(ADDRESS)
    page.get_by_label("Điện thoại di động").fill(phone)


def choose_agency(page: Page) -> None:
    page.get_by_role("button", name="CHỌN", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("[079] BHXH TP. Hồ Chí Minh", exact=True).click()
    dialog.get_by_text("[07911] BHXH Quận 3", exact=True).click()
    dialog.get_by_role("button", name="Chọn", exact=True).click()
    expect(page.get_by_label("Cơ quan BHXH tiếp nhận")).to_have_value("[07911] BHXH Quận 3")


def sign_in_staff(page: Page, portal: Portal, name: str) -> None:
    page.goto(f"{portal.base}/admin/")
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form [type=submit]").first.click()
    arrive(page, "/admin/")


def open_dossier(page: Page, portal: Portal, query: str) -> None:
    page.goto(f"{portal.base}/admin/registration/declaration/?q={query}")
    if "/change" not in page.url:
        page.locator("#result_list a").first.click()
    arrive(page, "/change/.*")


def test_registration_from_the_home_page_to_the_account(
    portal: Portal, browser: Browser, photos: dict[str, Path]
) -> None:
    citizen = new_page(browser, 360)
    citizen.goto(portal.base)
    expect(citizen.locator("html")).to_have_attribute("lang", "vi")

    # The guide: a QR code and a link for each store, the hotline.
    citizen.goto(f"{portal.base}/huong-dan/")
    expect(citizen.get_by_text("1900 9068").first).to_be_visible()
    assert (
        citizen.locator("a[href*='play.google.com']").count() and citizen.locator("a[href*='apps.apple.com']").count()
    )

    # Object type, then the declaration with a health-card number and one field wrong: photos and words stay.
    citizen.goto(portal.base)
    citizen.get_by_role("main").get_by_role("link", name="Đăng ký", exact=True).first.click()
    citizen.get_by_label("Cá nhân").check()
    citizen.get_by_role("button", name="Tiếp", exact=True).click()
    arrive(citizen, r"/dang-ky/to-khai/\?to-khai=\w+")
    fill(citizen, photos, number="DN 4 79 79 1234 5601", phone="0912 345")
    choose_agency(citizen)
    assert not citizen.get_by_role("checkbox").is_checked()
    citizen.get_by_role("checkbox").check()
    with citizen.expect_response(lambda r: r.request.method == "POST" and "/to-khai/?" in r.url) as answer:
        citizen.get_by_role("button", name="Ghi nhận", exact=True).click()
    assert answer.value.status == 422
    expect(citizen.get_by_role("alert")).to_be_focused()
    citizen.get_by_role("alert").get_by_role("link").first.click()
    expect(citizen.get_by_label("Điện thoại di động")).to_be_focused()
    assert citizen.locator(".photo-field__stored img").count() == 3
    assert citizen.locator(".photo-field__stored img").first.evaluate("i => i.naturalWidth") > 200
    expect(citizen.get_by_label("Họ và tên")).to_have_value(NAME)
    expect(citizen.get_by_label("Cơ quan BHXH tiếp nhận")).to_have_value("[07911] BHXH Quận 3")

    # Ghi nhận, twice: one declaration.
    citizen.get_by_label("Điện thoại di động").fill("0912 345 601")
    citizen.get_by_role("checkbox").check()
    citizen.get_by_role("button", name="Ghi nhận", exact=True).dblclick()
    arrive(citizen, "/dang-ky/ho-so/.*")
    reference = citizen.locator(".reference").inner_text()
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]", reference)
    check_pdf(citizen.request.get(f"{citizen.url}to-khai.pdf").body(), reference)
    check_opening(new_page(browser, 360), portal, citizen.url, reference)

    # Staff: another district sees nothing; Quận 3 receives and approves.
    officer = new_page(browser, 1280)
    sign_in_staff(officer, portal, "canbo.q3")
    open_dossier(officer, portal, reference)
    expect(officer.get_by_text(NAME).first).to_be_visible()
    expect(officer.get_by_text("7912345601").first).to_be_visible()
    assert officer.locator("img[src*='/photo/']").first.evaluate("i => i.naturalWidth") > 200
    officer.get_by_role("button", name="Đã nhận tờ khai giấy").click()
    officer.get_by_role("button", name="Duyệt", exact=True).click()
    expect(officer.get_by_role("button", name="Duyệt", exact=True)).to_have_count(0)

    # The SMS.
    texts = wait_for(lambda: portal.passwords_to("0912345601"), "the SMS")
    assert len(texts) == 1
    text = texts[0]
    assert text.isascii() and len(text) <= 160 and "http" not in text and "1900 9068" in text
    password = re.search(r"Ma so: 7912345601\. Mat khau: (\S+) - ", text)
    assert password, text

    # Tracking: a wrong phone and an unknown reference get the same answer.
    check_tracking(citizen, portal, reference)

    # The account.
    citizen.goto(f"{portal.base}/tai-khoan/dang-nhap/")
    citizen.get_by_label("Mã số BHXH").fill("7912345601")
    citizen.get_by_label("Mật khẩu").fill(password[1])
    citizen.get_by_role("main").get_by_role("button", name="Đăng nhập").click()
    citizen.goto(f"{portal.base}/tai-khoan/")
    arrive(citizen, "/tai-khoan/mat-khau/")
    citizen.get_by_label("Mật khẩu mới", exact=True).fill("hoa-buoi-trang-2026")
    citizen.get_by_label("Nhập lại mật khẩu mới").fill("hoa-buoi-trang-2026")
    citizen.get_by_role("button", name="Lưu mật khẩu mới").click()
    arrive(citizen, "/tai-khoan/")
    expect(citizen.get_by_text(NAME).first).to_be_visible()
    expect(citizen.get_by_text(reference).first).to_be_visible()


def check_pdf(content: bytes, reference: str) -> None:
    reader = PdfReader(io.BytesIO(content))
    assert len(reader.pages) == 1
    text = " ".join(reader.pages[0].extract_text().split())
    for words in (NAME, "7912345601", "079190012345", ADDRESS, "BHXH Quận 3", reference, "Kính gửi"):
        assert words in text, words
    assert len(reader.pages[0].images) >= 3


def check_opening(page: Page, portal: Portal, address: str, reference: str) -> None:
    """Another browser has what stands on the paper, and the receipt's address: both open nothing without the phone."""
    for rest in ("", "to-khai.pdf", "anh/portrait.jpg"):
        assert page.request.get(f"{address}{rest}").status == 403
    page.goto(address)
    page.get_by_role("main").get_by_role("link", name="Tra cứu hồ sơ").click()
    page.get_by_label("Mã hồ sơ").fill(reference)
    page.get_by_label("4 số cuối").fill("5601")
    page.get_by_role("button", name="Tra cứu", exact=True).click()
    expect(page.get_by_text("Chờ ông/bà nộp tờ khai giấy")).to_be_visible()
    expect(page.get_by_role("button", name="Đồng ý rút hồ sơ")).to_have_count(0)
    page.get_by_role("button", name="Gửi mã đến số •••• ••• 601").click()
    arrive(page, "/tra-cuu/ma/")
    sent = wait_for(lambda: [text for text in portal.texts_to("0912345601") if "Ma xac nhan" in text], "the code")
    code = re.search(rf"{reference}: (\d{{3}})(\d{{3}})\.", sent[0])
    assert code, sent
    page.get_by_label("Mã xác nhận").fill(f"{code[1]} {code[2]}")
    page.get_by_role("button", name="Mở hồ sơ").click()
    arrive(page, "/dang-ky/ho-so/.*")
    assert page.url == address
    check_pdf(page.request.get(f"{address}to-khai.pdf").body(), reference)
    page.get_by_role("button", name="Đóng hồ sơ trên máy này").click()
    arrive(page, "/tra-cuu/")
    assert page.request.get(f"{address}to-khai.pdf").status == 403
    page.context.close()


def check_tracking(page: Page, portal: Portal, reference: str) -> None:
    answers = []
    for tried, digits in ((reference, "0000"), ("0000-0000-0", "5601"), (reference, "5601")):
        page.goto(f"{portal.base}/tra-cuu/")
        page.get_by_label("Mã hồ sơ").fill(tried)
        page.get_by_label("4 số cuối").fill(digits)
        with page.expect_response(lambda r: r.request.method == "POST") as answer:
            page.get_by_role("button", name="Tra cứu", exact=True).click()
        answers.append((answer.value.status, page.get_by_role("main").inner_text()))
    assert [status for status, _text in answers] == [422, 422, 200]
    assert answers[0][1] == answers[1][1]
    assert "Đã duyệt" in answers[2][1]
    assert "0912" not in answers[2][1]


def register(portal: Portal, photos: dict[str, Path], *, number: str, phone: str) -> str:
    """The form posted in one go, as a browser without JavaScript does; the reference."""
    session = requests.Session()
    page = f"{portal.base}/dang-ky/to-khai/"
    shown = session.get(page, timeout=10).text
    data = {name: field(shown, name) for name in ("csrfmiddlewaretoken", "draft")} | {
        "paper_kind": "cccd",
        "full_name": NAME,
        "bhxh_number": number,
        "paper_number": "079190012345",
        "address": ADDRESS,
        "phone": phone,
        "agency": "07911",
        "consent": "on",
    }
    files = {kind: (path.name, path.read_bytes(), "image/jpeg") for kind, path in photos.items()}
    answer = session.post(page, data, files=files, headers={"Referer": page}, timeout=30)
    found = re.search(r'class="reference"[^>]*>([^<]+)<', answer.text)
    assert found, answer.text[:2000]
    return found[1]


def dossier(portal: Portal, session: requests.Session, reference: str) -> requests.Response:
    answer = session.get(f"{portal.base}/admin/registration/declaration/", params={"q": reference}, timeout=10)
    assert answer.url.endswith("/change/"), answer.url
    return answer


def test_message_goes_out_when_redis_comes_back(portal: Portal, photos: dict[str, Path]) -> None:
    reference = register(portal, photos, number="7912345602", phone="0912345602")
    officer = portal.officer("canbo.q3")
    portal.decide(officer, dossier(portal, officer, reference).text, "receive")
    page = dossier(portal, officer, reference).text
    portal.queue.kill()
    try:
        answer = portal.decide(officer, page, "approve")
        assert answer.status_code == 200
        assert "Đã duyệt" in answer.text
        assert portal.passwords_to("0912345602") == []
        ready = requests.get(f"{portal.base}/health/ready", timeout=10)
        assert (ready.status_code, ready.json()["checks"]["redis"]) == (503, "failed")
    finally:
        portal.queue.start()
    texts = wait_for(lambda: portal.passwords_to("0912345602"), "the SMS", 60)
    assert len(texts) == 1


def test_two_officers_deciding_at_once_do_not_both_win(portal: Portal, photos: dict[str, Path]) -> None:
    reference = register(portal, photos, number="7912345603", phone="0912345603")
    officers = [portal.officer("canbo.q3"), portal.officer("canbo.hcm")]
    portal.decide(officers[0], dossier(portal, officers[0], reference).text, "receive")
    pages = [dossier(portal, officer, reference).text for officer in officers]
    decisions = [
        (officers[0], pages[0], "approve", {}),
        (officers[1], pages[1], "return", {"reason": "Ảnh mặt sau bị mờ."}),
    ]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: portal.decide(one[0], one[1], one[2], **one[3]), decisions))
    told = [answer for answer in answers if "chưa được ghi" in answer.text]
    assert len(told) == 1
    assert sorted(answer.status_code for answer in answers) == [200, 409]


def test_guide_shows_a_code_that_a_phone_reads(portal: Portal, browser: Browser) -> None:
    page = new_page(browser, 1280)
    page.goto(f"{portal.base}/huong-dan/")
    read = set()
    for code in page.locator("svg.qr, .qr svg").all():
        code.scroll_into_view_if_needed()
        picture = Image.open(io.BytesIO(code.screenshot()))
        read |= {
            found.text for found in zxingcpp.read_barcodes(picture.resize((picture.width * 2, picture.height * 2)))
        }
    assert any("play.google.com" in text for text in read)
    assert any("apps.apple.com" in text for text in read)
