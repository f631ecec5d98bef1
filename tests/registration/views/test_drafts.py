"""Several drafts in one browser: kept apart, offered, told apart; and two pages of one draft, which never mix."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from registration import cookies
from registration.demo_images import draw_portrait, jpeg_bytes
from registration.held_drafts import MOST_HELD
from registration.models import Attachment, Declaration, Draft
from tests.registration.factories import make_agency, make_declaration, make_draft, photo_bytes

pytestmark = pytest.mark.django_db
PAGE = "/dang-ky/to-khai/"
KINDS = ("portrait", "id_front", "id_back")
FATHER = {"full_name": "Trần Văn Cha", "bhxh_number": "7911111111", "phone": "0912345671"}
MOTHER = {"full_name": "Lê Thị Mẹ", "bhxh_number": "7922222222", "phone": "0912345672"}
DRAWN = {number: jpeg_bytes(draw_portrait(number)) for number in (1, 2)}


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the page's form, as a browser would send them."""
    tags = re.findall(r'<input type="hidden"[^>]*>', page)
    fields = {re.search(r'name="([^"]*)"', tag)[1]: re.search(r'value="([^"]*)"', tag)[1] for tag in tags}
    fields.pop("csrfmiddlewaretoken", None)
    return fields


class Tab:
    """One page of the form in a browser: what it shows, and what is done on it."""

    def __init__(self, client: Client, address: str = "") -> None:
        self.client = client
        self.address = address or client.get("/dang-ky/", {"doi-tuong": "ca-nhan", "tiep": "1"}).url
        self.load()

    def load(self) -> str:
        page = self.client.get(self.address).content.decode()
        self.fields = hidden(page)
        return page

    def upload(self, kind: str, content: bytes | None = None, **fields: str) -> dict:
        photo = SimpleUploadedFile("anh.jpg", photo_bytes(kind) if content is None else content, "image/jpeg")
        data = {"draft": self.fields["draft"], "kind": kind, "photo": photo, **fields}
        answer = self.client.post(f"{PAGE}anh/", data).json()
        self.fields[f"shown-{kind}"] = answer["token"]
        return answer

    def upload_all(self, portrait: int) -> None:
        self.upload("portrait", DRAWN[portrait])
        self.upload("id_front")
        self.upload("id_back")

    def answers(self, **changed: str) -> dict[str, str]:
        usual = {
            "paper_kind": "cccd",
            "paper_number": "079190000123",
            "address": "12/3 đường Mẫu, Quận 3",
            "agency": make_agency().code,
            "consent": "on",
            "submit-declaration": "1",
        }
        return {**self.fields, **usual, **changed}

    def submit(self, **changed: object) -> HttpResponse:
        return self.client.post(self.address, self.answers(**changed))

    def save(self, **changed: str) -> HttpResponse:
        answer = self.client.post(f"{PAGE}luu/", self.answers(**changed))
        if answer.status_code == 200:
            self.fields["revision"] = str(answer.json()["revision"])
        return answer


def portrait_of(declaration: Declaration) -> str:
    return declaration.attachments.get(kind="portrait").token


def press(answer: HttpResponse, client: Client, button: str) -> HttpResponse:
    """Press a button of the page with the choice."""
    page = answer.content.decode()
    assert f'name="{button}"' in page
    return client.post(PAGE, {**hidden(page), button: "1"})


# -- One browser, several drafts ---------------------------------------------------------------------------------


def test_father_and_mother_in_two_tabs_get_each_their_own(client) -> None:
    father, mother = Tab(client), Tab(client)
    assert father.address != mother.address
    father.upload_all(portrait=1)
    mother.upload_all(portrait=2)
    father.save(**FATHER)
    mother.save(**MOTHER)
    first, second = father.submit(**FATHER), mother.submit(**MOTHER)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first.url != second.url
    for tab, person in ((father, FATHER), (mother, MOTHER)):
        made = Declaration.objects.get(full_name=person["full_name"])
        assert portrait_of(made) == tab.fields["shown-portrait"]
        assert made.attachments.count() == 3


