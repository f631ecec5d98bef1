"""Photos sent one at a time, the draft that saves itself, the phone that helps, and the code to go on with."""

import re
from datetime import date
from urllib.parse import urlsplit

import pytest
import zxingcpp
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image, ImageDraw, ImageFilter

from registration import cookies
from registration.demo_images import cccd_qr_payload, draw_id_card, draw_portrait, jpeg_bytes
from registration.held_drafts import form_address
from registration.models import Attachment, Draft
from tests.registration.factories import NAME, make_declaration, make_draft, photo_bytes

pytestmark = pytest.mark.django_db
PAGE = "/dang-ky/to-khai/"
NUMBER = "079190000123"


def card_photo() -> bytes:
    payload = cccd_qr_payload(
        number=NUMBER,
        name=NAME,
        birth_date=date(1990, 3, 4),
        is_male=False,
        address="Phường 5, Quận 3, TP. Hồ Chí Minh",
        issued_on=date(2022, 5, 6),
    )
    return jpeg_bytes(draw_id_card("front", name=NAME, number=NUMBER, qr=payload))


def draft_of(client: Client) -> str:
    found = re.search(r'name="draft" value="([^"]+)"', client.get(PAGE).content.decode())
    assert found
    return found[1]


def shown(client: Client, draft: str) -> str:
    """The page of this draft's form."""
    return client.get(form_address(cookies.read_token(draft))).content.decode()


def send(client: Client, kind: str, content: bytes, **fields: str):
    photo = SimpleUploadedFile("photo.jpg", content, "image/jpeg")
    return client.post(f"{PAGE}anh/", {"kind": kind, "photo": photo, **fields})


def test_photo_is_stored_the_moment_it_is_sent_and_shown_from_the_server(client) -> None:
    draft = draft_of(client)
    answer = send(client, "portrait", photo_bytes("portrait"), draft=draft)
    told = answer.json()
    assert answer.status_code == 201
    assert (told["kind"], told["warnings"], told["card"]) == ("portrait", [], None)
    assert max(told["width"], told["height"]) <= 900
    photo = client.get(told["url"])
    assert (photo.status_code, photo["Content-Type"]) == (200, "image/jpeg")
    page = shown(client, draft)
    assert 'src="/dang-ky/to-khai/anh/' in page
    assert f'name="shown-portrait" value="{told["token"]}"' in page


def test_photo_that_cannot_be_taken_is_told_and_the_stored_one_stays(client) -> None:
    draft = draft_of(client)
    send(client, "portrait", photo_bytes("portrait"), draft=draft)
    answer = send(client, "portrait", b"%PDF-1.7", draft=draft)
    assert answer.status_code == 422
    assert "PDF" in answer.json()["error"]
    assert Attachment.objects.count() == 1


def test_photo_that_looks_doubtful_is_stored_with_a_warning(client) -> None:
    blurred = jpeg_bytes(draw_portrait(1).filter(ImageFilter.GaussianBlur(14)))
    draft = draft_of(client)
    told = send(client, "portrait", blurred, draft=draft).json()
    assert told["warnings"]
    assert Attachment.objects.get().quality == ["blurred"]
    assert str(told["warnings"][0]) in shown(client, draft)


def test_card_is_read_from_the_photo(client) -> None:
    told = send(client, "id_front", card_photo(), draft=draft_of(client)).json()
    assert told["card"]["fields"]["full_name"] == NAME
    assert told["card"]["fields"]["paper_number"] == NUMBER
    assert {row["name"] for row in told["card"]["shown"]} >= {"birth_date", "sex"}


def test_card_that_disagrees_with_what_was_typed_is_shown_beside_it(client) -> None:
    draft = draft_of(client)
    send(client, "id_front", card_photo(), draft=draft)
    client.post(f"{PAGE}luu/", {"draft": draft, "full_name": "Trần Văn Khác", "paper_kind": "cccd"})
    page = shown(client, draft)
    note = page.split('data-card-note="full_name"')[1].split("</div>")[0]
    assert "hidden" not in note.split(">")[0]
    assert NAME in note and 'data-card-differs="other"' in note


def test_card_fills_empty_fields_without_javascript_for_the_citizen_to_check(client) -> None:
    photo = SimpleUploadedFile("photo.jpg", card_photo(), "image/jpeg")
    answer = client.post(PAGE, {"draft": draft_of(client), "paper_kind": "cccd", "id_front": photo})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'value="{NAME}"' in page and f'value="{NUMBER}"' in page
    assert Draft.objects.get().answers["full_name"] == NAME


def test_photo_is_removed(client) -> None:
    draft = draft_of(client)
    send(client, "portrait", photo_bytes("portrait"), draft=draft)
    assert client.post(f"{PAGE}anh/xoa/", {"draft": draft, "kind": "portrait"}).status_code == 204
    assert Draft.objects.get().photos() == {}
    assert 'src="/dang-ky/to-khai/anh/' not in shown(client, draft)


@pytest.mark.parametrize("path", ["anh/", "anh/xoa/", "trang-thai/", "luu/", "dien-thoai/"])
@pytest.mark.parametrize("draft", ["", "made-up", "made-up:x"])
def test_tampered_draft_does_not_exist(client, path: str, draft: str) -> None:
    answer = client.post(f"{PAGE}{path}", {"draft": draft, "kind": "portrait"})
    assert answer.status_code == 404
    assert answer.json()["error"]
    assert not Draft.objects.exists()


