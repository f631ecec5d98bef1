"""Wrong passwords on one account, from everywhere; known browsers apart; who unlocks."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.devices import COOKIE
from accounts.lockout import LOCKS, locked_names
from tests.registration.factories import make_declaration
from tests.registration.views.test_reset import ask

pytestmark = pytest.mark.django_db
NUMBER, STAFF, PASSWORD = "7900000001", "canbo.mau", "hoa-sen-trang-2026"
PAGES = {NUMBER: "/tai-khoan/dang-nhap/", STAFF: "/admin/login/"}
LOCKED = "/admin/accounts/lockedaccount/"


@pytest.fixture(params=[NUMBER, STAFF])
def account(request):
    user = get_user_model()(username=request.param, is_staff=request.param == STAFF, phone="+84912345678")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture(autouse=True)
def _behind_a_proxy(settings):
    settings.TRUSTED_PROXIES = 1


def sign_in(account, password: str, client: Client | None = None, address: str = "203.0.113.1", agent: str = "x"):
    headers = {"x-forwarded-for": address, "user-agent": agent}
    data = {"username": account.username, "password": password}
    return (client or Client()).post(PAGES[account.username], data, headers=headers)


def storm(account, count: int = 60) -> list[int]:
    """The answers to so many wrong passwords, each from an address and a browser of its own."""
    return [
        sign_in(account, f"sai-{n}", address=f"198.51.100.{n}", agent=f"robot {n}").status_code for n in range(count)
    ]


def later(minutes: int) -> None:
    """Put the tries back in time."""
    for attempt in AccessAttempt.objects.all():
        AccessAttempt.objects.filter(pk=attempt.pk).update(
            attempt_time=attempt.attempt_time - timedelta(minutes=minutes)
        )


def test_many_addresses_share_the_tries_on_one_name(account) -> None:
    answers = storm(account)
    assert [code for code in answers if code != 429] == answers[:9]
    assert sign_in(account, PASSWORD, address="192.0.2.200").status_code == 429


def test_name_that_does_not_exist_is_locked_alike(account) -> None:
    known = storm(account, 12)
    account.delete()
    AccessAttempt.objects.all().delete()
    assert storm(account, 12) == known


def test_browser_that_knows_the_account_is_not_locked_by_others(account) -> None:
    own = Client()
    assert sign_in(account, PASSWORD, own).status_code == 302
    cookie = own.cookies[COOKIE]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["max-age"] > 300 * 86_400
    assert account.password not in cookie.value and PASSWORD not in cookie.value
    own.post("/tai-khoan/dang-xuat/")
    storm(account, 20)
    assert sign_in(account, PASSWORD, own, address="198.51.100.1").status_code == 302


def test_known_browser_has_its_own_tries_and_locks_nobody_else(account) -> None:
    own = Client()
    sign_in(account, PASSWORD, own)
    own.post("/tai-khoan/dang-xuat/")
    answers = [sign_in(account, f"sai-{n}", own).status_code for n in range(11)]
    assert answers[8:] == [answers[0], 429, 429] and answers[0] != 429
    assert sign_in(account, PASSWORD, own).status_code == 429
    assert sign_in(account, PASSWORD).status_code == 302


def test_cookie_of_another_account_or_a_forged_one_is_worth_nothing(account) -> None:
    other = get_user_model()(username="7900000002" if account.is_citizen else "canbo.khac", is_staff=account.is_staff)
    other.set_password(PASSWORD)
    other.save()
    PAGES[other.username] = PAGES[account.username]
    browser = Client()
    sign_in(other, PASSWORD, browser)
    browser.post("/tai-khoan/dang-xuat/")
    storm(account, 12)
    assert sign_in(account, PASSWORD, browser).status_code == 429
    for forged in ("", "x", "a:b:c", browser.cookies[COOKIE].value[:-1] + "_", "é", "x" * 5000):
        browser.cookies[COOKIE] = forged
        assert sign_in(account, PASSWORD, browser).status_code == 429


def test_new_password_ends_what_other_browsers_knew(account) -> None:
    own, other = Client(), Client()
    sign_in(account, PASSWORD, own)
    sign_in(account, PASSWORD, other)
    new = "hoa-buoi-vang-2027"
    data = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert own.post("/tai-khoan/mat-khau/", data).status_code == 302
    own.post("/tai-khoan/dang-xuat/")
    storm(account, 12)
    assert sign_in(account, new, other).status_code == 429
    assert sign_in(account, new, own).status_code == 302


def test_lock_doubles_to_an_hour_and_refused_tries_do_not_prolong_it(account) -> None:
    storm(account, 30)
    for minutes in (15, 30, 60, 60):
        later(minutes - 1)
        assert sign_in(account, "sai").status_code == 429
        later(2)
        assert sign_in(account, "sai").status_code == 429  # heard, wrong, and so locked again
        assert locked_names()[account.username].until > timezone.now() + timedelta(minutes=14)
    assert locked_names()[account.username].until <= timezone.now() + LOCKS[-1]
    later(61)
    assert sign_in(account, PASSWORD).status_code == 302


def test_tries_of_yesterday_are_forgotten(account) -> None:
    storm(account, 9)
    later(25 * 60)
    assert 429 not in storm(account, 9)


def test_ipv6_neighbours_and_ports_do_not_matter_for_spraying(settings) -> None:
    from registration import throttle

    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login": "3/minute"}
    throttle._limit.cache_clear()
    tries = [
        Client().post(
            "/admin/login/",
            {"username": f"ten.{n}", "password": "x"},
            headers={"x-forwarded-for": f"[2001:db8::{n:x}]:{n + 1000}"},
        )
        for n in range(4)
    ]
    throttle._limit.cache_clear()
    assert [answer.status_code for answer in tries] == [200, 200, 200, 429]


def test_lock_page_tells_the_time_and_what_to_do(account, settings) -> None:
    settings.DESK_CONTACT = "Tổ Công nghệ thông tin"
    storm(account, 12)
    answer = sign_in(account, PASSWORD)
    until = timezone.localtime(locked_names()[account.username].until)
    html = answer.content.decode()
    assert f"Tạm khóa đến {until:%H:%M}" in html
    assert 14 * 60 < int(answer["Retry-After"]) <= 15 * 60
    if account.is_staff:
        assert "Tổ Công nghệ thông tin" in html and 'class="site-header"' not in html
        settings.DESK_CONTACT = ""
        assert "người quản trị" in sign_in(account, PASSWORD).content.decode()
    else:
        assert 'href="/dang-ky/' in html or 'href="/tai-khoan/quen-mat-khau/"' in html
        assert "Quên mật khẩu" in html and 'href="tel:19009068"' in html


def test_nothing_of_the_browser_and_no_password_is_kept(account) -> None:
    storm(account, 3)
    rows = AccessAttempt.objects.all()
    assert {row.user_agent for row in rows} == {""}
    assert not any("sai-" in row.post_data or account.username in row.post_data for row in rows)


def test_new_password_by_sms_opens_a_locked_account_at_once_and_keeps_it_open() -> None:
    declaration = make_declaration("approved")
    account = declaration.account
    PAGES[account.username] = PAGES[NUMBER]
    storm(account, 12)
    browser = Client()
    code = ask(browser, declaration)
    browser.post("/tai-khoan/quen-mat-khau/ma/", {"code": code, "new_password1": PASSWORD, "new_password2": PASSWORD})
    storm(account, 12)
    assert sign_in(account, PASSWORD, browser).status_code == 302


# -- unlocking -------------------------------------------------------------------------------------
@pytest.fixture
def administrator(client):
    user = get_user_model().objects.create(username="quan.tri", is_staff=True, is_superuser=True)
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return user


def test_administrator_sees_who_is_locked_and_unlocks(account, administrator, client) -> None:
    assert account.username not in client.get(LOCKED).content.decode()
    storm(account, 12)
    html = client.get(LOCKED).content.decode()
    address = f"{LOCKED}{account.pk}/unlock/"
    assert account.username in html and f'formaction="{address}"' in html and "Mở khóa" in html
    assert f'href="{LOCKED}"' in client.get("/admin/").content.decode()
    assert client.get(address).status_code == 405
    assert client.post(address, follow=True).status_code == 200
    assert sign_in(account, PASSWORD).status_code == 302
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (administrator, str(account.pk))
    assert "10" in entry.change_message


def test_known_browser_that_is_locked_is_listed_and_unlocked_too(account, administrator, client) -> None:
    own = Client()
    sign_in(account, PASSWORD, own)
    own.post("/tai-khoan/dang-xuat/")
    for n in range(10):
        sign_in(account, f"sai-{n}", own)
    assert account.username in client.get(LOCKED).content.decode()
    client.post(f"{LOCKED}{account.pk}/unlock/")
    assert sign_in(account, PASSWORD, own).status_code == 302


def test_unlocking_needs_its_own_right_and_that_right_is_for_staff_only(account, client) -> None:
    storm(account, 12)
    helper = get_user_model().objects.create(username="canbo.hotro", is_staff=True)
    client.force_login(helper, "django.contrib.auth.backends.ModelBackend")
    address = f"{LOCKED}{account.pk}/unlock/"
    assert client.get(LOCKED).status_code == 403
    assert client.post(address).status_code == 403
    helper.user_permissions.add(Permission.objects.get(codename="unlock_account"))
    assert client.get("/admin/accounts/user/").status_code == 403
    assert (account.username in client.get(LOCKED).content.decode()) is account.is_staff
    assert client.post(address).status_code == (302 if account.is_staff else 404)
    assert (account.username in locked_names()) is not account.is_staff


def test_list_answers_no_questions_about_passwords(account, administrator, client) -> None:
    storm(account, 12)
    assert client.get(LOCKED, {"password__startswith": "argon2"}).headers["Location"] == f"{LOCKED}?e=1"
    assert client.get(LOCKED, {"phone__contains": "9"}).headers["Location"] == f"{LOCKED}?e=1"


def test_unlocking_is_not_for_forged_requests(account, administrator) -> None:
    storm(account, 12)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(administrator, "django.contrib.auth.backends.ModelBackend")
    assert browser.post(f"{LOCKED}{account.pk}/unlock/").status_code == 403
    assert account.username in locked_names()