@pytest.mark.parametrize("path", ["/", "/dang-ky/", PAGE])
def test_drafts_under_way_are_offered_to_their_browser_only(client, path: str) -> None:
    assert "Tờ khai đang điền dở" not in client.get(path).content.decode()
    father, mother, nobody = Tab(client), Tab(client), Tab(client)
    father.save(**FATHER)
    mother.upload("portrait")
    answer = client.get(path)
    page = answer.content.decode()
    assert page.count('class="offer"') == 2
    offered = dict(re.findall(r'class="offer__name">([^<]*)<[^§]*?href="(/dang-ky/to-khai/\?to-khai=\w+)"', page))
    assert offered == {"Chưa có họ tên": mother.address, FATHER["full_name"]: father.address}
    assert page.index("Chưa có họ tên") < page.index(FATHER["full_name"]), "the latest saved comes first"
    assert "1 ảnh" in page and nobody.address not in page
    assert "private" in answer["Cache-Control"] and "Cookie" in answer["Vary"]
    assert 'class="offer"' not in Client().get(path).content.decode()


def test_bare_address_is_a_new_empty_form(client) -> None:
    Tab(client).save(**FATHER)
    page = client.get(PAGE).content.decode()
    assert f'value="{FATHER["full_name"]}"' not in page
    assert re.search(r'action="(/dang-ky/to-khai/\?to-khai=\w+)"', page)


def test_key_alone_opens_nothing(client) -> None:
    tab = Tab(client)
    tab.save(**FATHER)
    photo = tab.upload("portrait")["url"]
    other = Client()
    page = other.get(tab.address)
    assert page.status_code == 200
    assert FATHER["full_name"] not in page.content.decode()
    assert "không có trên thiết bị này" in page.content.decode()
    assert other.get(photo).status_code == 404
    assert client.get(photo).status_code == 200


def test_deleted_offer_is_gone_with_its_photos(client) -> None:
    father, mother = Tab(client), Tab(client)
    father.save(**FATHER)
    mother.save(**MOTHER)
    father.upload("portrait")
    for path, field in (("/", {"from-home": "1"}), ("/dang-ky/", {})):
        tab = father if field else mother
        signed = tab.fields["draft"]
        assert f'value="{signed}"' in client.get(path).content.decode()
        answer = client.post(f"{PAGE}xoa/", {"draft": signed, **field})
        assert answer.url == path
    assert not Draft.objects.exists() and not Attachment.objects.exists()
    assert 'class="offer"' not in client.get("/").content.decode()


def test_deleting_a_submitted_draft_leaves_its_declaration_and_the_way_to_it(client) -> None:
    tab = Tab(client)
    tab.upload_all(portrait=1)
    receipt = tab.submit(**FATHER).url
    assert client.post(f"{PAGE}xoa/", {"draft": tab.fields["draft"]}).status_code == 302
    assert tab.submit(**FATHER).url == receipt


def test_old_draft_is_offered_no_more(client) -> None:
    Tab(client).save(**FATHER)
    Draft.objects.update(updated_at=timezone.now() - timedelta(hours=25))
    assert FATHER["full_name"] not in client.get("/").content.decode()


def test_correction_is_offered_as_what_it_is(client) -> None:
    returned = make_declaration("returned")
    draft = make_draft(corrects=returned, answers={"full_name": returned.full_name})
    client.cookies[f"to_khai_{cookies.draft_key(draft.token)}"] = cookies.sign_token(draft.token)
    page = client.get("/").content.decode()
    assert f"Tờ khai cần sửa, mã hồ sơ {returned.reference_text}" in page


def test_cookie_of_earlier_versions_still_opens_its_draft(client) -> None:
    draft = make_draft(answers=FATHER)
    client.cookies[cookies.COOKIE] = cookies.sign_token(draft.token)
    page = client.get("/dang-ky/").content.decode()
    address = re.search(r'href="(/dang-ky/to-khai/\?to-khai=\w+)"', page)
    assert address and f'value="{FATHER["full_name"]}"' in client.get(address[1]).content.decode()
    assert client.cookies[cookies.COOKIE].value == ""
    assert FATHER["full_name"] in client.get("/").content.decode()


def test_browser_holds_a_bounded_number_and_loses_no_filled_one_to_empty_ones(client) -> None:
    kept = Tab(client)
    kept.save(**FATHER)
    for _time in range(2 * MOST_HELD):
        Tab(client)
    held = [name for name, cookie in client.cookies.items() if name.startswith("to_khai_") and cookie.value]
    assert len(held) == MOST_HELD
    assert FATHER["full_name"] in client.get("/").content.decode()


