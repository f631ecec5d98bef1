"""A form whose safety token does not count: nothing is done, and nothing typed is lost."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from registration.models import Attachment, Declaration, Draft
from tests.registration.factories import make_agency, photo_bytes
from tests.registration.tabs import PAGE, hidden

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

OWN = {"Origin": "http://testserver"}
FOREIGN = [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Referer": "https://evil.example/"},
           {"Sec-Fetch-Site": "cross-site"}]  # fmt: skip
TYPED = {
    "paper_kind": "cmnd",
    "full_name": "Trần <b>Thị</b> Mẫu",
    "bhxh_number": "791111",
    "paper_number": "079190000123",
    "address": '12/3 đường "Mẫu"',
    "phone": "09123",
    "email": "a@",
    "consent": "on",
    "submit-declaration": "1",
}


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=True)


def begun(browser: Client) -> dict[str, str]:
    return hidden(browser.get(PAGE).content.decode()) | TYPED | {"agency": make_agency().code}


def token_of(page: str) -> str:
    return re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]


def check_kept(page: str) -> None:
    assert "Trần &lt;b&gt;Thị&lt;/b&gt; Mẫu" in page
    for text in ("791111", "079190000123", "12/3 đường &quot;Mẫu&quot;", "09123", "a@", "[07911] BHXH Quận 3"):
        assert text in page
    assert re.search(r'<option value="cmnd"[^>]* selected', page)
    assert re.search(r'<input type="checkbox" name="consent"[^>]* checked', page)
    assert "Tờ khai chưa được gửi" in page


@pytest.mark.parametrize("headers", [OWN, {"Referer": "http://testserver/dang-ky/"}, {}])
@pytest.mark.parametrize("lost", ["cookie", "token", "rotated"])
def test_form_comes_back_with_all_that_was_typed_and_is_sent_with_the_next_press(browser, headers, lost) -> None:
    fields = begun(browser) | {"csrfmiddlewaretoken": "" if lost == "token" else "x" * 64}
    if lost == "cookie":
        del browser.cookies["csrftoken"]
    answer = browser.post(PAGE, fields, headers=headers)
    assert answer.status_code == 403
    page = answer.content.decode()
    check_kept(page)
    assert hidden(page)["page"] == fields["page"]
    assert hidden(page)["draft"] == fields["draft"]
    assert not Declaration.objects.exists()
    assert browser.post(PAGE, fields | {"csrfmiddlewaretoken": token_of(page)}, headers=headers).status_code == 422


def test_photos_of_a_form_without_scripts_are_kept_too(browser) -> None:
    photo = SimpleUploadedFile("anh.jpg", photo_bytes("id_front"), "image/jpeg")
    broken = SimpleUploadedFile("anh.jpg", b"no picture", "image/jpeg")
    fields = begun(browser)
    page = browser.post(PAGE, fields | {"id_front": photo, "id_back": broken}, headers=OWN).content.decode()
    assert Attachment.objects.get().kind == "id_front"
    assert hidden(page)["shown-id_front"] == Attachment.objects.get().token
    assert "Xin chọn lại ảnh." in page
    check_kept(page)


def test_a_browser_without_any_cookie_loses_nothing_either() -> None:
    fields = begun(Client())
    bare = Client(enforce_csrf_checks=True)
    for headers, same in ((OWN, True), ({}, False)):
        bare.cookies.clear()
        page = bare.post(PAGE, fields, headers=headers).content.decode()
        check_kept(page)
        # A draft that the browser does not hold is taken on only from a page of this portal.
        assert (hidden(page)["draft"] == fields["draft"]) is same


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_page_of_another_site_gets_the_plain_refusal(browser, headers) -> None:
    for address, fields in ((PAGE, begun(browser)), ("/tra-cuu/", {"reference": "K3Q9", "phone_end": "1234"})):
        photo = SimpleUploadedFile("anh.jpg", photo_bytes("id_front"), "image/jpeg")
        answer = browser.post(address, fields | {"id_front": photo}, headers=headers)
        page = answer.content.decode()
        assert answer.status_code == 403
        assert "<form" not in page and "K3Q9" not in page and "Trần" not in page
    assert not Draft.objects.exists()
    assert "csrf" not in browser.post(f"{PAGE}luu/", begun(browser), headers=headers).content.decode()


def test_scripts_get_the_token_that_counts_now(browser) -> None:
    fields = begun(browser)
    refused = browser.post(f"{PAGE}luu/", fields, headers=OWN)
    assert refused.status_code == 403
    again = browser.post(f"{PAGE}luu/", fields | {"csrfmiddlewaretoken": refused.json()["csrf"]}, headers=OWN)
    assert again.status_code == 200
    assert Draft.objects.get().answers["phone"] == "09123"


def test_other_forms_are_sent_again_with_one_button_but_never_a_password(browser) -> None:
    fields = {"reference": "7K3Q-9M2D-X", "phone_end": '12"4'}
    answer = browser.post("/tra-cuu/", fields)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert 'name="reference" value="7K3Q-9M2D-X"' in page and 'value="12&quot;4"' in page
    sent = browser.post("/tra-cuu/", fields | {"csrfmiddlewaretoken": token_of(page)})
    assert sent.status_code == 422
    for address in ("/tai-khoan/dang-nhap/", "/admin/login/"):
        page = browser.post(address, {"username": "7911111111", "password": "bi-mat-123"}).content.decode()
        assert "bi-mat-123" not in page and "<form" not in page


def test_missing_cookies_are_told_before_anything_is_typed() -> None:
    told = "data-cookies-needed"
    for address in ("/dang-ky/", PAGE, "/tai-khoan/dang-nhap/", "/tra-cuu/"):
        for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Referer": "http://testserver/dang-ky/"}):
            page = Client().get(address, headers=headers).content.decode()
            assert re.search(f'role="alert" {told}', page), address
            keeps = Client()
            keeps.get("/")
            assert re.search(f'role="alert" hidden {told}', keeps.get(address, headers=headers).content.decode())
        # Nobody can tell yet for the first page of a visit.
        for headers in ({}, {"Sec-Fetch-Site": "none"}, {"Referer": "https://tim.example/"}):
            assert re.search(f'role="alert" hidden {told}', Client().get(address, headers=headers).content.decode())


def test_every_page_sets_a_cookie_the_missing_one_too() -> None:
    for address in ("/", "/dang-ky/", "/khong-co-trang-nay/", "/huong-dan/", "/tra-cuu/"):
        assert Client().get(address).cookies, address
