"""The Tờ khai over HTTP: what is wrong is said at its place, what was given is kept, and it is stored once."""

import re
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from registration import cookies
from registration.held_drafts import form_address
from registration.models import Attachment, Declaration, Draft
from tests.registration.factories import make_agency, make_declaration, photo_bytes

pytestmark = pytest.mark.django_db
PAGE = "/dang-ky/to-khai/"


def upload(kind: str, content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{kind}.jpg", photo_bytes(kind) if content is None else content, "image/jpeg")


def address_of(data: dict) -> str:
    """Where the form of these fields' draft is."""
    return form_address(cookies.read_token(data["draft"]))


def fields(client: Client, **changed) -> dict:
    page = client.get(PAGE).content.decode()
    draft = re.search(r'name="draft" value="([^"]+)"', page)
    assert draft
    data = {
        "draft": draft[1],
        "paper_kind": "cccd",
        "full_name": "Nguyễn Thị Mẫu",
        "bhxh_number": "7912345678",
        "paper_number": "079190000123",
        "address": "12/3 đường Mẫu, Quận 3",
        "phone": "0912 345 678",
        "email": "",
        "agency": make_agency().code,
        "consent": "on",
        "submit-declaration": "1",
    }
    photos = {kind: upload(kind) for kind in ("portrait", "id_front", "id_back")}
    return {name: value for name, value in {**data, **photos, **changed}.items() if value is not None}


def test_valid_declaration_leads_to_its_receipt(client) -> None:
    answer = client.post(PAGE, fields(client, bhxh_number="DN4797912345678", phone="+84 912.345.678"), follow=True)
    declaration = Declaration.objects.get()
    assert answer.redirect_chain == [(f"/dang-ky/ho-so/{declaration.token}/", 302)]
    assert declaration.reference_text in answer.content.decode()
    assert (declaration.bhxh_number, declaration.phone) == ("7912345678", "+84912345678")
    assert declaration.consent_version


def test_second_and_third_press_lead_to_the_same_receipt(client) -> None:
    data = fields(client)
    first = client.post(PAGE, data)
    again = client.post(PAGE, {**data, **{kind: upload(kind) for kind in ("portrait", "id_front", "id_back")}})
    third = client.post(PAGE, {name: value for name, value in data.items() if isinstance(value, str)})
    assert first.url == again.url == third.url
    assert Declaration.objects.count() == 1


def test_summary_says_the_words_of_the_error_and_nothing_of_the_program(client) -> None:
    page = client.post(PAGE, fields(client, bhxh_number="123")).content.decode()
    summary = page.split("data-error-summary")[1].split("</section>")[0]
    told = re.search(
        r'<p><span class="visually-hidden">[^<]*</span>([^<]+)</p>', page.split('id="id_bhxh_number_error"')[1]
    )
    assert told and told[1] in summary
    assert "[" not in summary and "&#x27;" not in summary


@pytest.mark.django_db(transaction=True)
def test_presses_at_the_same_time_lead_to_one_receipt(client) -> None:
    data = fields(client)
    contents = {kind: data[kind].read() for kind in ("portrait", "id_front", "id_back")}

    def press(_number: int) -> str:
        photos = {kind: upload(kind, content) for kind, content in contents.items()}
        try:
            return Client(raise_request_exception=True).post(PAGE, {**data, **photos}).url
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        places = set(pool.map(press, range(4)))
    assert places == {f"/dang-ky/ho-so/{Declaration.objects.get().token}/"}
    assert Attachment.objects.filter(declaration__isnull=False).count() == 3


def test_new_declaration_after_a_submitted_one_starts_empty(client) -> None:
    client.post(PAGE, fields(client))
    page = client.get(PAGE).content.decode()
    assert "Nguyễn Thị Mẫu" not in page
    assert 'src="/dang-ky/to-khai/anh/' not in page


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("full_name", ""),
        ("full_name", "Nguyễn 2"),
        ("bhxh_number", "123"),
        ("paper_kind", "driving-licence"),
        ("paper_number", "079"),
        ("address", "x"),
        ("address", "x" * 301),
        ("phone", "02838291234"),
        ("email", "not an address"),
        ("agency", ""),
        ("agency", "99999"),
        ("agency", "0' OR 1=1"),
        ("consent", None),
        ("portrait", None),
        ("id_back", None),
    ],
)
def test_wrong_field_is_told_at_its_place_and_in_the_summary(client, name: str, value: str | None) -> None:
    answer = client.post(PAGE, fields(client, **{name: value}))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="id_{name}_error"' in page
    assert "error-summary" in page
    assert f'href="#id_{name}' in page
    assert not Declaration.objects.exists()


