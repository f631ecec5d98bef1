"""How passwords are compared, what they cost, and what their fields say."""

import re
import unicodedata
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
from django.test import RequestFactory
from django.utils import timezone

from accounts.passwords import MAX_CHOSEN
from tests.registration.factories import issue_one_time_password, make_declaration

pytestmark = pytest.mark.django_db
LOGIN, CHANGE = "/tai-khoan/dang-nhap/", "/tai-khoan/mat-khau/"
OWN = "Hoa Bưởi trắng ở 2026"
NFC, NFD = (unicodedata.normalize(form, OWN) for form in ("NFC", "NFD"))


def citizen(password="", **fields):
    account = get_user_model()(username="7900000001", full_name="Nguyễn Thị Mẫu", phone="+84912345678", **fields)
    account.set_password(password or None)
    account.save()
    return account


def sign_in(client, password, number="7900000001"):
    return client.post(LOGIN, {"username": number, "password": password})


@pytest.fixture
def hashes(monkeypatch):
    """The number of passwords hashed so far."""
    counted = []
    for name in ("encode", "verify"):
        whole = getattr(Argon2PasswordHasher, name)
        monkeypatch.setattr(Argon2PasswordHasher, name, lambda *args, whole=whole: counted.append(1) or whole(*args))
    return counted


# -- From the SMS -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dress", ["{} ", "{}.", "“{}”", "{}\u200b", "Ma so: 7900000001. Mat khau: {} - Dang nhap roi"])
def test_the_password_from_the_sms_signs_in_as_it_was_copied(client, dress):
    account = make_declaration("approved").account
    password = issue_one_time_password(account.pk)
    assert sign_in(client, dress.format(password.capitalize()), account.username).url == CHANGE
    assert not AccessAttempt.objects.exists()


def test_number_and_password_may_both_be_the_whole_sms(client):
    account = make_declaration("approved").account
    password = issue_one_time_password(account.pk)
    sms = f"BHXH: Da mo tai khoan. Ma so: {account.username}. Mat khau: {password} - Dang nhap roi doi mat khau ngay."
    assert sign_in(client, sms, sms).url == CHANGE


def test_a_wrong_password_is_one_try_in_every_dress(client):
    account = make_declaration("approved").account
    issue_one_time_password(account.pk)
    for typed in ("Sai Mật Khẩu", "sai", "SAI ", "saí"):
        sign_in(client, typed, account.username)
    assert sum(AccessAttempt.objects.values_list("failures_since_start", flat=True)) == 4


# -- Chosen by the person ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("stored", [NFC, NFD])
@pytest.mark.parametrize("typed", [NFC, NFD])
def test_both_ways_of_writing_accents_sign_in_with_every_hash(client, stored, typed):
    account = citizen()
    get_user_model().objects.filter(pk=account.pk).update(password=make_password(stored))
    assert sign_in(client, typed).status_code == 302


@pytest.mark.parametrize(
    "typed", [OWN.lower(), f"{OWN} ", f" {OWN}", OWN.replace(" ", ""), f"{OWN}.", "Hoa Buoi trang o 2026"]
)
def test_every_sign_of_an_own_password_counts(client, typed):
    citizen(OWN)
    assert sign_in(client, typed).status_code == 422


def test_spaces_at_the_ends_of_an_own_password_are_kept(client):
    account = citizen("x")
    client.force_login(account)
    chosen = f"  {NFD} "
    data = {"old_password": "x", "new_password1": chosen, "new_password2": unicodedata.normalize("NFC", chosen)}
    assert client.post(CHANGE, data).status_code == 302
    client.logout()
    assert sign_in(client, chosen.strip()).status_code == 422
    assert sign_in(client, unicodedata.normalize("NFC", chosen)).status_code == 302


def test_the_present_password_is_read_as_at_sign_in(client):
    client.force_login(citizen(NFC))
    data = {"old_password": NFD, "new_password1": "hoa-sen-hong-2026", "new_password2": "hoa-sen-hong-2026"}
    assert client.post(CHANGE, data).status_code == 302


def test_one_time_password_is_not_taken_again_in_another_dress(client):
    account = make_declaration("approved").account
    password = issue_one_time_password(account.pk)
    sign_in(client, password, account.username)
    same = f" {password.upper()}."
    answer = client.post(CHANGE, {"new_password1": same, "new_password2": same})
    assert (answer.status_code, "new_password1" in answer.context["form"].errors) == (422, True)


