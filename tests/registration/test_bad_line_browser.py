"""A line that comes and goes, in a real browser: nothing has to be pressed twice, and nothing typed is lost."""

import re
import socket
import threading
from contextlib import suppress

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from registration.demo_images import draw_portrait, jpeg_bytes
from registration.models import Attachment, Declaration, Draft
from tests.browser import arrive
from tests.registration.factories import make_agency, photo_bytes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]

UPLOAD = "**/dang-ky/to-khai/anh/"
SAVE = "**/dang-ky/to-khai/luu/"
RECEIPT = "/dang-ky/ho-so/[^/]+/"
KINDS = ("portrait", "id_front", "id_back")
ANSWERS = {
    "full_name": "Trần Thị Mẫu",
    "bhxh_number": "7911111111",
    "paper_number": "079190000123",
    "address": "12/3 đường Mẫu, Quận 3",
    "phone": "0912345671",
}


@pytest.fixture
def context(new_context, live_server) -> BrowserContext:
    make_agency()
    return new_context(base_url=live_server.url, viewport={"width": 360, "height": 740})


@pytest.fixture
def page(context: BrowserContext) -> Page:
    page = context.new_page()
    # As after the page with the offices, which serves browsers without the picker.
    page.goto("/dang-ky/to-khai/?agency=07911")
    page.wait_for_load_state("networkidle")
    return page


def choose(page: Page) -> None:
    for kind in KINDS:
        content = jpeg_bytes(draw_portrait(1)) if kind == "portrait" else photo_bytes(kind)
        page.locator(f"#id_{kind}").set_input_files({"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": content})


def type_answers(page: Page) -> None:
    for name, text in ANSWERS.items():
        page.fill(f"#id_{name}", text)
    page.locator("#id_consent").check()


def button(page: Page):
    return page.locator(".declaration > .actions button")


def records(page: Page) -> list[str]:
    return page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('to-khai:'))")


def test_three_photos_and_ghi_nhan_wait_for_the_line_and_go_on_by_themselves(page: Page) -> None:
    type_answers(page)
    page.context.set_offline(True)
    choose(page)
    expect(page.locator("[data-progress-text]")).to_have_text([re.compile("^Chưa có mạng")] * 3)
    button(page).click()
    expect(button(page)).to_have_text("Đang chờ mạng…")
    expect(button(page)).to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("status").filter(has_text="Đang chờ mạng…")).to_have_count(1)
    # Longer than the three tries of a photo used to last.
    page.wait_for_timeout(8_000)
    expect(page.locator("progress")).to_have_count(3)
    page.context.set_offline(False)
    arrive(page, RECEIPT)
    assert Declaration.objects.get().attachments.count() == 3


def test_ghi_nhan_pressed_offline_stays_on_the_page_and_is_sent_later(page: Page) -> None:
    choose(page)
    expect(page.locator(".photo-field__stored img")).to_have_count(3)
    type_answers(page)
    page.context.set_offline(True)
    button(page).click()
    expect(button(page)).to_have_text("Đang chờ mạng…")
    page.wait_for_timeout(2_000)
    button(page).click()
    expect(page.locator("#id_full_name")).to_have_value(ANSWERS["full_name"])
    page.context.set_offline(False)
    arrive(page, RECEIPT)
    assert Declaration.objects.count() == 1
    # Nothing of it stays in a browser that others may use.
    assert records(page) == []


@pytest.mark.parametrize("status", [502, 503, 429, 0])
def test_busy_server_and_cut_connection_are_waited_for(page: Page, status: int) -> None:
    tries: list[int] = []

    def answer(route) -> None:
        tries.append(1)
        if len(tries) > 4:
            route.continue_()
        elif status:
            route.fulfill(status=status, headers={"Retry-After": "1"}, body="<h1>busy</h1>")
        else:
            route.abort("connectionreset")

    page.evaluate("Math.random = () => 0; setTimeout = ((real) => (f, ms) => real(f, ms / 5))(setTimeout)")
    page.route(UPLOAD, answer)
    page.locator("#id_id_front").set_input_files(
        {"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": photo_bytes("id_front")}
    )
    expect(page.locator(".photo-field__stored img")).to_have_count(1)
    assert len(tries) == 5
    expect(page.locator("#id_id_front_error")).to_have_count(0)
    assert Attachment.objects.get().kind == "id_front"


def test_server_names_the_pause_and_a_final_answer_is_not_tried_again(page: Page) -> None:
    times: list[float] = []

    def answer(route) -> None:
        times.append(page.evaluate("performance.now()"))
        if len(times) == 1:
            route.fulfill(status=503, headers={"Retry-After": "3"}, body="")
        else:
            route.fulfill(status=413, body="")

    page.route(UPLOAD, answer)
    page.locator("#id_id_front").set_input_files(
        {"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": photo_bytes("id_front")}
    )
    expect(page.locator("[data-progress-text]")).to_have_text(re.compile("^Hệ thống đang bận"))
    expect(page.locator("#id_id_front_error")).to_contain_text("10 MB")
    assert len(times) == 2
    assert times[1] - times[0] >= 2900