def test_photos_and_words_are_kept_when_a_field_is_wrong(client) -> None:
    data = fields(client, phone="0")
    page = client.post(PAGE, data).content.decode()
    assert page.count('src="/dang-ky/to-khai/anh/') == 3
    assert 'value="Nguyễn Thị Mẫu"' in page
    assert Attachment.objects.count() == 3
    # The second time the photos are not sent again.
    rest = {k: v for k, v in data.items() if k not in ("portrait", "id_front", "id_back")}
    assert client.post(PAGE, {**rest, "phone": "0912345678"}).status_code == 302
    assert Declaration.objects.get().current_attachments().count() == 3


def test_draft_is_there_after_a_reload_in_the_same_browser_only(client) -> None:
    data = fields(client, phone="0")
    client.post(PAGE, data)
    assert 'value="Nguyễn Thị Mẫu"' in client.get(address_of(data)).content.decode()
    assert "Nguyễn Thị Mẫu" not in Client().get(address_of(data)).content.decode()


def test_stored_photo_is_for_its_own_browser(client) -> None:
    client.post(PAGE, fields(client, phone="0"))
    address = reverse("registration:draft_photo", args=[Attachment.objects.first().token])
    answer = client.get(address)
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content)[:2] == b"\xff\xd8"
    assert "no-store" in answer["Cache-Control"]
    assert Client().get(address).status_code == 404


@pytest.mark.parametrize(
    "content",
    [b"", b"not a picture", b"%PDF-1.7 ...", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "cut"],
    ids=["empty", "text", "pdf", "svg", "cut"],
)
def test_broken_photo_is_told_at_its_field_and_the_others_are_kept(client, content) -> None:
    broken = photo_bytes("portrait")[:2000] if content == "cut" else content
    answer = client.post(PAGE, fields(client, portrait=upload("portrait", broken)))
    assert answer.status_code == 422
    assert 'id="id_portrait_error"' in answer.content.decode()
    assert sorted(Attachment.objects.values_list("kind", flat=True)) == ["id_back", "id_front"]


def test_photo_over_ten_megabytes_is_told_at_its_field(client) -> None:
    heavy = photo_bytes("portrait") + b"\0" * (10 * 1024 * 1024)
    answer = client.post(PAGE, fields(client, portrait=upload("portrait", heavy)))
    assert answer.status_code == 422
    assert "10 MB" in answer.content.decode()


def test_broken_photo_does_not_replace_a_stored_one(client) -> None:
    data = fields(client, phone="0")
    client.post(PAGE, data)
    client.post(PAGE, {**data, "portrait": upload("portrait", b"junk"), "id_front": "", "id_back": ""})
    assert Attachment.objects.filter(kind="portrait").count() == 1


def test_stored_photo_can_be_removed(client) -> None:
    data = fields(client, phone="0")
    client.post(PAGE, data)
    answer = client.post(PAGE, {"draft": data["draft"], "full_name": "Nguyễn Thị Mẫu", "remove-photo": "id_back"})
    assert answer.status_code == 302
    assert answer.url == f"{address_of(data)}#id_id_back"
    assert sorted(Draft.objects.get().photos()) == ["id_front", "portrait"]
    page = client.get(address_of(data)).content.decode()
    assert 'value="Nguyễn Thị Mẫu"' in page
    assert page.count('src="/dang-ky/to-khai/anh/') == 2


def test_starting_over_forgets_words_and_photos(client) -> None:
    data = fields(client, phone="0")
    client.post(PAGE, data)
    client.post(PAGE, {"draft": data["draft"], "start-over": "1"})
    assert not Draft.objects.exists() and not Attachment.objects.exists()
    for address in (PAGE, address_of(data)):
        assert "Nguyễn Thị Mẫu" not in client.get(address).content.decode()


