"""Drafts in a real browser: tabs, devices, the way back after Ghi nhận, with and without JavaScript."""

import re
from itertools import product

import pytest
from playwright.sync_api import Page, expect

from registration.demo_images import draw_portrait, jpeg_bytes
from registration.models import Attachment, Declaration, Draft
from tests.browser import arrive
from tests.registration.factories import make_agency, photo_bytes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]

FORM = r"/dang-ky/to-khai/\?to-khai=\w+"
RECEIPT = "/dang-ky/ho-so/[^/]+/"
FATHER = {"full_name": "Trần Văn Cha", "bhxh_number": "7911111111", "phone": "0912345671", "portrait": 1}
MOTHER = {"full_name": "Lê Thị Mẹ", "bhxh_number": "7922222222", "phone": "0912345672", "portrait": 2}


@pytest.fixture
def new_browser(new_context, live_server):
    """Makes browsers (contexts), each with its own cookies, whose pages must raise no error."""
    make_agency()
    errors: list[str] = []

    def make(width: int = 1280, **options):
        context = new_context(viewport={"width": width, "height": 800}, base_url=live_server.url, **options)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        context.on("console", lambda line: errors.append(line.text) if "Content Security" in line.text else None)
        return context

    yield make
    assert errors == []


def begin(context) -> Page:
    """Đăng ký → Cá nhân → Tiếp, in a tab of its own."""
    page = context.new_page()
    page.goto("/dang-ky/")
    page.get_by_label("Cá nhân").check()
    page.get_by_role("button", name="Tiếp", exact=True).click()
    arrive(page, FORM)
    page.wait_for_load_state("networkidle")
    return page


def choose(page: Page, kind: str, content: bytes, *, script: bool = True) -> None:
    page.locator(f"#id_{kind}").set_input_files({"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": content})
    if script:
        expect(page.locator(f"#div_id_{kind} progress")).to_have_count(0)
        expect(page.locator(f"#div_id_{kind} [data-shown]")).not_to_have_value("")


def portrait(number: int) -> bytes:
    return jpeg_bytes(draw_portrait(number))


def fill(page: Page, person: dict, *, script: bool = True, photos: bool = True) -> None:
    if photos:
        choose(page, "portrait", portrait(person["portrait"]), script=script)
        for kind in ("id_front", "id_back"):
            choose(page, kind, photo_bytes(kind), script=script)
    for name in ("full_name", "bhxh_number", "phone"):
        page.fill(f"#id_{name}", person[name])
    page.fill("#id_paper_number", "079190000123")
    page.fill("#id_address", "12/3 đường Mẫu, Quận 3")
    pick_agency(page, script=script)
    page.locator("#id_consent").check()


def pick_agency(page: Page, *, script: bool) -> None:
    page.get_by_role("button", name="CHỌN", exact=True).click()
    where = page.get_by_role("dialog") if script else page
    where.get_by_text("[079] BHXH TP. Hồ Chí Minh", exact=True).first.click()
    where.get_by_text("[07911] BHXH Quận 3", exact=True).click()
    where.get_by_role("button", name="Chọn", exact=True).click()
    expect(page.locator("#id_agency")).to_have_value("[07911] BHXH Quận 3")


def submit(page: Page) -> None:
    page.locator(".declaration > .actions").get_by_role("button", name="Ghi nhận", exact=True).click()


def faults(page: Page) -> list:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    return axe.run(page).response["violations"]


def sha_of(page: Page, kind: str = "portrait") -> str:
    return Attachment.objects.get(token=page.locator(f"#div_id_{kind} [data-shown]").get_attribute("value")).sha256


def made_for(person: dict) -> Declaration:
    return Declaration.objects.get(full_name=person["full_name"])


@pytest.mark.parametrize("width", [360, 1280])
def test_father_and_mother_in_two_tabs_get_each_their_own(new_browser, width: int) -> None:
    context = new_browser(width)
    father, mother = begin(context), begin(context)
    for page, person in ((father, FATHER), (mother, MOTHER)):
        fill(page, person)
    shas = {FATHER["full_name"]: sha_of(father), MOTHER["full_name"]: sha_of(mother)}
    home = context.new_page()
    home.goto("/")
    offer = home.get_by_role("region", name="Các tờ khai đang điền dở")
    expect(offer.get_by_role("listitem")).to_have_count(2)
    expect(offer.get_by_role("listitem").filter(has_text="Trần Văn Cha")).to_contain_text("3 ảnh")
    assert home.evaluate("document.documentElement.scrollWidth") == width
    offer.locator("summary").first.click()
    assert faults(home) == []
    for page in (father, mother):
        submit(page)
        arrive(page, RECEIPT)
    assert father.url != mother.url
    for person in (FATHER, MOTHER):
        assert made_for(person).attachments.get(kind="portrait").sha256 == shas[person["full_name"]]
    expect(mother.locator(".reference")).to_have_text(made_for(MOTHER).reference_text)
    home.reload()
    expect(home.locator(".offer")).to_have_count(0)