def test_nothing_is_stored_before_something_is_worth_it(client) -> None:
    tab = Tab(client)
    client.get("/")
    client.post(f"{PAGE}trang-thai/", {"draft": tab.fields["draft"]})
    assert not Draft.objects.exists()


def test_resumed_draft_joins_those_of_the_other_device(client) -> None:
    tab = Tab(client)
    code = tab.save(**FATHER).json()["code"]
    other = Client()
    Tab(other).save(**MOTHER)
    there = Tab(other, other.post("/dang-ky/tiep-tuc/", {"code": code}).url)
    assert there.fields["draft"] == tab.fields["draft"]
    page = other.get("/").content.decode()
    assert FATHER["full_name"] in page and MOTHER["full_name"] in page


def test_phone_reaches_the_draft_it_was_made_for_and_makes_none(client) -> None:
    father, mother = Tab(client), Tab(client)
    father.save(**FATHER)
    mother.save(**MOTHER)
    told = client.post(f"{PAGE}dien-thoai/", {"draft": father.fields["draft"]}).json()
    key = told["url"].rstrip("/").split("/")[-1]
    phone = Client()
    father.client = phone
    father.upload("portrait", phone_key=key)
    assert [draft.answers["full_name"] for draft in Draft.objects.filter(attachments__isnull=False)] == ["Trần Văn Cha"]
    assert not [name for name in phone.cookies if name.startswith("to_khai")]
    Draft.objects.all().delete()
    photo = SimpleUploadedFile("anh.jpg", photo_bytes("portrait"), "image/jpeg")
    answer = phone.post(f"{PAGE}anh/", {"kind": "portrait", "photo": photo, "phone_key": key})
    assert answer.status_code == 404 and phone.get(f"/dang-ky/chup/{key}/").status_code == 404
    assert not Draft.objects.exists()


# -- One draft, two pages ----------------------------------------------------------------------------------------


@pytest.fixture
def pages(client) -> tuple[Tab, Tab]:
    """Two pages of one draft: the first shows its own photos, the second has put another portrait in their place."""
    first = Tab(client)
    first.upload_all(portrait=1)
    first.save(**FATHER)
    second = Tab(client, first.address)
    second.upload("portrait", DRAWN[2])
    return first, second


def test_page_whose_photo_was_replaced_elsewhere_submits_nothing_and_shows_both(client, pages) -> None:
    first, _second = pages
    answer = first.submit(**FATHER)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert not Declaration.objects.exists()
    for tab in pages:
        assert f'src="/dang-ky/to-khai/anh/{tab.fields["shown-portrait"]}.jpg"' in page
        assert client.get(f"{PAGE}anh/{tab.fields['shown-portrait']}.jpg").status_code == 200
    assert "Một người: dùng ảnh đang lưu" in page and "Hai người: tách thành hai tờ khai" in page


def test_one_person_goes_on_with_the_stored_photos(client, pages) -> None:
    first, second = pages
    address = press(first.submit(**FATHER), client, "one-person").url
    assert address == first.address
    page = first.load()
    assert first.fields["shown-portrait"] == second.fields["shown-portrait"]
    assert f'value="{FATHER["full_name"]}"' in page
    assert first.submit(**FATHER).status_code == 302
    assert portrait_of(Declaration.objects.get()) == second.fields["shown-portrait"]


def test_two_people_become_two_declarations_with_their_own_photos(client, pages) -> None:
    first, second = pages
    shas = [Attachment.objects.get(token=tab.fields["shown-portrait"]).sha256 for tab in pages]
    answer = first.submit(**FATHER)
    addresses = {press(answer, client, "split").url for _press in range(2)}
    assert len(addresses) == 1 and Draft.objects.count() == 2
    own = Tab(client, addresses.pop())
    assert own.address != first.address
    assert own.submit(**FATHER).status_code == 302
    assert second.submit(**MOTHER).status_code == 302
    for person, sha in zip((FATHER, MOTHER), shas, strict=True):
        made = Declaration.objects.get(full_name=person["full_name"])
        assert made.attachments.get(kind="portrait").sha256 == sha
        assert made.attachments.count() == 3


@pytest.mark.parametrize("kind", KINDS)
def test_photo_removed_elsewhere_is_a_difference_too(client, kind: str) -> None:
    first = Tab(client)
    first.upload_all(portrait=1)
    client.post(f"{PAGE}anh/xoa/", {"draft": first.fields["draft"], "kind": kind})
    assert first.submit(**FATHER).status_code == 409