def test_choosing_the_agency_without_javascript_keeps_the_form(client) -> None:
    data = fields(client, agency="", **{"choose-agency": "1"})
    answer = client.post(PAGE, data)
    tree = client.get(answer.url).content.decode()
    key = re.search(r'<input type="hidden" name="to-khai" value="(\w+)">', tree)
    assert f'<form method="get" action="{PAGE}">' in tree and key
    back = client.get(PAGE, {"to-khai": key[1], "agency": "07911"}).content.decode()
    assert "[07911] BHXH Quận 3" in back
    assert 'value="Nguyễn Thị Mẫu"' in back
    assert back.count('src="/dang-ky/to-khai/anh/') == 3


def test_address_alone_stores_nothing(client) -> None:
    make_agency()
    for _ in range(3):
        assert "[07911] BHXH Quận 3" in Client().get(f"{PAGE}?agency=07911").content.decode()
    assert not Draft.objects.exists()


@pytest.mark.parametrize("draft", ["", "made-up", "made-up:signature", "\x00"])
def test_tampered_draft_does_not_exist(client, draft: str) -> None:
    data = fields(client)
    assert client.post(PAGE, {**data, "draft": draft}).status_code == 404
    assert not Draft.objects.exists()


def test_number_in_use_is_refused_without_a_word_about_the_other(client) -> None:
    there = make_declaration(full_name="Phạm Văn Kín", bhxh_number="7912345678")
    page = client.post(PAGE, fields(client, phone="0912345679")).content.decode()
    assert 'id="id_bhxh_number_error"' in page
    assert "Kín" not in page and there.reference_text not in page and there.phone[-6:] not in page


def test_phone_in_use_is_refused_without_a_word_about_the_other(client) -> None:
    there = make_declaration(full_name="Phạm Văn Kín", phone="+84912345678")
    page = client.post(PAGE, fields(client)).content.decode()
    assert 'id="id_phone_error"' in page
    assert "Kín" not in page and there.bhxh_number not in page


def test_passport_needs_no_back(client) -> None:
    data = fields(client, paper_kind="passport", paper_number="C1234567", id_back=None)
    assert client.post(PAGE, data).status_code == 302


def test_strange_characters_never_break_the_page(client) -> None:
    strange = "\x00\ud7ff\u202e<script>'\"{{ 7*7 }}\uffff𝕏"
    names = ("full_name", "bhxh_number", "paper_number", "address", "phone", "email", "agency", "paper_kind")
    answer = client.post(PAGE, fields(client, **dict.fromkeys(names, strange)))
    assert answer.status_code == 422
    assert "<script>'" not in answer.content.decode()
    assert client.get(PAGE).status_code == 200


def test_consent_is_never_ticked_beforehand(client) -> None:
    page = client.get(PAGE).content.decode()
    box = re.search(r'<input[^>]*name="consent"[^>]*>', page)
    assert box and "checked" not in box[0]
    data = fields(client, phone="0")
    client.post(PAGE, data)
    box = re.search(r'<input[^>]*name="consent"[^>]*>', client.get(address_of(data)).content.decode())
    assert box and "checked" not in box[0]


def test_too_many_tries_from_one_address_are_slowed_down(client, settings) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "submit": "2/minute"}
    from registration import throttle

    throttle._limit.cache_clear()
    data = {"draft": fields(client)["draft"]}
    statuses = [client.post(PAGE, data).status_code for _ in range(3)]
    throttle._limit.cache_clear()
    assert statuses == [422, 422, 429]


def test_object_type_leads_to_the_declaration_and_says_where_organisations_go(client) -> None:
    page = client.get("/dang-ky/").content.decode()
    assert "1900 9068" in page
    assert client.get("/dang-ky/", {"doi-tuong": "ca-nhan", "tiep": "1"}).url.startswith(f"{PAGE}?to-khai=")
    assert client.get("/dang-ky/", {"doi-tuong": "to-chuc", "tiep": "1"}).status_code == 200


def test_upload_that_is_cut_off_in_transit_is_no_server_error(client) -> None:
    body = BytesIO(b'--x\r\nContent-Disposition: form-data; name="portrait"; filename="a.jpg"\r\n\r\nabc').read()
    answer = client.post(PAGE, data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code in (400, 404)
