"""One dossier's page, its PDF and its photos: for the browser that submitted and for whoever opened it with a code."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from registration import tasks
from registration.cookies import COOKIE, make_phone_key, sign_token
from registration.enums import CITIZEN_LABELS, Status
from registration.models import Draft, private_storage
from registration.views import progress
from tests.registration.factories import (
    issue_one_time_password,
    make_agency,
    make_correction,
    make_declaration,
    make_draft,
)
from tests.registration.views.opening import address, open_in, track

pytestmark = pytest.mark.django_db
ALL = [status for status in Status.values if status != Status.DRAFT]
FILES = ["to-khai.pdf", "anh/portrait.jpg", "anh/id_front.jpg"]
WITH_PHOTOS = {"submitted", "received", "returned", "approved"}


def personal(declaration) -> list[str]:
    """What nobody else may read."""
    names = ("full_name", "bhxh_number", "paper_number", "address", "email", "reason")
    return [value for name in names if (value := getattr(declaration, name))] + [declaration.phone[-9:]]


def assert_shows_nothing_of(declaration, page: str) -> None:
    squeezed = page.replace(" ", "")
    assert [value for value in personal(declaration) if value in page or value in squeezed] == []


def submit(client: Client, **changes: str):
    """Ghi nhận in this browser, with a draft that has its photos; the answer and the fields that were sent."""
    make_agency()
    page = client.get("/dang-ky/to-khai/").text
    signed = re.search(r'name="draft" value="([^"]+)"', page)[1]
    draft = make_draft()
    Draft.objects.filter(pk=draft.pk).update(token=signed.partition(":")[0])
    fields = {
        "draft": signed,
        "paper_kind": "cccd",
        "full_name": "Lê Thị Thử",
        "bhxh_number": "7998765432",
        "paper_number": "079190000123",
        "address": "45 đường Mẫu, Phường 7, Quận 3",
        "phone": "0987654321",
        "agency": "07911",
        "consent": "on",
        **changes,
    }
    return client.post("/dang-ky/to-khai/", fields), fields


def test_submitting_browser_has_the_dossier_open_and_no_other(client) -> None:
    answer, _fields = submit(client)
    token = answer.url.split("/")[3]
    page = client.get(answer.url)
    assert page.status_code == 200
    assert page.text.count(f"/dang-ky/ho-so/{token}/anh/") == 3
    assert "[07911] BHXH Quận 3" in page.text
    assert page["Cache-Control"] == "private, no-store"
    assert page["Referrer-Policy"] == "strict-origin"
    assert "noindex" in page["X-Robots-Tag"]
    pdf = client.get(f"{answer.url}to-khai.pdf")
    assert b"".join(pdf.streaming_content).startswith(b"%PDF-")
    stranger = Client()
    for rest in ("", *FILES):
        assert stranger.get(f"{answer.url}{rest}").status_code == 403


def test_grant_of_the_submitting_browser_ends(client, settings) -> None:
    settings.RECEIPT_HOURS = 2
    answer, fields = submit(client)
    entry = next(iter(client.session["dossiers"].values()))
    assert 7190 < entry[0] - timezone.now().timestamp() <= 7200
    assert Client().post("/dang-ky/to-khai/", fields).url == answer.url
    retried = browser_with_drafts_of(client)
    assert retried.post("/dang-ky/to-khai/", fields).url == answer.url
    assert retried.get(answer.url).status_code == 200
    Draft.objects.update(updated_at=timezone.now() - timedelta(minutes=31))
    # The same page sent again, from a tab that was left open: it leads there, and opens nothing.
    other = browser_with_drafts_of(client)
    assert other.post("/dang-ky/to-khai/", fields).url == answer.url
    assert other.get(answer.url).status_code == 403


def browser_with_drafts_of(client: Client) -> Client:
    """The same browser before the answer to Ghi nhận came: it holds the draft, and no session."""
    same = Client()
    for name, morsel in client.cookies.items():
        if name.startswith(COOKIE):
            same.cookies[name] = morsel.value
    return same


def test_page_of_a_first_submission_opens_nothing_after_a_correction_elsewhere(client) -> None:
    declaration = make_declaration("returned")
    first = declaration.drafts.get()
    make_correction(declaration)
    answer = client.post("/dang-ky/to-khai/", {"draft": sign_token(first.token)})
    assert answer.url == address(declaration)
    assert client.get(answer.url).status_code == 403


@pytest.mark.parametrize("rest", ["", *FILES, "to-khai.pdf?tai-ve", "anh/nothing.jpg"])
def test_known_and_unknown_address_are_one_to_a_stranger(client, rest: str, django_assert_num_queries) -> None:
    declaration = make_declaration()
    with django_assert_num_queries(0):
        known = client.get(address(declaration, rest))
        unknown = client.get(f"/dang-ky/ho-so/{'x' * 32}/{rest}")
    assert known.status_code == unknown.status_code == 403
    pages = {re.sub(r'(value|href)="[^"]*"', "", page.text) for page in (known, unknown)}
    assert len(pages) == 1
    assert_shows_nothing_of(declaration, known.text)
    assert declaration.reference_text not in known.text
    assert known["Referrer-Policy"] == "strict-origin"
    assert known["Cache-Control"] == "private, no-store"


def test_grant_of_one_dossier_opens_no_other(client) -> None:
    mine, other = make_declaration(), make_declaration()
    open_in(client, mine)
    for rest in ("", *FILES):
        assert client.get(address(other, rest)).status_code == 403
    assert client.get(f"/dang-ky/ho-so/{'x' * 32}/").status_code == 403


@pytest.mark.parametrize("status", ALL)
def test_opened_dossier_shows_its_state_and_ends_with_its_life(client, status: str) -> None:
    declaration = make_declaration(status)
    open_in(client, declaration)
    page = client.get(address(declaration))
    assert page.status_code == 200
    assert f"status--{status}" in page.text
    pdf, photo = client.get(address(declaration, FILES[0])), client.get(address(declaration, FILES[1]))
    assert photo.status_code == (200 if status in WITH_PHOTOS else 404)
    has_pdf = status in WITH_PHOTOS - {"returned"}
    assert (pdf.status_code, pdf.get("Location")) == ((200, None) if has_pdf else (302, address(declaration)))
    assert ("to-khai.pdf" in page.text) == has_pdf
    assert ("anh/portrait.jpg" in page.text) == (status in WITH_PHOTOS)
    assert ("/tra-cuu/sua/" in page.text) == (status == "returned")
    assert ("/tra-cuu/rut/" in page.text) == (status in ("submitted", "returned"))
    assert (declaration.reason in page.text) == (status in ("returned", "rejected") or not declaration.reason)


@pytest.mark.parametrize("status", ALL)
def test_dossier_tracking_and_correction_tell_the_same_state(vietnamese, status: str) -> None:
    declaration = make_declaration(status)
    seen_by_stranger = track(vietnamese, declaration).text
    open_in(vietnamese, declaration)
    pages = [seen_by_stranger, track(vietnamese, declaration).text, vietnamese.get(address(declaration)).text]
    titles = [re.search(r'<h2 class="notice__title" id="state">([^<]+)</h2>', page)[1] for page in pages]
    assert titles[1] == titles[2]
    if status != "rejected":
        assert titles[0] == titles[1]
    with override("vi"):
        label = str(CITIZEN_LABELS[status])
    assert all(f'status--{status}">{label}</span>' in page for page in pages)
    assert_shows_nothing_of(declaration, seen_by_stranger)


def test_returned_dossier_begins_with_reason_and_correction(vietnamese) -> None:
    declaration = make_declaration("returned")
    open_in(vietnamese, declaration)
    page = vietnamese.get(address(declaration)).text
    reason, button = page.index(declaration.reason), page.index("Sửa và gửi lại")
    assert reason < button < page.index("Các bước")
    assert "Việc cần làm" in page
    assert "In tờ khai" not in page


def test_corrected_dossier_says_that_the_old_paper_is_void(vietnamese) -> None:
    declaration = make_correction(make_declaration("returned"))
    open_in(vietnamese, declaration)
    page = vietnamese.get(address(declaration)).text
    assert "bản đã in trước khi sửa không còn giá trị" in page
    assert "Chưa xong: in, ký, nộp chậm nhất" in page


def test_dossier_is_closed_on_this_device(client) -> None:
    declaration, other = make_declaration("returned"), make_declaration()
    open_in(client, declaration)
    open_in(client, other)
    client.post("/tra-cuu/sua/", {"key": progress.sign_key(declaration.pk)})
    assert declaration.full_name in client.get("/dang-ky/to-khai/").text
    assert client.post(address(declaration, "dong/")).url == "/tra-cuu/"
    for rest in ("", *FILES):
        assert client.get(address(declaration, rest)).status_code == 403
    # Neither the begun correction nor the reference stays behind; other dossiers do.
    assert declaration.full_name not in client.get("/dang-ky/to-khai/").text
    assert declaration.reference_text not in client.get("/tra-cuu/").text
    assert client.get(address(other)).status_code == 200
    assert client.get(address(declaration, "dong/")).status_code == 405


def test_sessions_that_are_over_are_purged(client) -> None:
    open_in(client, make_declaration())
    Session.objects.create(session_key="x" * 32, session_data="", expire_date=timezone.now() - timedelta(hours=1))
    tasks.purge_sessions()
    left = set(Session.objects.values_list("session_key", flat=True))
    assert client.cookies["sessionid"].value in left and "x" * 32 not in left


def test_phones_photo_page_tells_its_address_to_no_other_page(client) -> None:
    answer = client.get(f"/dang-ky/chup/{make_phone_key(make_draft().token)}/")
    assert answer.status_code == 200
    assert answer["Referrer-Policy"] == "strict-origin"


def test_closing_somebody_elses_dossier_says_nothing(client) -> None:
    declaration = make_declaration()
    answers = [client.post(place) for place in (address(declaration, "dong/"), f"/dang-ky/ho-so/{'x' * 32}/dong/")]
    assert {(answer.status_code, answer.url) for answer in answers} == {(302, "/tra-cuu/")}


def test_grant_moves_to_a_new_session_key(client) -> None:
    """Whoever noted the cookie before, on a shared computer, has nothing of it."""
    first, second = make_declaration(), make_declaration()
    open_in(client, first)
    noted = Client()
    noted.cookies["sessionid"] = client.cookies["sessionid"].value
    open_in(client, second)
    assert noted.get(address(second)).status_code == noted.get(address(first)).status_code == 403
    assert client.get(address(second)).status_code == client.get(address(first)).status_code == 200


def test_owner_of_the_account_opens_it_signed_in(client) -> None:
    declaration, other = make_declaration("active"), make_declaration("active")
    client.force_login(declaration.account)
    # A one-time password opens nothing but the page that replaces it.
    assert client.get(address(declaration)).status_code == 403
    issue_one_time_password(declaration.account.pk)
    declaration.account.must_change_password = False
    declaration.account.save()
    page = client.get(address(declaration))
    assert page.status_code == 200
    assert address(declaration, "dong/") not in page.text
    assert client.get(address(declaration, "to-khai.pdf")).status_code == 200
    assert client.get(address(declaration, "anh/portrait.jpg")).status_code == 200
    assert client.get(address(other)).status_code == 403
    assert "to-khai.pdf" in client.get("/tai-khoan/").text


def test_dossier_offers_the_pdf_to_open_and_to_save(client) -> None:
    declaration = make_declaration()
    open_in(client, declaration)
    shown, saved = client.get(address(declaration, FILES[0])), client.get(address(declaration, f"{FILES[0]}?tai-ve"))
    assert shown["Content-Type"] == "application/pdf"
    assert b"".join(shown.streaming_content).startswith(b"%PDF-")
    name = f"to-khai-{declaration.reference_text}.pdf"
    assert shown["Content-Disposition"] == f'inline; filename="{name}"'
    assert saved["Content-Disposition"] == f'attachment; filename="{name}"'
    # What a browser kept from before is not confirmed to a stranger.
    assert Client().get(address(declaration, FILES[0]), headers={"if-none-match": shown["ETag"]}).status_code == 403


def test_photo_that_is_lost_is_not_found_rather_than_an_error(client) -> None:
    declaration = make_declaration()
    open_in(client, declaration)
    private_storage().delete(declaration.attachments.get(kind="portrait").file.name)
    assert client.get(address(declaration, "anh/portrait.jpg")).status_code == 404
    assert client.get(address(declaration, "anh/passport.jpg")).status_code == 404
    assert client.get(address(declaration)).status_code == 200


def test_files_are_left_to_nginx_where_that_is_set_up(client, settings) -> None:
    settings.X_ACCEL_PREFIX = "/_private"
    declaration = make_declaration()
    open_in(client, declaration)
    photo = declaration.attachments.get(kind="portrait")
    answer = client.get(address(declaration, "anh/portrait.jpg"))
    assert answer["X-Accel-Redirect"] == f"/_private/{photo.file.name}"
    assert answer.content == b""
    assert "X-Accel-Redirect" not in Client().get(address(declaration, "anh/portrait.jpg"))