def test_draft_goes_on_from_the_list_and_by_its_code_on_another_device(new_browser) -> None:
    first, second = new_browser(), new_browser(360)
    page = begin(first)
    page.fill("#id_full_name", FATHER["full_name"])
    expect(page.locator("[data-resume-code]")).to_be_visible()
    code = page.locator("[data-resume-code]").inner_text()
    other = begin(second)
    choose(other, "portrait", portrait(2))
    other.goto("/dang-ky/tiep-tuc/")
    other.fill("#id_code", code)
    other.locator("main button[type=submit]").click()
    arrive(other, FORM)
    expect(other.locator("#id_full_name")).to_have_value(FATHER["full_name"])
    other.goto("/dang-ky/")
    expect(other.locator(".offer")).to_have_count(2)
    other.locator(".offer").filter(has_text="Chưa có họ tên").get_by_role("link").click()
    expect(other.locator("#div_id_portrait img[src*='/anh/']")).to_be_visible()
    other.goto("/")
    offer = other.locator(".offer").filter(has_text="Chưa có họ tên")
    offer.locator("summary").click()
    offer.get_by_role("button").click()
    arrive(other, "/")
    expect(other.locator(".offer")).to_have_count(1)
    assert Draft.objects.count() == 1


@pytest.mark.parametrize("press", ["reload", "language"])
def test_bare_address_keeps_what_was_typed(new_browser, press: str) -> None:
    page = new_browser().new_page()
    page.goto("/dang-ky/to-khai/")
    expect(page).to_have_url(re.compile(FORM))
    with page.expect_response("**/luu/"):
        page.fill("#id_full_name", FATHER["full_name"])
    if press == "reload":
        page.reload()
    else:
        page.get_by_role("button", name="English", exact=True).click()
        expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#id_full_name")).to_have_value(FATHER["full_name"])


