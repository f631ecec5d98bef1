import re

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from agencies.models import Agency
from tests.portal.test_qr import read_svg

pytestmark = pytest.mark.django_db

PUBLIC_PAGES = ["/", "/huong-dan/"]


@pytest.fixture
def quan_3():
    province = Agency.objects.create(code="079", name="BHXH TP. Hồ Chí Minh", level="province", path="079/")
    return Agency.objects.create(code="07911", name="BHXH Quận 3", level="district", path="079/07911/", parent=province)


def switch_language(client, language):
    return client.post("/i18n/setlang/", {"language": language, "next": "/huong-dan/"}, follow=True)


# -- language --------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", PUBLIC_PAGES)
def test_page_is_vietnamese_whatever_the_browser_asks_for(client, path):
    response = client.get(path, headers={"accept-language": "en-US,en;q=0.9"})
    assert '<html lang="vi">' in response.content.decode()
    assert '<button name="language" value="en" lang="en">English</button>' in response.content.decode()


def test_switch_goes_to_english_and_back(client):
    english = switch_language(client, "en")
    assert english.request["PATH_INFO"] == "/huong-dan/"
    assert '<html lang="en">' in english.content.decode()
    assert "Guide to registering" in english.content.decode()
    assert '<html lang="en">' in client.get("/").content.decode()
    vietnamese = switch_language(client, "vi")
    assert '<html lang="vi">' in vietnamese.content.decode()


def test_switch_works_with_the_token_of_the_page_itself():
    client = Client(enforce_csrf_checks=True)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/").content.decode())[1]
    response = client.post("/i18n/setlang/", {"language": "en", "next": "/", "csrfmiddlewaretoken": token})
    assert (response.status_code, response["Location"]) == (302, "/")


def test_switch_comes_back_to_the_same_agency(client, quan_3):
    html = client.get("/huong-dan/?agency=07911").content.decode()
    assert '<input type="hidden" name="next" value="/huong-dan/?agency=07911">' in html


# -- what the pages lead to ------------------------------------------------------------------------
def test_home_leads_to_every_way_in(client):
    html = client.get("/").content.decode()
    for path in ["/dang-ky/", "/tra-cuu/", "/tai-khoan/dang-nhap/", "/huong-dan/"]:
        assert f'href="{path}"' in html
    assert html.count("button--primary") == 1


def test_footer_says_that_a_trial_has_no_office(client, settings):
    settings.OFFICE_NAME = ""
    with translation.override("en"):
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        assert "No social-insurance office runs this portal" in client.get("/").content.decode()


def test_footer_names_the_office_that_runs_the_portal(client, settings):
    settings.OFFICE_NAME = "BHXH <Thử>"
    html = client.get("/").content.decode()
    assert "BHXH &lt;Thử&gt;" in html
    assert 'href="tel:19009068"' in html


def test_test_inbox_is_linked_on_a_development_server_only(client, settings):
    assert "/hop-thu-thu/" not in client.get("/").content.decode()
    settings.DEBUG = True
    assert "/hop-thu-thu/" in client.get("/").content.decode()


def test_header_of_a_citizen_offers_account_and_sign_out(client, django_user_model):
    client.force_login(
        django_user_model.objects.create(username="0123456789"), "django.contrib.auth.backends.ModelBackend"
    )
    html = client.get("/").content.decode()
    assert 'href="/tai-khoan/"' in html
    assert 'method="post" action="/tai-khoan/dang-xuat/"' in html
    assert 'href="/tai-khoan/dang-nhap/"' not in html.split("</header>")[0]


# -- guide -----------------------------------------------------------------------------------------
def test_guide_shows_both_stores_as_code_and_link(client):
    html = client.get("/huong-dan/").content.decode()
    codes = re.findall(r'<svg class="qr".*?</svg>', html)
    assert [read_svg(code) for code in codes] == [[settings.VSSID_ANDROID_URL], [settings.VSSID_IOS_URL]]
    for url in [settings.VSSID_ANDROID_URL, settings.VSSID_IOS_URL]:
        assert f'href="{url}"' in html


