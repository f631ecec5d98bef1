"""Accounts at the staff desk."""

import pytest
from django.contrib.auth import get_user_model

pytestmark = pytest.mark.django_db
USERS = "/admin/accounts/user/"
PASSWORD = "mot-mat-khau-dai-9"


@pytest.fixture
def admin_user(client):
    user = get_user_model().objects.create(username="quan.tri", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def citizen():
    return get_user_model().objects.create(
        username="7900000001", full_name="Nguyễn Thị Mẫu", phone="+84912345678", must_change_password=True
    )


def make_staff():
    return get_user_model().objects.create(username="canbo.mau", full_name="Cán bộ Mẫu", is_staff=True)


def test_users_are_for_superusers_only(client, citizen):
    client.force_login(make_staff())
    for url in (USERS, f"{USERS}add/", f"{USERS}{citizen.pk}/change/", f"{USERS}{citizen.pk}/password/"):
        assert client.get(url).status_code == 403


def test_users_are_found_by_name_and_number(client, admin_user, citizen):
    for query in ("7900000001", "Mẫu", "+84912345678"):
        assert citizen in client.get(USERS, {"q": query}).context["cl"].result_list


def test_new_user_is_staff_and_must_choose_a_password(client, admin_user):
    data = {
        "username": "canbo.moi",
        "full_name": "Cán bộ Mới",
        "phone": "",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    assert client.get(f"{USERS}add/").status_code == 200
    assert client.post(f"{USERS}add/", data).status_code == 302
    user = get_user_model().objects.get(username="canbo.moi")
    assert user.is_staff
    assert user.must_change_password
    assert not user.is_superuser
    assert user.check_password(PASSWORD)


def test_new_user_cannot_have_a_citizens_number(client, admin_user):
    data = {"username": "7900000009", "full_name": "X", "phone": "", "password1": PASSWORD, "password2": PASSWORD}
    response = client.post(f"{USERS}add/", data)
    assert response.status_code == 200
    assert "username" in response.context["adminform"].form.errors
    assert not get_user_model().objects.filter(username="7900000009").exists()


def test_staff_account_can_be_changed(client, admin_user):
    staff = make_staff()
    data = {"username": staff.username, "full_name": "Tên Khác", "phone": "", "is_active": "on", "is_staff": "on"}
    assert client.get(f"{USERS}{staff.pk}/change/").status_code == 200
    assert client.post(f"{USERS}{staff.pk}/change/", data).status_code == 302
    staff.refresh_from_db()
    assert staff.full_name == "Tên Khác"


def test_staff_password_can_be_set(client, admin_user):
    staff = make_staff()
    assert client.get(f"{USERS}{staff.pk}/password/").status_code == 200
    data = {"password1": PASSWORD, "password2": PASSWORD}
    assert client.post(f"{USERS}{staff.pk}/password/", data).status_code == 302
    staff.refresh_from_db()
    assert staff.check_password(PASSWORD)
    assert staff.must_change_password


def test_citizens_account_can_be_closed_and_nothing_else(client, admin_user, citizen):
    data = {"username": "7900000002", "full_name": "Kẻ Gian", "phone": "+84900000000", "is_staff": "on"}
    assert client.post(f"{USERS}{citizen.pk}/change/", data).status_code == 302
    citizen.refresh_from_db()
    assert not citizen.is_active
    assert (citizen.username, citizen.full_name, citizen.phone) == ("7900000001", "Nguyễn Thị Mẫu", "+84912345678")
    assert not citizen.is_staff
    assert citizen.must_change_password


def test_citizens_password_is_nobodys_to_set(client, admin_user, citizen):
    assert client.get(f"{USERS}{citizen.pk}/password/").status_code == 403
    data = {"password1": PASSWORD, "password2": PASSWORD}
    assert client.post(f"{USERS}{citizen.pk}/password/", data).status_code == 403


def test_accounts_are_never_deleted_here(client, admin_user, citizen):
    assert client.post(f"{USERS}{citizen.pk}/delete/", {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": citizen.pk, "post": "yes"}
    client.post(USERS, data)
    assert get_user_model().objects.filter(pk=citizen.pk).exists()


def test_groups_open_for_superusers(client, admin_user):
    assert client.get("/admin/auth/group/").status_code == 200
    assert client.get("/admin/auth/group/add/").status_code == 200
