"""A reference that opens nothing at the desk: the officer reads why."""

import pytest

from registration import desk, throttle
from registration.desk_misses import why_no_dossier
from registration.references import check_symbol, format_reference, make_reference
from tests.registration.factories import make_agency, make_declaration, make_officer

pytestmark = pytest.mark.django_db
LIST = "/admin/registration/declaration/"


@pytest.fixture
def officer(client):
    user = make_officer()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return user


def look_up(client, text: str) -> str:
    return client.get(LIST, {"q": text}).content.decode()


def misspell(reference: str) -> str:
    """The reference with another check symbol."""
    right = check_symbol(reference[:-1])
    return format_reference(reference[:-1] + ("2" if right != "2" else "3"))


def test_other_offices_dossier_is_told_apart_and_tells_nothing_else(client, officer) -> None:
    other = make_declaration(agency=make_agency("07901"))
    page = look_up(client, other.reference_text)
    assert "cơ quan khác" in page and other.full_name not in page and other.agency_name not in page
    assert desk.find_address(officer, other.reference_text) is None


def test_unknown_reference_is_named(client, officer) -> None:
    unknown = format_reference(make_reference())
    page = look_up(client, unknown.lower())
    assert f"Không có hồ sơ nào mang mã {unknown}" in page and "cơ quan khác" not in page


@pytest.mark.parametrize(
    "write", [str, str.lower, lambda text: text.replace("-", " "), lambda text: text.replace("-", "")]
)
def test_mistyped_reference_says_so(client, officer, write) -> None:
    wrong = misspell("7K3Q9M2D" + check_symbol("7K3Q9M2D"))
    assert f"Mã hồ sơ gõ nhầm: trong {wrong}" in look_up(client, write(wrong))


@pytest.mark.parametrize(("text", "said"), [
    ("7K3Q-9M2D", "mã này có 8"), ("7K3Q-9M2D-XY", "mã này có 10"), ("7K3U-9M2D-X", "“U” không có"),
])  # fmt: skip
def test_slip_is_named(client, officer, text: str, said: str) -> None:
    assert said in look_up(client, text)


@pytest.mark.parametrize("text", [
    "", "Trần Thị Bưởi", "loan 5678", "nguyenvan", "079190000123", "123456789", "C12345678", "C1234567", "0912 345 678",
    "7999999999", "GD4797999999999", "a" * 5000, "\x00", "7K3Q", "Hoàng-Anh",
])  # fmt: skip
def test_what_is_no_reference_is_not_called_one(officer, text: str) -> None:
    assert why_no_dossier(text, officer.pk) == ""


def test_found_dossier_opens_as_before(client, officer) -> None:
    own = make_declaration()
    assert client.get(LIST, {"q": own.reference_text}).status_code == 302


def test_looking_up_others_is_limited(client, officer, settings) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "desk-reference": "2/hour"}
    throttle._limit.cache_clear()
    other = make_declaration(agency=make_agency("07901")).reference_text
    pages = [look_up(client, other) for _time in range(3)]
    throttle._limit.cache_clear()
    assert ["cơ quan khác" in page for page in pages] == [True, True, False]
