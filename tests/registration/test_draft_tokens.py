"""Tokens of drafts and phones: changed by a bit, cut, signed for another purpose or too old, they open nothing."""

import base64
import itertools
import time
from unittest import mock

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signing import Signer, TimestampSigner
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from registration import cookies
from registration.held_drafts import form_address
from registration.models import Attachment, Draft, make_token
from tests.registration.factories import make_declaration, make_draft, photo_bytes

pytestmark = pytest.mark.django_db
PAGE = "/dang-ky/to-khai/"


def photo() -> SimpleUploadedFile:
    return SimpleUploadedFile("photo.jpg", photo_bytes("portrait"), "image/jpeg")


def bits_flipped(token: str) -> list[str]:
    """Every letter with one of its bits changed, each bit in its turn."""
    changed = []
    for at, letter in enumerate(token):
        other = chr(ord(letter) ^ (1 << at % 7))
        changed.append(token[:at] + other + token[at + 1 :])
    return changed


def draft_forgeries(token: str) -> list[str]:
    """What is nearly the signed token of this draft."""
    signed = cookies.sign_token(token)
    value, signature = signed.split(":")
    return [
        *bits_flipped(signed),
        *(signed[:size] for size in range(0, len(signed), 7)),
        token,
        f"{token}:",
        f":{signature}",
        f"{signed}:{signature}",
        f"{signed} ",
        f" {signed}",
        signed.upper(),
        f"{make_token()}:{signature}",
        f"{value}:{base64.urlsafe_b64encode(bytes(32)).decode().rstrip('=')}",
        Signer(salt="registration.phone").sign(token),
        Signer(salt="registration.tracked").sign(token),
        Signer().sign(token),
        Signer(key="another key", salt="registration.draft").sign(token),
        TimestampSigner(salt="registration.phone").sign(token),
        cookies.make_phone_key(token),
        f"{signed}\0",
    ]


def phone_forgeries(token: str) -> list[str]:
    """What is nearly a key with which a phone adds photos to this draft."""
    key = cookies.make_phone_key(token)
    with mock.patch("django.core.signing.time.time", return_value=time.time() - cookies.PHONE_SECONDS - 1):
        old = cookies.make_phone_key(token)
    value, stamp, signature = key.split(":")
    return [
        *bits_flipped(key),
        *(key[:size] for size in range(1, len(key), 7)),
        old,
        f"{value}:{old.split(':')[1]}:{signature}",
        f"{value}:{stamp}:{old.split(':')[2]}",
        f"{value}:{signature}",
        f"{make_token()}:{stamp}:{signature}",
        cookies.sign_token(token),
        TimestampSigner(salt="registration.draft").sign(token),
        TimestampSigner(salt="registration.tracked").sign(token),
        TimestampSigner(key="another key", salt="registration.phone").sign(token),
        Signer(salt="registration.phone").sign(token),
    ]


@pytest.fixture(autouse=True)
def _no_limits(settings) -> None:
    settings.RATE_LIMITED_VIEWS = {}


@pytest.fixture
def draft() -> Draft:
    return make_draft(answers={"full_name": "Nguyễn Thị Mẫu"})


def unchanged(draft: Draft) -> bool:
    draft.refresh_from_db()
    return (
        draft.answers == {"full_name": "Nguyễn Thị Mẫu"}
        and draft.attachments.count() == 3
        and draft.phone_linked_at is None
        and draft.phone_opened_at is None
        and Draft.objects.count() == 1
    )


def answer_to(client: Client, path: str, **fields: str) -> HttpResponse:
    return client.post(path, {"kind": "portrait", "full_name": "Khác", **fields})


def test_genuine_tokens_are_taken(client: Client, draft: Draft) -> None:
    signed, key = cookies.sign_token(draft.token), cookies.make_phone_key(draft.token)
    assert answer_to(client, f"{PAGE}trang-thai/", draft=signed).status_code == 200
    assert client.post(f"{PAGE}anh/", {"kind": "portrait", "photo": photo(), "phone_key": key}).status_code == 201
    assert client.get(f"/dang-ky/chup/{key}/").status_code == 200


@pytest.mark.parametrize("path", ["", "anh/", "anh/xoa/", "luu/", "trang-thai/", "dien-thoai/"])
def test_forged_draft_does_not_exist_anywhere(client: Client, draft: Draft, path: str) -> None:
    for forged in draft_forgeries(draft.token):
        answer = answer_to(client, f"{PAGE}{path}", draft=forged)
        assert answer.status_code == 404, forged
        assert not path or answer.json()["error"]
    assert answer_to(client, f"{PAGE}{path}").status_code == 404
    assert unchanged(draft)


def test_forged_draft_is_not_deleted_or_split(client: Client, draft: Draft) -> None:
    good = cookies.sign_token(draft.token)
    for forged in draft_forgeries(draft.token):
        assert client.post(f"{PAGE}xoa/", {"unfinished": forged}).status_code == 404, forged
        assert client.post(PAGE, {"draft": good, "split": "1", "new-draft": forged}).status_code == 404, forged
    assert unchanged(draft)


@pytest.mark.parametrize("path", ["anh/", "anh/xoa/"])
def test_forged_phone_key_does_not_exist_anywhere(client: Client, draft: Draft, path: str) -> None:
    good = cookies.sign_token(draft.token)
    for forged in phone_forgeries(draft.token):
        # A right token beside it does not help: the key was what the request came with.
        for fields in ({"phone_key": forged}, {"phone_key": forged, "draft": good}):
            answer = answer_to(client, f"{PAGE}{path}", **fields)
            assert answer.status_code == 404, forged
            assert answer.json()["error"]
    assert unchanged(draft)


