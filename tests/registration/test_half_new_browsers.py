"""Browsers that lack one thing or another (docs/browsers.md): a script takes over only what it can carry through."""

import pytest
from playwright.sync_api import Page, expect

from registration.demo_images import draw_portrait, jpeg_bytes
from registration.models import Declaration
from tests.browser import arrive
from tests.registration.factories import make_agency, photo_bytes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]

KINDS = ("portrait", "id_front", "id_back")
ANSWERS = {
    "full_name": "Trần Thị Mẫu",
    "bhxh_number": "7911111111",
    "paper_number": "079190000123",
    "address": "12/3 đường Mẫu, Quận 3",
    "phone": "0912345671",
}
# What is taken away before any script of the page runs. "broken": it is there, and fails when it is used.
MISSING = {
    "2022": ["AbortSignal.prototype.throwIfAborted", "window.structuredClone", "Array.prototype.at",
             "HTMLFormElement.prototype.requestSubmit", "SubmitEvent.prototype.submitter",
             "Element.prototype.replaceChildren", "Promise.allSettled", "AbortSignal.prototype.reason"],
    "pictures": ["window.createImageBitmap", "window.OffscreenCanvas", "window.ResizeObserver", "window.PointerEvent"],
    "toBlob": ["HTMLCanvasElement.prototype.toBlob", "Blob.prototype.arrayBuffer"],
    "dialog": ["HTMLDialogElement.prototype.showModal", "HTMLDialogElement.prototype.close"],
    "AbortController": ["window.AbortController", "window.AbortSignal"],
    "fetch": ["window.fetch"],
    "CustomEvent": ["window.CustomEvent"],
    "matchMedia": ["window.matchMedia"],
    "createObjectURL": ["URL.createObjectURL"],
    "closest": ["Element.prototype.closest"],
    "storage": ["Storage.prototype.setItem", "Storage.prototype.getItem"],
    "template": ["HTMLTemplateElement.prototype.content"],
    "XMLHttpRequest": ["XMLHttpRequest.prototype.upload"],
}  # fmt: skip
BROKEN = {
    "progress": "Element.prototype.cloneNode",
    "sending": "XMLHttpRequest.prototype.send",
    "preview": "URL.createObjectURL",
    "before": "Element.prototype.before",
}
BREAK = "() => { throw new TypeError('broken'); }"


@pytest.fixture
def open_form(new_context, live_server):
    make_agency()

    def start(script: str) -> Page:
        context = new_context(base_url=live_server.url, viewport={"width": 360, "height": 740})
        context.add_init_script(script)
        page = context.new_page()
        # As after the page with the offices, which serves browsers without the picker.
        page.goto("/dang-ky/to-khai/?agency=07911")
        page.wait_for_load_state("networkidle")
        return page

    return start


def walk(page: Page) -> None:
    """The form from its top to the receipt, whichever way the photos go."""
    for kind in KINDS:
        content = jpeg_bytes(draw_portrait(1)) if kind == "portrait" else photo_bytes(kind)
        page.locator(f"#id_{kind}").set_input_files({"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": content})
    for name, text in ANSWERS.items():
        page.locator(f"#id_{name}").evaluate("(input, text) => { input.value = text; }", text)
    page.locator("#id_consent").check()
    # By keyboard: what the photos say may move the button under a pointer.
    page.locator(".declaration > .actions button").press("Enter")
    arrive(page, "/dang-ky/ho-so/[^/]+/")
    declaration = Declaration.objects.get()
    assert declaration.full_name == ANSWERS["full_name"]
    assert declaration.attachments.count() == 3


@pytest.mark.parametrize("name", MISSING)
def test_form_is_submitted_without(open_form, name: str) -> None:
    walk(open_form("".join(f"delete {feature};" for feature in MISSING[name])))


@pytest.mark.parametrize("name", BROKEN)
def test_a_failure_in_the_middle_gives_the_form_back(open_form, name: str) -> None:
    page = open_form(f"{BROKEN[name]} = {BREAK};")
    if name in ("sending", "preview"):
        # Told at its field; the file stays chosen, and goes with the form.
        page.locator("#id_id_back").set_input_files(
            {"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": photo_bytes("id_back")}
        )
        expect(page.locator("#id_id_back_error")).to_contain_text("gửi cùng tờ khai")
    walk(page)


def test_photos_are_not_edited_where_they_cannot_be(open_form) -> None:
    page = open_form("delete window.createImageBitmap;")
    page.locator("#id_portrait").set_input_files(
        {"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": jpeg_bytes(draw_portrait(1))}
    )
    expect(page.locator("#div_id_portrait [data-remove]")).to_be_visible()
    expect(page.locator("#div_id_portrait [data-rotate]")).to_be_hidden()
    expect(page.locator("#div_id_portrait [data-crop]")).to_be_hidden()


@pytest.mark.parametrize("feature", ["Element.prototype.replaceWith", "HTMLTemplateElement.prototype.content"])
def test_password_is_typed_without_its_button(open_form, feature: str) -> None:
    page = open_form(f"delete {feature};")
    page.goto("/tai-khoan/dang-nhap/")
    expect(page.locator("input[type=password]")).to_be_visible()
    expect(page.locator(".password-row")).to_have_count(0)