def test_photo_added_elsewhere_is_a_difference_too(client) -> None:
    first = Tab(client)
    passport = {**FATHER, "paper_kind": "passport", "paper_number": "C1234567"}
    first.upload("portrait")
    first.upload("id_front")
    Tab(client, first.address).upload("id_back")
    assert first.submit(**passport).status_code == 409
    assert not Declaration.objects.exists()


@pytest.mark.parametrize("button", ["choose-agency", "review", "remove-photo", "submit-declaration"])
def test_no_button_of_a_page_works_on_photos_that_it_does_not_show(client, pages, button: str) -> None:
    first, second = pages
    data = first.answers(**FATHER)
    del data["submit-declaration"]
    answer = client.post(PAGE, {**data, button: "portrait"})
    assert answer.status_code == 409
    assert Draft.objects.get().photos()["portrait"].token == second.fields["shown-portrait"]


def test_removing_the_photo_that_a_page_shows_leaves_another_pages_newer_one(client, pages) -> None:
    first, second = pages
    data = {"draft": first.fields["draft"], "kind": "portrait", "shown": first.fields["shown-portrait"]}
    assert client.post(f"{PAGE}anh/xoa/", data).status_code == 204
    assert Draft.objects.get().photos()["portrait"].token == second.fields["shown-portrait"]


def test_file_in_a_page_that_is_outdated_is_kept_for_the_choice(client, pages) -> None:
    first, _second = pages
    photo = SimpleUploadedFile("anh.jpg", photo_bytes("id_back"), "image/jpeg")
    sha = Attachment.objects.get(token=first.fields["shown-id_back"]).sha256
    client.post(f"{PAGE}anh/xoa/", {"draft": first.fields["draft"], "kind": "id_back"})
    own = Tab(client, press(first.submit(**FATHER, id_back=photo), client, "split").url)
    assert Attachment.objects.get(token=own.fields["shown-id_back"]).sha256 == sha


def test_the_same_files_sent_twice_are_no_difference(client) -> None:
    tab = Tab(client)
    for status, phone in ((422, "0"), (422, "0"), (302, FATHER["phone"])):
        photos = {kind: SimpleUploadedFile("anh.jpg", photo_bytes(kind), "image/jpeg") for kind in KINDS}
        assert tab.submit(**{**FATHER, "phone": phone, **photos}).status_code == status


def test_answers_of_two_pages_are_never_mixed(client) -> None:
    first = Tab(client)
    first.save(**FATHER)
    second = Tab(client, first.address)
    assert first.save(**FATHER, email="cha@example.com").status_code == 200
    answer = second.save(**MOTHER)
    assert answer.status_code == 409
    assert "trang hoặc thiết bị khác" in answer.json()["html"] and first.address in answer.json()["html"]
    assert Draft.objects.get().answers["full_name"] == FATHER["full_name"]
    # The page that saved goes on saving; the other one's button shows both and keeps both.
    assert first.save(**FATHER, email="").status_code == 200
    answer = second.submit(**MOTHER)
    page = answer.content.decode()
    assert answer.status_code == 409 and FATHER["full_name"] in page and MOTHER["full_name"] in page
    press(answer, client, "split")
    assert {draft.answers["full_name"] for draft in Draft.objects.all()} == {"Trần Văn Cha", "Lê Thị Mẹ"}


def test_page_saves_over_what_it_saved_itself_though_the_answer_was_lost(client) -> None:
    tab = Tab(client)
    client.post(f"{PAGE}luu/", tab.answers(**FATHER))
    assert client.post(f"{PAGE}luu/", tab.answers(**FATHER, email="cha@example.com")).status_code == 200


def test_draft_deleted_under_an_open_page_is_filled_anew_not_asked_about(client) -> None:
    tab = Tab(client)
    tab.upload_all(portrait=1)
    tab.save(**FATHER)
    Draft.objects.all().delete()
    answer = tab.submit(**FATHER)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f'value="{FATHER["full_name"]}"' in page and 'id="id_portrait_error"' in page


@pytest.mark.parametrize(
    "fields", [{"page": "\0'"}, {"revision": "-1"}, {"revision": "9" * 30}, {"shown-portrait": "\0"}]
)
def test_strange_page_fields_never_break_anything(client, fields: dict[str, str]) -> None:
    tab = Tab(client)
    for path in ("", "luu/", "anh/xoa/"):
        data = {**tab.answers(**FATHER), **fields, "kind": "portrait", "shown": "\0"}
        assert client.post(f"{PAGE}{path}", data).status_code in (200, 404, 409, 422)
    assert client.post(PAGE, {**tab.answers(), **fields, "split": "1", "new-draft": "x"}).status_code == 404


