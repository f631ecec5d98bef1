"""From the one-time password to the citizen's own page."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from notifications.models import InboxMessage, Message
from notifications.services import deliver_message
from registration import throttle
from registration.models import Declaration
from tests.registration.factories import issue_one_time_password, make_declaration, make_officer

# Delivery lets go of the database before it sends, so it does not run inside a test's own transaction.
pytestmark = pytest.mark.django_db(transaction=True)
LOGIN = "/tai-khoan/dang-nhap/"
CHOSEN = "hoa-buoi-trang-2026"


def sent_password(declaration: Declaration) -> str:
    message = Message.objects.get(related_key=declaration.message_key, kind="credential")
    deliver_message(message.pk)
    text = InboxMessage.objects.get(phone=declaration.phone).text
    assert f"Ma so: {declaration.bhxh_number}. Mat khau: " in text
    assert len(text) <= 160 and text.isascii() and "http" not in text
    return text.split("Mat khau: ")[1].split(" ")[0]


def test_password_from_the_sms_opens_only_the_page_that_replaces_it(client) -> None:
    declaration = make_declaration("approved")
    password = sent_password(declaration)
    answer = client.post(LOGIN, {"username": declaration.bhxh_number, "password": password})
    assert answer.url == "/tai-khoan/mat-khau/"
    assert client.get("/tai-khoan/").url == "/tai-khoan/mat-khau/"
    client.post("/tai-khoan/mat-khau/", {"new_password1": CHOSEN, "new_password2": CHOSEN})
    page = client.get("/tai-khoan/").content.decode()
    assert declaration.full_name in page and declaration.reference_text in page
    declaration.refresh_from_db()
    assert declaration.status == "active"


def test_password_of_the_sms_no_longer_works_once_replaced(client) -> None:
    declaration = make_declaration("approved")
    password = sent_password(declaration)
    client.post(LOGIN, {"username": declaration.bhxh_number, "password": password})
    client.post("/tai-khoan/mat-khau/", {"new_password1": CHOSEN, "new_password2": CHOSEN})
    client.post("/tai-khoan/dang-xuat/")
    assert client.post(LOGIN, {"username": declaration.bhxh_number, "password": password}).status_code == 422
    assert client.post(LOGIN, {"username": declaration.bhxh_number, "password": CHOSEN}).status_code == 302


@pytest.mark.parametrize(
    ("first", "second", "where"),
    [
        ("", "", "new_password1"),
        ("short1", "short1", "new_password1"),
        ("12345678901", "12345678901", "new_password1"),
        (CHOSEN, CHOSEN + "x", "new_password2"),
        ("SAME", "SAME", "new_password1"),
    ],
)
def test_weak_different_or_unchanged_passwords_are_told_at_their_field(client, first, second, where) -> None:
    account = make_declaration("approved").account
    password = issue_one_time_password(account.pk)
    client.post(LOGIN, {"username": account.username, "password": password})
    first, second = (password if text == "SAME" else text for text in (first, second))
    answer = client.post("/tai-khoan/mat-khau/", {"new_password1": first, "new_password2": second})
    assert answer.status_code == 422
    assert f'id="id_{where}_error"' in answer.content.decode()
    assert get_user_model().objects.get(pk=account.pk).must_change_password


def test_chosen_password_is_changed_only_by_whoever_knows_it(client) -> None:
    account = make_declaration("approved").account
    password = issue_one_time_password(account.pk)
    client.post(LOGIN, {"username": account.username, "password": password})
    client.post("/tai-khoan/mat-khau/", {"new_password1": CHOSEN, "new_password2": CHOSEN})
    other = {"new_password1": "hoa-sen-hong-2026", "new_password2": "hoa-sen-hong-2026"}
    for wrong in ({}, {"old_password": "doan-mo-2026"}):
        answer = client.post("/tai-khoan/mat-khau/", {**other, **wrong})
        assert answer.status_code == 422
        assert 'id="id_old_password_error"' in answer.content.decode()
    assert client.post("/tai-khoan/mat-khau/", {**other, "old_password": CHOSEN}).status_code == 302
    assert client.get("/tai-khoan/").status_code == 200


def test_one_address_cannot_try_a_password_on_many_numbers(client, settings) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login": "3/minute"}
    throttle._limit.cache_clear()
    tries = [client.post(LOGIN, {"username": f"791234567{n}", "password": "matkhau1"}).status_code for n in range(4)]
    throttle._limit.cache_clear()
    assert tries == [422, 422, 422, 429]


def test_wrong_password_and_unknown_number_get_the_same_words(client) -> None:
    account = make_declaration("approved").account
    issue_one_time_password(account.pk)
    answers = [
        client.post(LOGIN, {"username": number, "password": "wrong"}) for number in (account.username, "7900000000")
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    texts = [answer.context["form"].non_field_errors() for answer in answers]
    assert texts[0] == texts[1]


def test_ten_wrong_passwords_close_the_sign_in_for_a_while(client) -> None:
    account = make_declaration("approved").account
    password = issue_one_time_password(account.pk)
    statuses = [client.post(LOGIN, {"username": account.username, "password": "wrong"}).status_code for _ in range(10)]
    assert statuses[:9] == [422] * 9
    assert statuses[9] == 429
    assert client.post(LOGIN, {"username": account.username, "password": password}).status_code == 429


def test_password_from_an_old_sms_has_ended(client) -> None:
    account = make_declaration("approved").account
    password = issue_one_time_password(account.pk)
    get_user_model().objects.update(one_time_password_until=timezone.now() - timedelta(minutes=1))
    assert client.post(LOGIN, {"username": account.username, "password": password}).status_code == 422


def test_number_may_be_typed_as_on_the_card(client) -> None:
    account = make_declaration("approved").account
    password = issue_one_time_password(account.pk)
    typed = f"DN479 {account.username}"
    assert client.post(LOGIN, {"username": typed, "password": password}).status_code == 302


def test_account_page_needs_a_sign_in_and_sends_staff_to_their_desk(client) -> None:
    assert client.get("/tai-khoan/").url.startswith(LOGIN)
    client.force_login(make_officer(), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/tai-khoan/").url == "/admin/"


def test_citizen_cannot_enter_the_staff_desk(client) -> None:
    account = make_declaration("active").account
    client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/admin/registration/declaration/").status_code == 302