def test_what_was_typed_offline_is_there_after_the_tab_was_closed(page: Page) -> None:
    context, address = page.context, page.url
    page.fill("#id_full_name", "Trần Thị")
    expect(page.locator("[data-resume-code]")).not_to_be_empty()
    context.set_offline(True)
    for name, text in ANSWERS.items():
        page.fill(f"#id_{name}", text)
    page.locator("#id_id_back").set_input_files(
        {"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": photo_bytes("id_back")}
    )
    expect(page.locator("[data-progress-text]")).to_be_visible()
    page.close()
    context.set_offline(False)
    again = context.new_page()
    with again.expect_response(SAVE):
        again.goto(address)
    for name, text in ANSWERS.items():
        expect(again.locator(f"#id_{name}")).to_have_value(text)
    told = again.locator("[data-restored]")
    expect(told).to_contain_text("nay đã có lại")
    expect(told).to_contain_text("Xin chọn lại ảnh")
    expect(again.locator("[data-review-of=full_name]")).to_have_text(ANSWERS["full_name"])
    again.wait_for_function("!localStorage.length")
    assert Draft.objects.get().answers["address"] == ANSWERS["address"]
    again.reload()
    expect(again.locator("[data-restored]")).to_be_hidden()
    expect(again.locator("#id_address")).to_have_value(ANSWERS["address"])


def test_what_never_reached_the_server_is_offered_and_deleted(page: Page) -> None:
    context = page.context
    context.set_offline(True)
    page.fill("#id_full_name", ANSWERS["full_name"])
    page.wait_for_function("localStorage.length === 1")
    page.close()
    context.set_offline(False)
    assert not Draft.objects.exists()
    start = context.new_page()
    start.goto("/dang-ky/")
    offer = start.locator("[data-kept-list]")
    expect(offer).to_be_visible()
    assert start.evaluate("document.documentElement.scrollWidth") == 360
    other = context.new_page()
    with other.expect_response(SAVE):
        other.goto(offer.get_by_role("link").get_attribute("href"))
    expect(other.locator("#id_full_name")).to_have_value(ANSWERS["full_name"])
    context.set_offline(True)
    other.fill("#id_full_name", "Ai Khác")
    other.close()
    context.set_offline(False)
    start.reload()
    if offer.is_visible():
        offer.get_by_role("button", name="Xóa").click()
        expect(offer).to_be_hidden()
    start.evaluate("""() => {
        const record = { ends: Date.now() - 1, typed: {}, base: {}, label: "", photos: [] };
        localStorage.setItem("to-khai:0123456789ab", JSON.stringify(record));
        localStorage.setItem("to-khai:damaged", "{");
    }""")
    start.reload()
    start.wait_for_function("!Object.keys(localStorage).some((name) => /0123456789ab|damaged/.test(name))")


def test_deleting_the_draft_deletes_what_is_kept_here(page: Page) -> None:
    page.fill("#id_full_name", "Trần Thị")
    expect(page.locator("[data-resume-code]")).not_to_be_empty()
    page.route(SAVE, lambda route: route.abort())
    page.fill("#id_address", ANSWERS["address"])
    page.wait_for_function("localStorage.length === 1")
    page.get_by_text("Xóa và khai lại từ đầu").click()
    page.locator("[name=start-over]").click()
    arrive(page, "/dang-ky/to-khai/")
    assert records(page) == []
    assert not Draft.objects.exists()


def test_signing_in_elsewhere_keeps_photos_saving_and_submitting_alive(page: Page) -> None:
    """The cookie that guards forms changes in another tab: the page's own token no longer counts."""
    type_answers(page)
    other = page.context.new_page()
    other.context.clear_cookies(name="csrftoken")
    other.goto("/")
    choose(page)
    expect(page.locator(".photo-field__stored img")).to_have_count(3)
    button(page).click()
    arrive(page, RECEIPT)


class CuttingProxy:
    """Passes bytes on to a server, and cuts the first `cuts` uploads off in the middle."""

    def __init__(self, port: int, cuts: int) -> None:
        self.port, self.cuts = port, cuts
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://localhost:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self.listener.accept()
                server = socket.create_connection(("localhost", self.port))
                threading.Thread(target=self.send, args=(client, server), daemon=True).start()
                threading.Thread(target=self.copy, args=(server, client), daemon=True).start()

    def send(self, client: socket.socket, server: socket.socket) -> None:
        """The browser's side: one that begins an upload passes a first part only."""
        with suppress(OSError), client, server:
            while data := client.recv(8192):
                if b"POST /dang-ky/to-khai/anh/ " in data and self.cuts > 0:
                    self.cuts -= 1
                    server.sendall(data)
                    client.shutdown(socket.SHUT_RDWR)
                    break
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)

    def copy(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)


def test_uploads_cut_off_in_the_middle_go_on(new_context, live_server) -> None:
    make_agency()
    proxy = CuttingProxy(live_server.thread.port, cuts=6)
    page = new_context(base_url=proxy.address).new_page()
    page.goto("/dang-ky/to-khai/?agency=07911")
    page.wait_for_load_state("networkidle")
    choose(page)
    type_answers(page)
    button(page).click()
    arrive(page, RECEIPT)
    assert proxy.cuts == 0
    assert Declaration.objects.get().attachments.count() == 3
    proxy.listener.close()
