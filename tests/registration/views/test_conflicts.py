"""Two pages of one draft, which never mix; and what a page is told once its draft has been submitted."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from registration.models import Attachment, Declaration, Draft
from tests.registration.factories import make_agency, photo_bytes
from tests.registration.tabs import DRAWN, FATHER, KINDS, MOTHER, PAGE, Tab, portrait_of, press

pytestmark = pytest.mark.django_db


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


def test_what_was_sent_opens_nothing_for_a_browser_that_closed_it_or_never_held_it(client):
    father = Tab(client)
    father.upload_all(1)
    sent = {**father.fields, **father.answers(**FATHER)}
    receipt = client.post(father.address, sent).url
    assert client.get(receipt).status_code == 200
    assert client.post(father.address, sent).url == receipt and client.get(receipt).status_code == 200
    client.post(f"{receipt}dong/")
    assert client.get(receipt).status_code == 403
    client.post(father.address, sent)
    assert client.get(receipt).status_code == 403
    other = Client()
    other.post(father.address, sent)
    assert other.get(receipt).status_code == 403
