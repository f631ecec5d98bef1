"""Photos in a real browser: sent when chosen, shown as stored, turned, cropped, retried, and taken with a phone."""

import io
import re
from datetime import date

import pytest
from PIL import Image

from registration.demo_images import cccd_qr_payload, draw_id_card, draw_portrait, jpeg_bytes
from registration.models import Attachment, Draft

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

UPLOAD = "**/dang-ky/to-khai/anh/"
KINDS = ("portrait", "id_front", "id_back")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture
def new_page(new_context):
    errors = []

    def make(address: str, **options):
        page = new_context(**({"viewport": {"width": 1280, "height": 900}} | options)).new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if "Content Security" in line.text else None)
        page.goto(address)
        return page

    yield make
    assert errors == []


@pytest.fixture
def page(new_page, live_server):
    return new_page(f"{live_server.url}/dang-ky/to-khai/")


@pytest.fixture(scope="module")
def photos():
    person = {"name": "Nguyễn Thị Mẫu", "number": "079190000123"}
    days = {"birth_date": date(1990, 4, 3), "issued_on": date(2021, 5, 20)}
    code = cccd_qr_payload(**person, **days, is_male=False, address="Phường 5, Quận 3, TP. Hồ Chí Minh")
    card = {**person, "kind": "cccd", "seed": 3}
    return {
        "portrait": jpeg_bytes(draw_portrait(3)),
        "id_front": jpeg_bytes(draw_id_card("front", **card, qr=code)),
        "id_back": jpeg_bytes(draw_id_card("back", **card)),
    }


def choose(page, kind: str, content: bytes, name: str = "anh.jpg") -> None:
    file = {"name": name, "mimeType": "image/jpeg", "buffer": content}
    page.locator(f"#id_{kind}").set_input_files(file)


def field(page, kind: str):
    return page.locator(f"#div_id_{kind}")


def picture(page, kind: str):
    return field(page, kind).locator(".photo-field__stored img")


def faults(page) -> list:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    return axe.run(page).response["violations"]


def sizes(kind: str) -> tuple[int, int]:
    photo = Attachment.objects.get(kind=kind, superseded_at=None)
    return photo.width, photo.height


def test_chosen_photos_are_stored_shown_and_survive_a_reload(page, photos):
    for kind in KINDS:
        choose(page, kind, photos[kind])
    for kind in KINDS:
        expect(picture(page, kind)).to_have_js_property("complete", True)
        assert picture(page, kind).evaluate("image => image.naturalWidth") == sizes(kind)[0]
        assert page.locator(f"#id_{kind}").evaluate("input => input.files.length") == 0
    expect(page.get_by_label("Ảnh chân dung")).to_have_count(1)
    page.reload()
    expect(page.locator(".photo-field__stored img")).to_have_count(3)
    field(page, "id_back").locator("[data-remove]").click()
    expect(picture(page, "id_back")).to_have_count(0)
    expect(page.locator("#id_id_back")).to_be_focused()
    assert sorted(Draft.objects.get().photos()) == ["id_front", "portrait"]


def test_refused_photo_is_told_at_its_field_and_the_stored_one_stays(page, photos):
    choose(page, "id_front", photos["id_front"])
    expect(picture(page, "id_front")).to_be_visible()
    choose(page, "id_front", b"%PDF-1.7 no picture", "to-khai.pdf")
    error = page.locator("#id_id_front_error")
    expect(error).to_have_role("alert")
    expect(error).not_to_be_empty()
    expect(field(page, "id_front")).to_have_class(re.compile("field--error"))
    expect(page.locator("#id_id_front")).to_have_attribute("aria-describedby", re.compile("id_id_front_error"))
    expect(picture(page, "id_front")).to_be_visible()
    assert faults(page) == []
    choose(page, "id_front", b"\xff\xd8" + b"\0" * (10 * 1024 * 1024))
    expect(error).to_contain_text("10 MB")
    choose(page, "id_front", photos["id_front"])
    expect(error).to_have_count(0)
    expect(page.locator("progress")).to_have_count(0)
    expect(page.locator(".field--error, [aria-invalid]")).to_have_count(0)