# -- After Ghi nhận ----------------------------------------------------------------------------------------------


@pytest.fixture
def submitted(client) -> Tab:
    tab = Tab(client)
    tab.upload_all(portrait=1)
    assert tab.submit(**FATHER).status_code == 302
    return tab


def test_going_back_says_that_it_was_submitted(client, submitted) -> None:
    made = Declaration.objects.get()
    answer = client.get(submitted.address)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f"Tờ khai này đã gửi, mã hồ sơ {made.reference_text}" in page
    assert f'href="/dang-ky/ho-so/{made.token}/"' in page and 'href="/dang-ky/"' in page
    assert FATHER["full_name"] not in page
    assert 'class="offer"' not in client.get("/").content.decode()


def test_other_words_after_submission_are_told_and_become_a_new_declaration(client, submitted) -> None:
    made = Declaration.objects.get()
    answer = submitted.submit(**MOTHER)
    assert answer.status_code == 409
    assert made.reference_text in answer.content.decode()
    own = Tab(client, press(answer, client, "split").url)
    assert f'value="{MOTHER["full_name"]}"' in own.load()
    assert own.fields["shown-portrait"] == "", "the father's photos stay his"
    own.upload_all(portrait=2)
    assert own.submit(**MOTHER).status_code == 302
    assert Declaration.objects.count() == 2


def test_another_photo_after_submission_is_told_and_kept(client, submitted) -> None:
    photo = SimpleUploadedFile("anh.jpg", DRAWN[2], "image/jpeg")
    answer = submitted.submit(**FATHER, portrait=photo)
    assert answer.status_code == 409
    own = Tab(client, press(answer, client, "split").url)
    assert own.fields["shown-portrait"]
    assert Declaration.objects.get().attachments.count() == 3


@pytest.mark.parametrize("path", ["anh/", "anh/xoa/", "luu/", "trang-thai/", "dien-thoai/"])
def test_submitted_draft_tells_the_script_so(client, submitted, path: str) -> None:
    photo = SimpleUploadedFile("anh.jpg", photo_bytes("portrait"), "image/jpeg")
    answer = client.post(f"{PAGE}{path}", {"draft": submitted.fields["draft"], "kind": "portrait", "photo": photo})
    assert answer.status_code == 409
    assert "đã gửi" in answer.json()["error"]
    assert Declaration.objects.get().reference_text in answer.json()["html"]


def test_photos_of_a_page_outdated_by_a_submission_are_not_lost(client, pages) -> None:
    first, second = pages
    sha = Attachment.objects.get(token=first.fields["shown-portrait"]).sha256
    assert second.submit(**MOTHER).status_code == 302
    answer = first.submit(**FATHER)
    assert answer.status_code == 409
    own = Tab(client, press(answer, client, "split").url)
    assert Attachment.objects.get(token=own.fields["shown-portrait"]).sha256 == sha


# -- Races -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_pages_submitting_at_once_make_one_declaration_and_tell_the_other(client) -> None:
    first = Tab(client)
    first.upload_all(portrait=1)
    second = Tab(client, first.address)
    make_agency()
    sent = [first.answers(**FATHER), second.answers(**MOTHER)]

    def submit(data: dict[str, str]) -> int:
        try:
            return Client().post(PAGE, data).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(submit, sent))
    assert statuses == [302, 409]
    assert Declaration.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_photo_replaced_while_the_page_is_submitted_is_submitted_or_told_never_mixed(client) -> None:
    first = Tab(client)
    first.upload_all(portrait=1)
    data = first.answers(**FATHER)

    def run(step: str) -> int:
        try:
            if step == "submit":
                return Client().post(PAGE, data).status_code
            photo = SimpleUploadedFile("anh.jpg", DRAWN[2], "image/jpeg")
            sent = {"draft": data["draft"], "kind": "portrait", "photo": photo}
            return Client().post(f"{PAGE}anh/", sent).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        submitted, replaced = pool.map(run, ["submit", "replace"])
    assert (submitted, replaced) in {(302, 409), (409, 201)}
    for made in Declaration.objects.all():
        assert portrait_of(made) == data["shown-portrait"]
