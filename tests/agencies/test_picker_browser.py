"""The picker as people meet it: mouse, keyboard, a lost network, a small screen, and without JavaScript."""

import re

import pytest

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

CITY = "[079] BHXH TP. Hồ Chí Minh"
QUAN_3 = "[07911] BHXH Quận 3"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.agencies.picker_urls"),
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture
def page(new_context, live_server, built_in):
    page = new_context(viewport={"width": 360, "height": 640}, locale="vi-VN").new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None)
    page.goto(f"{live_server.url}/dang-ky/to-khai/")
    yield page
    assert errors == []


def opener(page):
    return page.locator("[data-agency-picker]")


def item(page, label):
    return page.get_by_text(label, exact=True)


def taken(page) -> tuple[str, str]:
    return page.locator("[name=agency]").input_value(), page.locator("#id_agency").input_value()


def test_picker_takes_a_district_with_the_mouse(page):
    opener(page).click()
    expect(item(page, QUAN_3)).to_be_hidden()
    item(page, CITY).click()
    item(page, QUAN_3).click()
    page.locator("[data-take]").click()
    expect(page.locator("dialog")).to_be_hidden()
    assert taken(page) == ("07911", QUAN_3)
    expect(opener(page)).to_be_focused()


def test_picker_takes_a_province_and_closes_on_double_click(page):
    opener(page).click()
    item(page, CITY).dblclick()
    expect(page.locator("dialog")).to_be_hidden()
    assert taken(page) == ("079", CITY)


def test_picker_works_by_keyboard_alone(page):
    opener(page).focus()
    page.keyboard.press("Enter")
    expect(item(page, CITY)).to_be_visible()
    page.locator("[data-search]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.keyboard.type("ho chi")
    expect(page.locator('[data-code="079"]')).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(700)
    page.keyboard.type("quan 3")
    expect(page.locator('[data-code="07911"]')).to_be_focused()
    page.wait_for_timeout(700)
    page.keyboard.press("Space")
    expect(page.locator('[data-code="07911"]')).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    assert taken(page) == ("07911", QUAN_3)
    expect(opener(page)).to_be_focused()


def test_picker_searches_without_accents_and_tells_the_count(page):
    opener(page).click()
    page.locator("[data-search]").fill("go vap")
    expect(page.get_by_role("option")).to_have_count(1)
    expect(page.locator("[data-status]")).to_have_text(re.compile("1"))
    page.locator("[data-search]").fill("zzzz")
    expect(page.get_by_role("option")).to_have_count(0)
    expect(page.locator("[data-status]")).not_to_be_empty()
    page.locator("[data-search]").fill("q3")
    expect(item(page, QUAN_3)).to_be_visible()
    page.locator("[data-search]").press("Enter")
    page.keyboard.press("Enter")
    assert taken(page) == ("07911", QUAN_3)


def test_picker_goes_back_to_the_tree_when_the_search_is_emptied(page):
    opener(page).click()
    page.locator("[data-search]").fill("q3")
    item(page, QUAN_3).click()
    page.locator("[data-search]").fill("go vap")
    expect(page.get_by_role("option")).to_have_count(1)
    expect(page.locator("[data-take]")).to_have_attribute("aria-disabled", "true")
    page.locator("[data-search]").fill("")
    expect(page.get_by_role("tree")).to_be_visible()
    expect(page.locator('[role=treeitem][data-code="07911"]')).to_have_attribute("aria-selected", "true")


def test_picker_without_a_choice_says_what_to_do(page):
    opener(page).click()
    expect(item(page, CITY)).to_be_visible()
    page.locator("[data-take]").click(force=True)
    expect(page.locator("[data-status]")).not_to_be_empty()
    expect(page.locator("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    expect(opener(page)).to_be_focused()
    assert taken(page) == ("", "")


def test_picker_remembers_the_last_choice(page):
    opener(page).click()
    item(page, CITY).click()
    item(page, QUAN_3).dblclick()
    page.reload()
    assert taken(page) == ("", "")
    opener(page).click()
    expect(item(page, QUAN_3)).to_be_in_viewport()
    page.locator("[data-take]").click()
    assert taken(page) == ("07911", QUAN_3)


def test_picker_clears_the_error_and_tells_the_form(page):
    page.get_by_role("button", name="Ghi nhận").click()
    expect(page.locator(".field--error")).to_have_count(1)
    page.evaluate("document.addEventListener('change', (event) => { document.title = event.target.name })")
    opener(page).click()
    item(page, CITY).dblclick()
    expect(page.locator(".field--error, .field__error, [aria-invalid]")).to_have_count(0)
    assert page.title() == "agency"


def test_enter_in_another_field_submits_the_form_not_the_picker(page):
    page.locator("#name").fill("A")
    page.locator("#name").press("Enter")
    expect(page.locator("output")).to_have_text("name=A,agency=")


def test_picker_survives_a_lost_network(page):
    page.context.set_offline(True)
    opener(page).click()
    expect(page.locator("[data-failure]")).to_be_visible()
    page.context.set_offline(False)
    page.locator("[data-retry]").click()
    expect(item(page, CITY)).to_be_visible()
    expect(page.locator("[data-failure]")).to_be_hidden()


@pytest.mark.urls("portal.urls")
def test_page_without_javascript_leads_back_with_the_choice(new_context, live_server, built_in):
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"{live_server.url}/co-quan/?next=/dang-ky/to-khai/")
    page.locator("summary", has_text=CITY).click()
    page.get_by_label(QUAN_3, exact=True).check()
    with page.expect_request(lambda request: request.url.endswith("/dang-ky/to-khai/?agency=07911")):
        page.locator("main .button--primary").click()


def test_picker_ignores_an_answer_that_comes_late(page):
    held = []
    page.route("**/co-quan/?q=*", lambda route: held.append(route))
    opener(page).click()
    expect(item(page, CITY)).to_be_visible()
    page.locator("[data-search]").fill("q3")
    page.wait_for_timeout(300)
    page.locator("[data-search]").fill("")
    page.wait_for_timeout(300)
    for route in held:
        route.continue_()
    page.wait_for_timeout(300)
    assert held
    expect(page.get_by_role("tree")).to_be_visible()
    expect(page.locator("[data-failure]")).to_be_hidden()


def test_dialog_fills_a_small_screen_and_keeps_its_buttons_in_view(page):
    opener(page).click()
    item(page, CITY).click()
    box = page.locator("dialog").bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 360, 640)
    expect(page.locator("[data-take]")).to_be_in_viewport()
    heights = page.locator("dialog button:visible, dialog input, .agency-item:visible").evaluate_all(
        "all => all.map((each) => each.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44
    assert page.locator("[data-list]").evaluate("list => list.scrollHeight > list.clientHeight")


def test_dialog_has_no_accessibility_faults(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    opener(page).click()
    item(page, CITY).click()
    item(page, QUAN_3).click()
    assert axe.run(page).response["violations"] == []
    page.locator("[data-search]").fill("quan")
    expect(page.get_by_role("option").first).to_be_visible()
    assert axe.run(page).response["violations"] == []
    page.locator("[data-search]").fill("zzzz")
    expect(page.get_by_role("option")).to_have_count(0)
    assert axe.run(page).response["violations"] == []
