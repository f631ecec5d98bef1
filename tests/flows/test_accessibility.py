"""Every page and state for people who see little, use a keyboard, or have their own colours: WCAG 2.2 AA by axe."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from registration.models import Declaration
from tests.browser import NewContext, arrive
from tests.registration.factories import issue_one_time_password, make_declaration, photo_bytes
from tests.registration.views.opening import open_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LANGUAGES = ("vi", "en")
# Both languages on the smallest screen, where words break, and one of them on a desktop.
SCREENS = [(320, "vi"), (320, "en"), (1280, "vi")]


@pytest.fixture
def new_page(new_context: NewContext, live_server) -> Callable[..., Page]:
    def make(width: int = 1280, language: str = "vi", **options: object) -> Page:
        context = new_context(
            viewport={"width": width, "height": 800}, base_url=live_server.url, reduced_motion="reduce", **options
        )
        context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
        return context.new_page()

    return make


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("photos")
    for kind in ("portrait", "id_front", "id_back"):
        (folder / f"{kind}.jpg").write_bytes(photo_bytes(kind))
    (folder / "broken.jpg").write_bytes(b"%PDF-1.7 no picture")
    return {path.stem: path for path in folder.iterdir()}


def check(page: Page, state: str) -> None:
    """axe finds nothing, nothing scrolls sideways, and the page says its language."""
    forced = page.evaluate("matchMedia('(forced-colors: active)').matches")
    # In forced colours the system paints other colours than the computed ones that axe reads.
    options = {**RULES, "rules": {"color-contrast": {"enabled": not forced}}}
    found = Axe().run(page, options=options).response["violations"]
    told = [(rule["id"], [node["target"] for node in rule["nodes"]][:3]) for rule in found]
    assert told == [], f"{state}: {told}"
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), f"{state} scrolls sideways"


def track(page: Page, declaration: Declaration) -> None:
    page.goto("/tra-cuu/")
    page.fill("#id_reference", declaration.reference_text)
    page.fill("#id_phone_end", declaration.phone[-4:])
    page.locator("main [type=submit]").first.click()
    expect(page.locator(".status").first).to_be_visible()


@pytest.mark.parametrize(("width", "language"), SCREENS)
def test_pages_have_no_barrier(new_page, width: int, language: str) -> None:
    page = new_page(width, language)
    declaration = make_declaration()
    addresses = [
        "/",
        "/huong-dan/?agency=07911",
        "/dang-ky/",
        "/dang-ky/tiep-tuc/",
        "/tra-cuu/",
        "/tai-khoan/dang-nhap/",
    ]
    addresses += ["/co-quan/?next=/dang-ky/to-khai/", f"/dang-ky/ho-so/{declaration.token}/", "/khong-co-trang-nay/"]
    for address in addresses:
        page.goto(address)
        assert page.get_attribute("html", "lang") == language
        check(page, f"{address} {language} {width}")


@pytest.mark.parametrize(("width", "language"), SCREENS)
def test_declaration_has_no_barrier_in_any_state(new_page, photos, width: int, language: str) -> None:
    make_declaration()  # brings the agencies
    page = new_page(width, language)
    page.goto("/dang-ky/to-khai/")
    page.wait_for_load_state("networkidle")
    check(page, "empty")
    page.set_input_files("#id_portrait", photos["portrait"])
    page.set_input_files("#id_id_front", photos["broken"])
    expect(page.locator("[data-photo=portrait] img[src*='/to-khai/anh/']")).to_be_visible()
    expect(page.locator("#id_id_front_error")).to_be_visible()
    check(page, "photos")
    page.click("[data-agency-picker]")
    expect(page.get_by_text("[07911]", exact=False).first).to_be_attached()
    page.get_by_text("[079] BHXH TP. Hồ Chí Minh", exact=True).click()
    check(page, "dialog")
    page.keyboard.press("Escape")
    page.fill("#id_bhxh_number", "12")
    page.locator("form.declaration > .actions [type=submit]").click()
    expect(page.locator("[data-error-summary]")).to_be_focused()
    check(page, "errors")


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_a_known_declaration_have_no_barrier(new_page, language: str) -> None:
    page = new_page(320, language)
    for status in ("submitted", "returned", "rejected", "approved"):
        track(page, make_declaration(status))
        check(page, f"tracked {status}")
        if status == "submitted":
            page.locator("main form[action='/tra-cuu/ma/'] button").click()
            expect(page.locator("#id_code")).to_be_visible()
            check(page, "code")
            page.fill("#id_code", "12")
            page.locator("main .actions [type=submit]").first.click()
            expect(page.locator("#id_code_error")).to_be_visible()
            check(page, "code refused")
    account = make_declaration("approved").account
    page.goto("/tai-khoan/dang-nhap/")
    page.fill("#id_username", account.username)
    page.fill("#id_password", issue_one_time_password(account.pk))
    page.locator("main [type=submit]").click()
    arrive(page, "/mat-khau/")
    check(page, "choose password")
    page.fill("#id_new_password1", "hoa-buoi-trang-2026")
    page.fill("#id_new_password2", "hoa-buoi-trang-2026")
    page.locator("main [type=submit]").click()
    arrive(page, "/tai-khoan/")
    check(page, "account")


@pytest.mark.parametrize("language", LANGUAGES)
def test_opened_dossiers_have_no_barrier(new_page, client, live_server, language: str) -> None:
    page = new_page(320, language)
    opened = [make_declaration(status) for status in ("submitted", "returned", "approved", "rejected", "withdrawn")]
    for declaration in opened:
        open_in(client, declaration)
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    for declaration in opened:
        page.goto(f"/dang-ky/ho-so/{declaration.token}/")
        expect(page.locator(".reference")).to_be_visible()
        check(page, f"dossier {declaration.status}")
        track(page, declaration)
        check(page, f"tracked, open: {declaration.status}")


def test_declaration_keeps_its_shape_when_enlarged_and_in_forced_colours(new_page) -> None:
    make_declaration()
    enlarged = new_page(640)
    enlarged.goto("/dang-ky/to-khai/")
    enlarged.evaluate("document.documentElement.style.fontSize = '200%'")
    check(enlarged, "text at 200%")
    forced = new_page(360, forced_colors="active")
    forced.goto("/dang-ky/to-khai/")
    check(forced, "forced colours")
    assert forced.evaluate("getComputedStyle(document.querySelector('.button')).transitionDuration") == "0s"
    field = "const style = getComputedStyle(document.querySelector('#id_full_name'));"
    assert forced.evaluate(f"(() => {{ {field} return style.borderTopStyle }})()") == "solid"


def press_until(page: Page, selector: str, key: str = "Tab", times: int = 80) -> None:
    """Walk with the keyboard to an element; fails where it cannot be reached."""
    for _ in range(times):
        if page.evaluate("s => document.activeElement?.matches(s)", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{selector} cannot be reached with {key}")


def test_whole_registration_by_keyboard_alone(new_page, photos) -> None:
    make_declaration()
    page = new_page(1280)
    page.goto("/")
    press_until(page, "main a.button--primary")
    page.keyboard.press("Enter")
    arrive(page, "/dang-ky/")
    press_until(page, "main button[type=submit]")
    page.keyboard.press("Enter")
    arrive(page, r"/to-khai/\?to-khai=\w+")
    page.wait_for_load_state("networkidle")
    for kind in ("portrait", "id_front", "id_back"):
        # The choice of the file itself is the operating system's; that the keyboard gets there is ours.
        press_until(page, f"[data-photo={kind}] :is(input[type=file], button, label)")
        page.set_input_files(f"#id_{kind}", photos[kind])
        expect(page.locator(f"[data-photo={kind}] img[src*='/to-khai/anh/']")).to_be_visible()
    typed = {
        "full_name": "Lê Thị Phím",
        "bhxh_number": "7998765432",
        "paper_number": "079190000123",
        "address": "12/3 đường Mẫu, Quận 3",
        "phone": "0987654321",
    }
    for name, text in typed.items():
        press_until(page, f"#id_{name}")
        page.keyboard.insert_text(text)
    press_until(page, "[data-agency-picker]")
    page.keyboard.press("Enter")
    press_until(page, "dialog [role=treeitem]")
    page.keyboard.type("079")
    page.keyboard.press("ArrowRight")
    press_until(page, "[data-code='07911']", "ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#id_agency")).to_have_value("[07911] BHXH Quận 3")
    press_until(page, "#id_consent")
    page.keyboard.press("Space")
    press_until(page, "form.declaration > .actions button")
    page.keyboard.press("Enter")
    arrive(page, "/ho-so/.*")
    expect(page.locator(".reference")).to_be_visible()
    assert Declaration.objects.filter(bhxh_number="7998765432").exists()