def test_submitted_draft_takes_no_more_photos(client) -> None:
    declaration = make_declaration()
    token = cookies.sign_token(declaration.drafts.get().token)
    answer = send(client, "portrait", photo_bytes("portrait"), draft=token)
    assert answer.status_code == 409
    assert declaration.reference_text in answer.json()["html"]
    key = cookies.make_phone_key(declaration.drafts.get().token)
    answer = send(client, "portrait", photo_bytes("portrait"), phone_key=key)
    assert answer.status_code == 409
    assert declaration.reference_text not in answer.content.decode()


def test_draft_keeps_what_was_typed_and_goes_on_elsewhere_with_its_code(client) -> None:
    draft = draft_of(client)
    told = client.post(f"{PAGE}luu/", {"draft": draft, "full_name": "Nguyễn Thị", "phone": "09"}).json()
    assert re.fullmatch(r"[0-9]{3}(-[0-9]{3}){4}", told["code"])
    other = Client()
    answer = other.post("/dang-ky/tiep-tuc/", {"code": told["code"].lower()})
    assert answer.url == form_address(cookies.read_token(draft))
    assert 'value="Nguyễn Thị"' in other.get(answer.url).content.decode()


@pytest.mark.parametrize("code", ["", "7K3Q", "0000-0000-0", "\x00"])
def test_unknown_code_is_told(client, code: str) -> None:
    make_draft(kinds=[])
    answer = client.post("/dang-ky/tiep-tuc/", {"code": code})
    assert answer.status_code == 422
    assert 'id="id_code_error"' in answer.content.decode()


def phone_address(client: Client, draft: str) -> str:
    told = client.post(f"{PAGE}dien-thoai/", {"draft": draft}).json()
    assert told["minutes"] == 15
    assert zxing_reads(told["svg"]) == told["url"]
    return urlsplit(told["url"]).path


def zxing_reads(svg: str) -> str:
    """What a phone's camera reads from the page's QR code: its path painted on pixels."""
    side = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])
    picture = Image.new("L", (side * 4, side * 4), 255)
    draw = ImageDraw.Draw(picture)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1", svg):
        left, top = int(x) * 4, int(y) * 4
        draw.rectangle((left, top, left + int(width) * 4 - 1, top + 3), fill=0)
    return zxingcpp.read_barcodes(picture)[0].text


def test_phone_sends_photos_into_the_draft_and_reads_nothing_else(client) -> None:
    draft = draft_of(client)
    client.post(f"{PAGE}luu/", {"draft": draft, "full_name": NAME, "phone": "0912345678"})
    address = phone_address(client, draft)
    phone = Client()
    page = phone.get(address).content.decode()
    assert NAME not in page and "0912345678" not in page
    key = address.rstrip("/").split("/")[-1]
    told = send(phone, "id_front", card_photo(), phone_key=key).json()
    assert told["card"] is None
    assert phone.get(told["url"]).status_code == 200
    state = client.post(f"{PAGE}trang-thai/", {"draft": draft}).json()
    assert state["phone"] == "opened"
    assert state["photos"]["id_front"]["card"]["fields"]["full_name"] == NAME
    assert state["photos"]["portrait"] is None


def test_phone_page_works_without_javascript(client) -> None:
    address = phone_address(client, draft_of(client))
    photo = SimpleUploadedFile("p.jpg", photo_bytes("portrait"), "image/jpeg")
    broken = SimpleUploadedFile("p.jpg", b"junk", "image/jpeg")
    phone = Client()
    answer = phone.post(address, {"portrait": photo, "id_front": broken})
    assert answer.status_code == 422
    assert Attachment.objects.get().kind == "portrait"
    answer = phone.post(address, {"id_front": SimpleUploadedFile("p.jpg", photo_bytes("id_front"), "image/jpeg")})
    assert answer.status_code == 200
    assert Attachment.objects.count() == 2


@pytest.mark.parametrize("key", ["made-up", "made:up:key"])
def test_tampered_phone_key_does_not_exist(client, key: str) -> None:
    assert client.get(f"/dang-ky/chup/{key}/").status_code == 404
    assert send(client, "portrait", photo_bytes("portrait"), phone_key=key).status_code == 404


def test_phone_key_ends_after_a_quarter_of_an_hour(client, monkeypatch) -> None:
    address = phone_address(client, draft_of(client))
    monkeypatch.setattr(cookies, "PHONE_SECONDS", -1)
    assert Client().get(address).status_code == 404


def test_phone_key_is_no_draft_token(client) -> None:
    key = phone_address(client, draft_of(client)).rstrip("/").split("/")[-1]
    assert client.post(f"{PAGE}luu/", {"draft": key, "full_name": "x"}).status_code == 404
    assert client.post(f"{PAGE}trang-thai/", {"draft": key}).status_code == 404


def test_review_lists_every_answer_with_a_way_to_change_it(client) -> None:
    draft = draft_of(client)
    answer = client.post(PAGE, {"draft": draft, "full_name": NAME, "paper_kind": "cccd", "review": "1"})
    page = answer.content.decode()
    assert answer.status_code == 200
    rows = re.findall(r'data-review-of="(\w+)"', page)
    assert rows == [
        *("paper_kind", "portrait", "id_front", "id_back", "full_name", "bhxh_number"),
        *("paper_number", "address", "phone", "email", "agency"),
    ]
    assert 'data-review-of="full_name" data-empty' in page
    assert 'href="#id_full_name"' in page and 'href="#id_agency_label"' in page