# -- What it costs ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("typed", ["wrong", "Wrong-1", OWN, NFD, "Mat khau: abcde23456", "x" * 900, " "])
def test_every_account_costs_as_many_hashes_as_none(hashes, typed):
    """One-time, chosen, closed, unknown: the time of a wrong password tells nothing."""
    until = timezone.now() + timedelta(days=1)
    accounts = {
        "7900000001": {"password": make_password("x1")},
        "7900000002": {"password": make_password("x1"), "must_change_password": True, "one_time_password_until": until},
        "7900000003": {"password": make_password(None)},
        "7900000004": {"password": make_password("x1"), "is_active": False},
        "7900000006": {"password": make_password(typed)},
    }
    for username, fields in accounts.items():
        get_user_model().objects.create(username=username, **fields)
    costs = {}
    for username in (*accounts, "7900000005"):
        hashes.clear()
        authenticate(RequestFactory().post(LOGIN), username=username, password=typed)
        costs[username] = len(hashes)
    assert len(set(costs.values())) == 1, costs
    assert max(costs.values()) <= 3


def test_a_plain_password_costs_one_hash(hashes):
    citizen("x1")
    hashes.clear()
    authenticate(RequestFactory().post(LOGIN), username="7900000001", password="matkhaucuatoi9")
    assert len(hashes) == 1


@pytest.mark.parametrize("typed", ["x" * 900_000, "a\u0301\u0323" * 150_000])
def test_a_very_long_password_is_refused_before_any_work(client, hashes, typed):
    citizen("x1")
    hashes.clear()
    answer = sign_in(client, typed)
    assert (answer.status_code, "password" in answer.context["form"].errors, hashes) == (422, True, [])
    assert client.post(LOGIN, {"username": typed, "password": "x"}).status_code == 422


# -- What the pages say -----------------------------------------------------------------------------------------
def page_of(client, address):
    return client.get(address).content.decode()


def test_the_rules_are_told_before_any_error(client):
    client.force_login(citizen("x"))
    page = page_of(client, CHANGE)
    rules = re.search(r'<ul class="rules">(.*?)</ul>', page)
    assert rules and rules[1].count("<li>") == 5
    assert 'aria-describedby="id_new_password1_helptext"' in page


def test_all_that_is_wrong_is_told_at_once(vietnamese):
    vietnamese.force_login(citizen("1234567"))
    data = {"old_password": "wrong", "new_password1": "1234567", "new_password2": "123"}
    answer = vietnamese.post(CHANGE, data)
    errors = answer.context["form"].errors
    assert errors.keys() == {"old_password", "new_password1", "new_password2"}
    (told,) = errors["new_password1"]
    for words in ("8 ký tự", "chữ số", "nhiều người dùng", "đang dùng"):
        assert words in told


@pytest.mark.parametrize("like", ["7900000001a", "NguyenThiMau", "nguyễn thị mẫu", "0912345678x", "nguyenthimau1"])
def test_a_password_like_its_person_is_refused(client, like):
    client.force_login(citizen("x"))
    answer = client.post(CHANGE, {"old_password": "x", "new_password1": like, "new_password2": like})
    assert answer.status_code == 422
    assert "new_password1" in answer.context["form"].errors


@pytest.mark.parametrize(
    ("length", "status"), [(7, 422), (8, 302), (MAX_CHOSEN, 302), (MAX_CHOSEN + 1, 422), (5000, 422)]
)
def test_the_length_of_a_new_password(client, length, status):
    client.force_login(citizen("x"))
    chosen = ("ưỡbk3Q-" * 1000)[:length]
    for text in (chosen, unicodedata.normalize("NFD", chosen)):
        answer = client.post(CHANGE, {"old_password": "x", "new_password1": text, "new_password2": text})
        assert answer.status_code == status
        get_user_model().objects.update(password=make_password("x"))
        client.force_login(get_user_model().objects.get())


def test_password_fields_are_left_as_they_are_typed(client):
    client.force_login(citizen("x"))
    change = page_of(client, CHANGE)
    client.logout()
    for page, kinds in (
        (page_of(client, LOGIN), ["current-password"]),
        (change, ["current-password", *["new-password"] * 2]),
    ):
        fields = re.findall(r'<input type="password"[^>]*>', page)
        assert [re.search(r'autocomplete="([^"]+)"', field)[1] for field in fields] == kinds
        for field in fields:
            assert 'autocapitalize="none"' in field and 'spellcheck="false"' in field and "maxlength" not in field
        assert "js/show-password.js" in page