def test_large_photo_is_shrunk_before_it_is_sent_unless_it_is_cut_off(page):
    camera = io.BytesIO()
    Image.effect_noise((3200, 2400), 60).convert("RGB").save(camera, "JPEG", quality=85)
    page.evaluate("""() => {
        const { send } = XMLHttpRequest.prototype;
        XMLHttpRequest.prototype.send = function (data) { window.sent = data.get("photo"); send.call(this, data); };
    }""")
    choose(page, "id_front", camera.getvalue())
    expect(picture(page, "id_front")).to_be_visible()
    sent = page.evaluate("createImageBitmap(sent).then(({ width, height }) => [sent.size, width, height])")
    assert sent[0] < len(camera.getvalue()) / 2
    assert sent[1:] == [2000, 1500]
    choose(page, "id_back", camera.getvalue()[: len(camera.getvalue()) // 2])
    expect(page.locator("#id_id_back_error")).to_be_visible()
    assert list(Attachment.objects.values_list("kind", flat=True)) == ["id_front"]


def test_upload_is_cancelled_retried_and_resumed_with_the_network(page, photos):
    held = []
    page.route(UPLOAD, lambda route: held.append(route))
    page.context.set_offline(True)
    choose(page, "id_front", photos["id_front"])
    expect(page.locator("progress")).to_be_visible()
    field(page, "id_front").locator("[data-cancel]").click()
    expect(page.locator("progress")).to_have_count(0)
    expect(page.locator("#id_id_front")).to_be_focused()

    page.unroute(UPLOAD)
    choose(page, "id_front", photos["id_front"])
    expect(field(page, "id_front").locator("[data-progress-text]")).to_have_text(
        page.locator("[data-photo-parts]").get_attribute("data-waiting")
    )
    page.context.set_offline(False)
    expect(picture(page, "id_front")).to_be_visible()

    page.route(UPLOAD, lambda route: route.fulfill(status=500, body="{}"))
    choose(page, "portrait", photos["portrait"])
    expect(page.locator("#id_portrait_error")).to_be_visible(timeout=15_000)
    assert page.locator("#id_portrait").evaluate("input => input.files.length") == 1
    page.unroute(UPLOAD)
    field(page, "portrait").locator("[data-retry]").click()
    expect(picture(page, "portrait")).to_be_visible()


def test_photo_is_turned_and_the_portrait_cropped_by_keyboard(page):
    choose(page, "portrait", jpeg_bytes(draw_portrait(5).resize((900, 900))))
    expect(picture(page, "portrait")).to_be_visible()
    before = Attachment.objects.get().sha256
    field(page, "portrait").locator("[data-crop]").press("Enter")
    stage = page.locator("[data-stage]")
    expect(stage).to_be_focused()
    for key in ("ArrowLeft", "ArrowUp", "+", "+", "-"):
        page.keyboard.press(key)
    assert 0 < int(page.locator("[data-zoom]").input_value()) < 50
    assert faults(page) == []
    page.locator("[data-use]").press("Enter")
    expect(page.locator("dialog.photo-editor")).to_have_count(0)
    expect(field(page, "portrait").locator("[data-stored]")).not_to_have_attribute("data-sha256", before)
    width, height = sizes("portrait")
    assert height < 860
    assert abs(width / height - 3 / 4) < 0.005
    expect(field(page, "portrait").locator("[data-crop]")).to_be_focused()

    field(page, "portrait").locator("[data-rotate]").press("Enter")
    expect(picture(page, "portrait")).to_have_attribute("width", str(height))
    assert sizes("portrait") == (height, width)
    # Reopened, turned and left: nothing changes.
    field(page, "portrait").locator("[data-crop]").click()
    page.locator("[data-turn-left]").click()
    page.keyboard.press("Escape")
    expect(page.locator("dialog.photo-editor")).to_have_count(0)
    assert sizes("portrait") == (height, width)


def test_submitting_waits_for_a_photo_that_is_on_its_way(page, photos):
    held = []
    page.route(UPLOAD, lambda route: held.append(route))
    choose(page, "portrait", photos["portrait"])
    expect(page.locator("progress")).to_be_visible()
    button = page.locator(".actions button[type=submit]")
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    with page.expect_response(lambda answer: "/to-khai/?" in answer.url and answer.status == 422):
        held[0].continue_()
    expect(picture(page, "portrait")).to_be_visible()


def test_photo_from_the_phone_appears_on_the_desktop(page, new_page, photos):
    with page.expect_response("**/dien-thoai/") as answer:
        page.locator("[data-phone-open]").click()
    expect(page.locator("[data-qr]")).to_be_visible()
    page.evaluate("addEventListener('card-read', (event) => { document.title = event.detail.fields.full_name })")
    options = {"viewport": {"width": 360, "height": 720}, "has_touch": True, "is_mobile": True}
    phone = new_page(answer.value.json()["url"], **options)
    expect(field(phone, "portrait").locator("button[data-camera]")).to_be_visible()
    expect(phone.get_by_role("button", name="Gửi")).to_have_count(0)
    choose(phone, "id_front", photos["id_front"])
    expect(picture(phone, "id_front")).to_be_visible()
    expect(picture(page, "id_front")).to_be_visible()
    assert faults(page) == faults(phone) == []
    assert picture(phone, "id_front").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    expect(page).to_have_title("Nguyễn Thị Mẫu")
    field(phone, "id_front").locator("[data-remove]").click()
    expect(picture(page, "id_front")).to_have_count(0)
    with phone.expect_file_chooser():
        field(phone, "portrait").locator("button[data-camera]").click()
    expect(phone.locator("#id_portrait")).to_have_attribute("capture", "user")
    assert phone.evaluate("document.documentElement.scrollWidth") == 360


def test_phone_page_without_javascript_sends_its_form(new_page, page, photos):
    with page.expect_response("**/dien-thoai/") as answer:
        page.locator("[data-phone-open]").click()
    phone = new_page(answer.value.json()["url"], java_script_enabled=False)
    choose(phone, "id_back", photos["id_back"])
    choose(phone, "id_front", b"no picture")
    phone.locator(".actions button").click()
    expect(picture(phone, "id_back")).to_be_visible()
    expect(phone.locator("#id_id_front_error")).to_be_visible()
    assert Draft.objects.get().attachments.get().kind == "id_back"


@pytest.mark.parametrize(
    ("name", "size"),
    [("gif", 0), ("gif", 12), ("pdf", 0), ("pdf", 12), ("svg", 5), ("pixels", 0), ("pixels", 12), ("cut", 0),
     ("cut", 5), ("strip", 0), ("moving", 0)],
)  # fmt: skip
def test_a_file_is_refused_alike_with_and_without_scripts(page, live_server, client, name, size):
    large = draw_id_card("front", name="Nguyễn Thị Mẫu", number="079190000123", seed=3).resize((3000, 2000))
    file = io.BytesIO()
    if name == "gif":
        large.save(file, "GIF")
    elif name == "pixels":
        Image.new("L", (10_000, 5_100), 200).save(file, "JPEG", quality=20)
    elif name == "strip":
        large.resize((9000, 700)).save(file, "JPEG")
    elif name == "moving":
        large.save(file, "PNG", save_all=True, append_images=[large.rotate(180)])
    elif name == "cut":
        file.write(jpeg_bytes(large)[:-20_000])
    else:
        file.write(
            b"%PDF-1.7" if name == "pdf" else b"<svg xmlns='http://www.w3.org/2000/svg' width='3000' height='2000'/>"
        )
    content = file.getvalue().ljust(size * 1_000_000, b" ")
    told = client.post(
        "/dang-ky/to-khai/anh/",
        {"draft": page.locator("[name=draft]").input_value(), "kind": "portrait", "photo": io.BytesIO(content)},
        headers={"Accept-Language": "vi"},
    )
    assert told.status_code == 422
    choose(page, "portrait", content)
    expect(page.locator("#id_portrait_error")).to_contain_text(told.json()["error"])
    assert not Attachment.objects.exists()