def test_forged_phone_page_does_not_exist(client: Client, draft: Draft) -> None:
    address = reverse("registration:draft_photo", args=[draft.attachments.get(kind="portrait").token])
    for forged in phone_forgeries(draft.token):
        page = reverse("registration:phone", args=[forged.replace("/", "_") or "_"])
        assert client.get(page).status_code == 404, forged
        assert client.post(page, {"portrait": photo()}).status_code == 404
        assert client.get(address, {"chup": forged}).status_code == 404
    assert unchanged(draft)


def test_forged_cookie_shows_nothing_of_the_draft(draft: Draft) -> None:
    address = reverse("registration:draft_photo", args=[draft.attachments.get(kind="portrait").token])
    names = (cookies.COOKIE, f"{cookies.COOKIE}_{cookies.draft_key(draft.token)}")
    for forged, name in itertools.product(draft_forgeries(draft.token)[::3], names):
        client = Client()
        client.cookies[name] = forged
        # A cookie with a NUL is no cookie of any browser: the whole request is refused.
        refused, shown = (400, 400) if "\0" in forged else (404, 200)
        assert client.get(address).status_code == refused, forged
        for path in ("/", "/dang-ky/", PAGE, form_address(draft.token)):
            page = client.get(path)
            assert page.status_code == shown
            assert "Nguyễn Thị Mẫu" not in page.content.decode()
    assert unchanged(draft)


def test_draft_opens_its_own_photos_only(draft: Draft) -> None:
    other = make_draft()
    for mine, theirs in ((draft, other), (other, draft)):
        client = Client()
        client.cookies[cookies.COOKIE] = cookies.sign_token(mine.token)
        key = cookies.make_phone_key(mine.token)
        for attachment in Attachment.objects.filter(draft=theirs):
            address = reverse("registration:draft_photo", args=[attachment.token])
            assert client.get(address).status_code == 404
            assert client.get(address, {"chup": key}).status_code == 404
            assert Client().get(address).status_code == 404
        own = reverse("registration:draft_photo", args=[mine.attachments.first().token])
        assert client.get(own).status_code == 200
        assert Client().get(own, {"chup": key}).status_code == 200
        # With another draft's key the right cookie does not count: the address says what it was opened with.
        assert client.get(own, {"chup": cookies.make_phone_key(theirs.token)}).status_code == 404


def test_photos_of_one_draft_are_not_removed_or_replaced_with_anothers_token(client: Client, draft: Draft) -> None:
    other = make_draft()
    signed, key = cookies.sign_token(other.token), cookies.make_phone_key(other.token)
    answer_to(client, f"{PAGE}anh/xoa/", draft=signed)
    answer_to(client, f"{PAGE}anh/xoa/", phone_key=key, draft=cookies.sign_token(draft.token))
    assert draft.attachments.count() == 3
    assert sorted(other.photos()) == ["id_back", "id_front"]


def test_photos_leave_the_draft_with_the_declaration(client: Client) -> None:
    declaration = make_declaration()
    token = declaration.drafts.get().token
    client.cookies[cookies.COOKIE] = cookies.sign_token(token)
    for attachment in declaration.current_attachments():
        address = reverse("registration:draft_photo", args=[attachment.token])
        assert client.get(address).status_code == 404
        assert client.get(address, {"chup": cookies.make_phone_key(token)}).status_code == 404
    assert client.get(reverse("registration:phone", args=[cookies.make_phone_key(token)])).status_code == 404


def test_phone_key_ends_on_time(client: Client, draft: Draft) -> None:
    made = time.time()
    key = cookies.make_phone_key(draft.token)
    page = reverse("registration:phone", args=[key])
    with mock.patch("django.core.signing.time.time", return_value=made + cookies.PHONE_SECONDS - 2):
        assert client.get(page).status_code == 200
    with mock.patch("django.core.signing.time.time", return_value=made + cookies.PHONE_SECONDS + 2):
        assert client.get(page).status_code == 404


def test_forged_key_of_a_tracked_declaration_does_not_exist(client: Client) -> None:
    declaration = make_declaration("returned")
    signed = TimestampSigner(salt="registration.tracked").sign(str(declaration.pk))
    with mock.patch("django.core.signing.time.time", return_value=time.time() - 3600):
        old = TimestampSigner(salt="registration.tracked").sign(str(declaration.pk))
    forgeries = [*bits_flipped(signed), *(signed[:size] for size in range(0, len(signed), 5))]
    forgeries += [TimestampSigner(salt=salt).sign(str(declaration.pk)) for salt in ("registration.phone", "x")]
    for forged in forgeries:
        assert client.post("/tra-cuu/sua/", {"key": forged}).status_code == 404, forged
        assert client.post("/tra-cuu/rut/", {"key": forged}).status_code == 404, forged
        assert client.post("/tra-cuu/ma/gui/", {"key": forged}).status_code == 404, forged
    for path in ("sua", "rut", "ma", "ma/gui"):
        assert client.post(f"/tra-cuu/{path}/", {"key": old}).url == "/tra-cuu/"
    declaration.refresh_from_db()
    assert declaration.status == "returned"
    assert not Draft.objects.filter(corrects=declaration).exists()
