"""Accounts at the staff desk are found by any part of what one knows of the person."""

import importlib

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model

from accounts.services import Citizen, open_citizen_accounts
from agencies.models import StaffMember
from registration.models import Declaration
from tests.registration.factories import make_agency, make_declaration

pytestmark = pytest.mark.django_db
User = get_user_model()


@pytest.fixture
def desk(client):
    client.force_login(User.objects.create(username="quan.tri", is_staff=True, is_superuser=True))
    return client


def found(client, typed, path="/admin/accounts/user/"):
    response = client.get(path, {"q": typed})
    assert response.status_code == 200
    return [str(row) for row in response.context["cl"].result_list]


@pytest.mark.parametrize(
    "typed",
    [
        "Lê Thị Loan", "le thi loan", "loan lê", "loa le", "LOAN", "7900654321", "79 0065 4321", "DN4797900654321",
        "4321", "0912345678", "+84 912–345–678", "5678", "345 678",
    ],
)  # fmt: skip
def test_citizen_is_found(desk, typed):
    open_citizen_accounts(
        [Citizen("7900654321", "Lê Thị Loan", "+84912345678"), Citizen("7900000000", "Trần Văn A", "+84900000000")]
    )
    assert found(desk, typed) == ["7900654321"]


@pytest.mark.parametrize("typed", ["%", "_", "'; --", "9" * 3000, "loan trần"])
def test_what_fits_nobody_finds_nothing(desk, typed):
    open_citizen_accounts([Citizen("7900654321", "Lê Thị Loan", "+84912345678")])
    assert found(desk, typed) == []


def test_member_of_staff_is_found_by_name_user_name_and_office(desk):
    user = User.objects.create(username="canbo.q3", full_name="H’Hen Ðinh", is_staff=True)
    StaffMember.objects.create(user=user, agency=make_agency())
    assert found(desk, "q3") == ["canbo.q3"]
    for typed in ("dinh hhen", "h'hen", "canbo 07911", "quận 3", "Ðinh"):
        assert len(found(desk, typed, "/admin/agencies/staffmember/")) == 1, typed
    assert found(desk, "canbo 001", "/admin/agencies/staffmember/") == []


def test_name_key_follows_the_name():
    user = User.objects.create(username="canbo", full_name="Trần Ánh")
    user.full_name = "Lê Ðức"
    user.save(update_fields=["full_name"])
    assert User.objects.get().name_key == "le duc"


@pytest.mark.parametrize(
    ("migration", "model"),
    [
        ("accounts.migrations.0003_name_key", User),
        ("registration.migrations.0004_search_folding", Declaration),
    ],
)
def test_names_stored_before_are_folded_anew(migration, model):
    name = {"full_name": "Ðinh"}
    row = User.objects.create(username="canbo", **name) if model is User else make_declaration(**name)
    model.objects.filter(pk=row.pk).update(full_name="Ðinh H’Hen", name_key="ðinh h’hen")
    importlib.import_module(migration).fold_names(apps, None)
    assert model.objects.get(pk=row.pk).name_key == "dinh hhen"
