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


def press_by_accessibility(page, selector: str) -> None:
    """As assistive technology does it: a press dispatched on the element itself, with no mouse and no key."""
    cdp = page.context.new_cdp_session(page)
    root = cdp.send("DOM.getDocument")["root"]["nodeId"]
    node = cdp.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
    cdp.send("DOM.focus", {"nodeId": node})
    remote = cdp.send("DOM.resolveNode", {"nodeId": node})["object"]["objectId"]
    cdp.send("Runtime.callFunctionOn", {"objectId": remote, "functionDeclaration": "function () { this.click() }"})


def press_in_the_middle(page, selector: str) -> None:
    """As a screen reader of a phone does it: a tap on the middle of the element's box, whatever stands there."""
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def press_by_touch(page, selector: str) -> None:
    page.locator(selector).tap()


def press_enter(page, selector: str) -> None:
    page.locator(selector).focus()
    page.keyboard.press("Enter")


def press_space(page, selector: str) -> None:
    page.locator(selector).focus()
    page.keyboard.press("Space")


def press_by_pointer_events(page, selector: str) -> None:
    page.locator(selector).dispatch_event("click")


PRESSES = [
    press_by_accessibility,
    press_in_the_middle,
    press_by_touch,
    press_enter,
    press_space,
    press_by_pointer_events,
]
PROVINCE, DISTRICT = '[role=treeitem][data-code="079"]', '[role=treeitem][data-code="07911"]'


@pytest.fixture
def touch_page(new_context, live_server, built_in):
    page = new_context(viewport={"width": 360, "height": 640}, locale="vi-VN", has_touch=True).new_page()
    page.goto(f"{live_server.url}/dang-ky/to-khai/")
    return page


@pytest.mark.parametrize("press", PRESSES)
def test_any_press_opens_a_province_and_takes_a_district(touch_page, press):
    opener(touch_page).click()
    expect(touch_page.locator(PROVINCE)).to_be_visible()
    press(touch_page, PROVINCE)
    expect(touch_page.locator(PROVINCE)).to_have_attribute("aria-expanded", "true")
    expect(touch_page.locator(PROVINCE)).to_have_attribute("aria-selected", "true")
    press(touch_page, DISTRICT)
    expect(touch_page.locator(DISTRICT)).to_have_attribute("aria-selected", "true")
    # On the open province too, although its districts stand below it.
    press(touch_page, PROVINCE)
    expect(touch_page.locator(PROVINCE)).to_have_attribute("aria-selected", "true")
    expect(touch_page.locator(DISTRICT)).to_have_attribute("aria-selected", "false")
    expect(touch_page.locator(DISTRICT)).to_be_visible()
    touch_page.locator("[data-take]").click()
    assert taken(touch_page) == ("079", CITY)


@pytest.mark.parametrize("press", PRESSES)
def test_any_press_takes_what_the_search_found(touch_page, press):
    opener(touch_page).click()
    touch_page.locator("[data-search]").fill("quan 3")
    option = '[role=option][data-code="07911"]'
    expect(touch_page.locator(option)).to_be_visible()
    press(touch_page, option)
    expect(touch_page.locator(option)).to_have_attribute("aria-selected", "true")
    touch_page.locator("[data-take]").click()
    assert taken(touch_page) == ("07911", QUAN_3)


def test_screen_reader_hears_where_an_office_stands(page):
    opener(page).click()
    item(page, CITY).click()
    cdp = page.context.new_cdp_session(page)
    nodes = cdp.send("Accessibility.getFullAXTree")["nodes"]
    (quan_3,) = (
        node for node in nodes if node.get("role", {}).get("value") == "treeitem" and node["name"]["value"] == QUAN_3
    )
    level = next(each["value"]["value"] for each in quan_3["properties"] if each["name"] == "level")
    assert level == 2


def test_tab_reaches_the_list_after_a_province_was_closed_over_the_choice(page):
    opener(page).click()
    item(page, CITY).click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.locator('[role=tree] [tabindex="0"]').get_attribute("data-code") == "079"


NEEDED = [
    "delete HTMLDialogElement.prototype.showModal",
    "delete window.HTMLDialogElement",
    "delete window.fetch",
    "delete window.AbortController",
    "delete window.DOMParser",
    "delete window.URLSearchParams",
    "delete window.matchMedia",
    "delete Element.prototype.closest",
    "delete Element.prototype.append",
    "delete Element.prototype.scrollIntoView",
    # What no check foresees.
    "HTMLDialogElement.prototype.showModal = () => { throw new Error('not now') }",
    "delete Node.prototype.cloneNode",
]
NOT_NEEDED = [
    "delete Element.prototype.replaceChildren",
    "delete Array.prototype.at",
    "delete String.prototype.replaceAll",
    "delete HTMLElement.prototype.inert",
    "Object.defineProperty(window, 'localStorage', { get() { throw new Error('off') } })",
]


def page_without(new_context, live_server, feature: str):
    context = new_context(viewport={"width": 360, "height": 640}, locale="vi-VN")
    context.add_init_script(feature)
    page = context.new_page()
    page.goto(f"{live_server.url}/dang-ky/to-khai/")
    return page


@pytest.mark.parametrize("feature", NEEDED)
def test_browser_that_lacks_what_is_needed_goes_to_the_page(new_context, live_server, built_in, feature):
    page = page_without(new_context, live_server, feature)
    with page.expect_navigation():
        opener(page).click()
    assert "choose-agency=1" in page.locator("output").text_content()


@pytest.mark.parametrize("feature", NOT_NEEDED)
def test_browser_that_lacks_something_else_has_the_dialog(new_context, live_server, built_in, feature):
    page = page_without(new_context, live_server, feature)
    opener(page).click()
    item(page, CITY).click()
    item(page, QUAN_3).click()
    page.locator("[data-take]").click()
    assert taken(page) == ("07911", QUAN_3)


def test_markup_that_lacks_a_part_keeps_the_page_s_way(new_context, live_server, built_in):
    page = new_context().new_page()
    cut = lambda route: route.fulfill(response=(got := route.fetch()), body=got.text().replace(" data-take", ""))  # noqa: E731
    page.route("**/dang-ky/to-khai/", cut)
    page.goto(f"{live_server.url}/dang-ky/to-khai/")
    page.unroute_all()
    with page.expect_navigation():
        opener(page).click()
    assert "choose-agency=1" in page.locator("output").text_content()


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