@pytest.mark.parametrize(("choice", "width"), list(product(["one-person", "split"], [360, 1280])))
def test_photo_replaced_in_another_tab_is_chosen_not_submitted(new_browser, choice: str, width: int) -> None:
    context = new_browser(width)
    first = begin(context)
    fill(first, FATHER)
    with first.expect_response("**/luu/"):
        first.fill("#id_email", "cha@example.com")
    second = context.new_page()
    second.goto(first.url)
    second.wait_for_load_state("networkidle")
    choose(second, "portrait", portrait(2))
    expect(second.locator("#div_id_portrait [data-shown]")).not_to_have_value(
        first.locator("#div_id_portrait [data-shown]").input_value()
    )
    with first.expect_response(lambda answer: answer.request.method == "POST" and answer.status == 409):
        submit(first)
    assert not Declaration.objects.exists()
    expect(first.locator(".side img")).to_have_count(6)
    assert first.locator(".side img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert first.evaluate("document.documentElement.scrollWidth") == width
    assert faults(first) == []
    first.locator(f"[name={choice}]").click()
    arrive(first, FORM)
    expect(first.locator("#id_full_name")).to_have_value(FATHER["full_name"])
    shas = sha_of(first), sha_of(second)
    assert (shas[0] == shas[1]) == (choice == "one-person")
    first.locator("#id_consent").check()
    submit(first)
    arrive(first, RECEIPT)
    assert made_for(FATHER).attachments.get(kind="portrait").sha256 == shas[0]
    assert Draft.objects.filter(declaration=None).count() == (choice == "split")


def test_two_pages_of_one_draft_never_mix_their_answers(new_browser) -> None:
    context = new_browser(360)
    first = begin(context)
    second = context.new_page()
    second.goto(first.url)
    second.wait_for_load_state("networkidle")
    with first.expect_response("**/luu/"):
        first.fill("#id_full_name", FATHER["full_name"])
    second.fill("#id_full_name", MOTHER["full_name"])
    notice = second.locator("[data-draft-notice]")
    expect(notice).to_contain_text("Tờ khai này vừa được sửa")
    assert faults(second) == []
    notice.get_by_role("button").click()
    arrive(second, FORM)
    expect(second.locator("#id_full_name")).to_have_value(MOTHER["full_name"])
    assert {draft.answers["full_name"] for draft in Draft.objects.all()} == {"Trần Văn Cha", "Lê Thị Mẹ"}


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_going_back_after_ghi_nhan_says_that_it_was_sent(new_browser, script: bool) -> None:
    context = new_browser(360, java_script_enabled=script)
    page = begin(context)
    fill(page, FATHER, script=script)
    submit(page)
    arrive(page, RECEIPT)
    made = made_for(FATHER)
    page.go_back()
    if not script:
        # The page before is the one to which CHỌN led back.
        expect(page).to_have_url(re.compile("/dang-ky/to-khai/"))
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Tờ khai này đã gửi, mã hồ sơ {made.reference_text}")
    if script:
        assert faults(page) == []
    page.get_by_role("link", name="Xem và in tờ khai").click()
    arrive(page, RECEIPT)
    page.go_back()
    page.get_by_role("link", name="Bắt đầu tờ khai khác").click()
    page.get_by_role("button", name="Tiếp", exact=True).click()
    expect(page.locator("#id_full_name")).to_have_value("")


def test_going_back_over_a_refused_press_says_that_it_was_sent(new_browser) -> None:
    page = begin(new_browser())
    fill(page, {**FATHER, "phone": "12"})
    submit(page)
    expect(page.locator("#id_phone_error")).to_be_visible()
    page.fill("#id_phone", FATHER["phone"])
    page.locator("#id_consent").check()
    submit(page)
    arrive(page, RECEIPT)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_contain_text(made_for(FATHER).reference_text)


def test_page_of_a_submitted_draft_says_so_and_loses_nothing(new_browser) -> None:
    context = new_browser()
    first = begin(context)
    fill(first, FATHER)
    with first.expect_response("**/luu/"):
        first.fill("#id_email", "cha@example.com")
    second = context.new_page()
    second.goto(first.url)
    second.wait_for_load_state("networkidle")
    submit(first)
    arrive(first, RECEIPT)
    second.fill("#id_full_name", MOTHER["full_name"])
    notice = second.locator("[data-draft-notice]")
    expect(notice).to_contain_text(f"Tờ khai này đã gửi, mã hồ sơ {made_for(FATHER).reference_text}")
    second.locator("#id_portrait").set_input_files({"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": portrait(2)})
    expect(second.locator("#id_portrait_error")).to_contain_text("đã gửi")
    notice.get_by_role("button", name="tờ khai mới").click()
    arrive(second, FORM)
    expect(second.locator("#id_full_name")).to_have_value(MOTHER["full_name"])
    assert Declaration.objects.count() == 1


def test_phone_of_one_tab_sends_nothing_into_the_other(new_browser) -> None:
    context = new_browser()
    father, mother = begin(context), begin(context)
    with father.expect_response("**/dien-thoai/") as answer:
        father.locator("[data-phone-open]").click()
    phone = new_browser(360, has_touch=True, is_mobile=True).new_page()
    phone.goto(answer.value.json()["url"])
    phone.locator("#id_id_front").set_input_files(
        {"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": photo_bytes("id_front")}
    )
    expect(father.locator("#div_id_id_front [data-shown]")).not_to_have_value("")
    expect(mother.locator("#div_id_id_front [data-shown]")).to_have_value("")
    fill(father, FATHER, photos=False)
    for kind in ("portrait", "id_back"):
        choose(father, kind, photo_bytes(kind))
    submit(father)
    arrive(father, RECEIPT)
    assert made_for(FATHER).attachments.count() == 3


def test_phone_that_goes_on_sending_is_seen_by_the_page_that_was_loaded_again(new_browser) -> None:
    page = begin(new_browser())
    with page.expect_response("**/dien-thoai/") as answer:
        page.locator("[data-phone-open]").click()
    address = answer.value.json()["url"]
    page.reload()
    phone = new_browser(360, has_touch=True, is_mobile=True).new_page()
    phone.goto(address)
    phone.locator("#id_id_front").set_input_files(
        {"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": photo_bytes("id_front")}
    )
    expect(page.locator("#div_id_id_front img[src*='/anh/']")).to_be_visible()
    expect(page.locator("#div_id_id_front [data-shown]")).not_to_have_value("")


def test_photo_whose_answer_was_lost_is_the_pages_own(new_browser) -> None:
    page = begin(new_browser())
    fill(page, FATHER)
    # The server stores it, the page does not hear of it, and sends it once more by itself.
    page.route("**/to-khai/anh/", lambda route: (route.fetch(), route.abort())[1], times=1)
    page.locator("#id_portrait").set_input_files({"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": portrait(2)})
    submit(page)
    arrive(page, RECEIPT)
    assert made_for(FATHER).attachments.count() == 3


def test_language_is_switched_without_losing_the_draft(new_browser) -> None:
    page = begin(new_browser())
    with page.expect_response("**/luu/"):
        page.fill("#id_full_name", FATHER["full_name"])
    for press in ("English", "Tiếng Việt"):
        if press == "Tiếng Việt":
            submit_english = page.get_by_role("button", name="Submit the declaration", exact=True)
            submit_english.last.click()
            expect(page.locator("[data-error-summary]")).to_be_visible()
        page.get_by_role("button", name=press, exact=True).click()
        arrive(page, FORM)
        expect(page.locator("#id_full_name")).to_have_value(FATHER["full_name"])


def test_shared_draft_without_javascript_keeps_its_key_all_the_way(new_browser) -> None:
    context = new_browser(java_script_enabled=False)
    father, mother = begin(context), begin(context)
    for page, person in ((father, FATHER), (mother, MOTHER)):
        fill(page, person, script=False)
    for page, person in ((father, FATHER), (mother, MOTHER)):
        page.get_by_role("button", name=re.compile("Xóa ảnh.*mặt sau")).click()
        arrive(page, FORM + "#id_id_back")
        choose(page, "id_back", photo_bytes("id_back"), script=False)
        page.locator("#id_consent").check()
        submit(page)
        arrive(page, RECEIPT)
        expect(page.locator(".reference")).to_have_text(made_for(person).reference_text)