def test_guide_shows_the_contacts_of_the_chosen_agency(client, quan_3):
    quan_3.phone, quan_3.address, quan_3.note = "028 0000 0000", "1 Đường Mẫu", "Cổng sau\n<b>"
    quan_3.save()
    html = client.get("/huong-dan/", {"agency": "07911"}).content.decode()
    assert "028 0000 0000" in html
    assert "1 Đường Mẫu" in html
    assert "Cổng sau<br>&lt;b&gt;" in html
    assert '<option value="07911" selected>[07911] BHXH Quận 3</option>' in html
    assert '<optgroup label="BHXH TP. Hồ Chí Minh">' in html


def test_guide_gives_the_hotline_when_the_agency_has_no_contacts(client, quan_3):
    html = client.get("/huong-dan/", {"agency": "07911"}).content.decode()
    card = html.split('id="agency-contacts"')[1].split("</section>")[0]
    assert 'href="tel:19009068"' in card


@pytest.mark.parametrize("code", ["99999", "079111111", "x", "٠٧٩١١", "07911 OR 1=1", "\x00", "²"])
def test_guide_answers_an_unknown_agency_plainly(client, quan_3, code):
    response = client.get("/huong-dan/", {"agency": code})
    assert response.status_code == 200
    assert 'id="id_agency_error"' in response.content.decode()
    assert 'id="agency-contacts"' not in response.content.decode()


# -- nothing inline --------------------------------------------------------------------------------
@pytest.mark.parametrize("path", [*PUBLIC_PAGES, "/huong-dan/?agency=07911"])
def test_page_has_a_strict_policy_and_keeps_it(client, quan_3, path):
    response = client.get(path)
    html = response.content.decode()
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert not re.search(r"\sstyle\s*=|<style|\son\w+\s*=|javascript:", html)
    assert all(attributes.strip() for attributes in re.findall(r"<script([^>]*)>", html))
    assert "http://" not in html


# -- when something goes wrong (portal/test_error_pages.py has the rest) --------------------------
def test_crash_shows_the_hotline_and_nothing_of_the_crash(client, monkeypatch):
    def crash(*args, **kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("portal.views.qr_svg", crash)
    client.raise_request_exception = False
    response = client.get("/huong-dan/")
    html = response.content.decode()
    assert response.status_code == 500
    assert "1900 9068" in html
    assert "secret detail" not in html
    assert "unsafe" not in response["Content-Security-Policy"]


def test_too_many_requests_says_when_to_come_back(rf):
    from portal.views import too_many_requests

    response = too_many_requests(rf.post("/tra-cuu/"))
    assert response.status_code == 429
    assert response["Retry-After"] == "60"


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/khong-co/", "/dang-ky/khong-co/", "/admin/khong-co/", "/huong-dan/x"])
def test_mistyped_address_shows_the_portal_s_page_in_development_too(settings, address):
    settings.DEBUG = True
    answer = Client().get(address, follow=True)
    text = answer.content.decode()
    assert answer.status_code in (200, 404)
    assert "URLconf" not in text
    if not address.startswith("/admin/"):
        assert answer.status_code == 404
        assert "Không tìm thấy trang" in text


def test_slash_that_was_forgotten_is_added_in_development_too(settings):
    settings.DEBUG = True
    assert Client().get("/huong-dan").url == "/huong-dan/"


@pytest.mark.django_db
def test_price_of_the_hotline_stands_where_no_fee_is_promised(client, settings):
    text = client.get("/").content.decode()
    assert re.search(r"1900 9068</a>\s*<span[^>]*>\(1\.000 đồng/phút\)", text)
    settings.HOTLINE_PRICE = ""
    assert "đồng/phút" not in client.get("/").content.decode()
