"""The notes at the fields in a real browser: they follow what is typed, and say what the server says."""

import re
from datetime import date

import pytest

from common.compare import Difference, name_difference, number_difference
from registration import cookies
from registration.demo_images import cccd_qr_payload, draw_id_card, jpeg_bytes
from registration.held_drafts import form_address
from registration.models import Attachment, Draft
from tests.common.test_compare import NAMES, NUMBERS
from tests.registration.factories import make_agency, make_draft

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]
CARD = {"kind": "cccd", "fields": {"full_name": "NGUYỄN VĂN HÙNG", "paper_number": "079190000123"}}


def card_says(**fields: str) -> None:
    Attachment.objects.filter(kind="id_front").update(card={"kind": "cccd", "fields": {**CARD["fields"], **fields}})


@pytest.fixture
def open_page(new_context, live_server):
    make_agency()
    draft = make_draft(answers={"paper_kind": "cccd"})
    card_says()
    errors = []

    def make(**options):
        context = new_context(**({"viewport": {"width": 360, "height": 740}} | options))
        name, value = cookie_of(draft)
        context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(live_server.url + form_address(draft.token))
        return page

    yield make
    assert errors == []


def cookie_of(draft: Draft) -> tuple[str, str]:
    from django.http import HttpResponse

    response = HttpResponse()
    cookies.set_cookie(response, draft.token)
    ((name, morsel),) = response.cookies.items()
    return name, morsel.value


def note(page, name: str):
    return page.locator(f"[data-card-note={name}]")


def type_in(page, name: str, text: str) -> None:
    """Type as people do: the field is left afterwards, which saves the draft; wait for what the server says to it."""
    page.evaluate("""() => {
        const form = document.querySelector("form[data-save-url]");
        window.answered = new Promise((done) => form.addEventListener("draft-saved", () => done(), { once: true }));
    }""")
    page.locator(f"#id_{name}").fill(text)
    page.locator(f"#id_{name}").blur()
    page.evaluate("() => window.answered")


def shown_difference(page, name: str) -> str:
    line = note(page, name).locator("[data-card-differs]")
    return line.get_attribute("data-card-differs") if note(page, name).is_visible() and line.count() else ""


def test_browser_and_server_tell_the_same_differences(open_page):
    page = open_page()
    for name, difference, pairs in (
        ("full_name", name_difference, NAMES),
        ("paper_number", number_difference, [pair for pair in NUMBERS if pair[0]]),
    ):
        for typed, read, _expected in pairs:
            card_says(**{name: read})
            type_in(page, name, typed)
            assert Difference(shown_difference(page, name)) == difference(typed, read), (typed, read)
            type_in(page, name, "")


def test_note_follows_the_typing_and_its_buttons_work_in_place(open_page):
    page = open_page()
    type_in(page, "full_name", "Nguyễn Văn Hưng")
    expect(note(page, "full_name")).to_contain_text("khác dấu")
    note(page, "full_name").get_by_role("button", name="Giữ nguyên").click()
    expect(note(page, "full_name")).to_be_hidden()
    expect(page.locator("#id_full_name")).to_have_value("Nguyễn Văn Hưng")
    type_in(page, "full_name", "Nguyễn Văn Hung")
    expect(note(page, "full_name")).to_be_visible()
    note(page, "full_name").get_by_role("button", name="Dùng theo thẻ").click()
    expect(page.locator("#id_full_name")).to_have_value("NGUYỄN VĂN HÙNG")
    expect(note(page, "full_name")).to_be_hidden()


def test_doubt_appears_while_the_form_is_filled_in(open_page):
    page = open_page()
    card_says(paper_number="165190000123")
    type_in(page, "paper_number", "165190000123")
    expect(note(page, "paper_number")).to_contain_text("Ba số đầu lạ")
    type_in(page, "full_name", "Nguyeãn Vaên Höõu")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    assert axe.run(page).response["violations"] == []
    type_in(page, "paper_number", "079190000123")
    expect(note(page, "paper_number")).not_to_contain_text("Ba số đầu lạ")


def test_old_code_is_asked_about_and_taken_in_place(open_page):
    page = open_page()
    type_in(page, "full_name", "Nguyeãn Vaên Höõu")
    note(page, "full_name").get_by_role("button", name="Dùng “Nguyễn Văn Hữu”").click()
    expect(page.locator("#id_full_name")).to_have_value("Nguyễn Văn Hữu")
    expect(page).to_have_url(re.compile(r"/dang-ky/to-khai/\?to-khai=\w+$"))
    type_in(page, "full_name", "Voõ Lan")
    note(page, "full_name").get_by_role("button", name="Giữ nguyên").first.click()
    expect(page.locator("[name=kept_full_name]")).to_have_value("Voõ Lan")
    expect(note(page, "full_name")).not_to_contain_text("bảng mã cũ")


def test_buttons_work_without_javascript(open_page):
    page = open_page(java_script_enabled=False)
    page.locator("#id_full_name").fill("Nguyeãn Vaên Höõu")
    page.locator("main").get_by_role("button", name="Ghi nhận").click()
    expect(page.locator("#id_full_name_error")).to_contain_text("Nguyễn Văn Hữu")
    page.get_by_role("button", name="Dùng “Nguyễn Văn Hữu”").click()
    expect(page.locator("#id_full_name")).to_have_value("Nguyễn Văn Hữu")
    page.get_by_role("button", name="Dùng theo thẻ").first.click()
    expect(page.locator("#id_full_name")).to_have_value("NGUYỄN VĂN HÙNG")


def test_card_fills_empty_fields_which_can_be_emptied_again(open_page):
    Attachment.objects.all().delete()
    payload = cccd_qr_payload(
        number="079190000123",
        name="Nguyễn Thị Mẫu",
        birth_date=date(1990, 4, 3),
        is_male=False,
        address="Phường 5, Quận 3, TP. Hồ Chí Minh",
        issued_on=date(2021, 5, 20),
    )
    photo = jpeg_bytes(draw_id_card("front", name="Nguyễn Thị Mẫu", number="079190000123", seed=3, qr=payload))
    page = open_page()
    type_in(page, "full_name", "Nguyễn Thị Mậu")
    page.locator("#id_id_front").set_input_files({"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": photo})
    expect(page.locator("#id_paper_number")).to_have_value("079190000123")
    expect(note(page, "paper_number")).to_contain_text("Đã điền theo thẻ")
    expect(note(page, "full_name")).to_contain_text("khác dấu")
    note(page, "paper_number").get_by_role("button", name="Xóa ô này").click()
    expect(page.locator("#id_paper_number")).to_have_value("")
    expect(note(page, "paper_number")).to_be_hidden()
