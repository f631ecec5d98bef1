import pytest
from django.contrib.auth.models import Permission

from agencies.models import Agency, StaffMember

LIST = "/admin/agencies/agency/"


def url_of(agency: Agency) -> str:
    return f"{LIST}{agency.pk}/change/"


def sign_in(client, user):
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")


@pytest.fixture
def officer(client, tree, make_staff):
    """An officer of Quận 3 who may change agencies, signed in."""
    user = make_staff("canbo.q3", tree["07911"])
    permissions = Permission.objects.filter(content_type__app_label="agencies")
    user.user_permissions.set(permissions)
    sign_in(client, user)
    return user


@pytest.fixture
def superuser(client, make_staff):
    user = make_staff("admin", is_superuser=True)
    sign_in(client, user)
    return user


def form_of(agency: Agency, **changes) -> dict[str, str]:
    fields = ("code", "name", "level", "basis", "address", "phone", "email", "opening_hours", "note")
    data = {field: getattr(agency, field) for field in fields}
    return {**data, "parent": agency.parent_id or "", "successor": "", **changes}


def test_officer_sees_only_their_agencies(client, officer, tree):
    page = client.get(LIST).content.decode()
    assert "[07911] BHXH Quận 3" in page
    assert "Hóc Môn" not in page
    assert client.get(url_of(tree["07911"])).status_code == 200
    assert client.get(url_of(tree["07922"])).status_code == 302
    assert client.post(url_of(tree["07922"]), {"phone": "1"}).status_code == 302
    assert Agency.objects.get(code="07922").phone == ""


def test_page_of_an_office_leads_to_none_outside_the_scope(client, officer, tree):
    page = client.get(url_of(tree["07911"])).text
    assert tree["079"].label in page
    assert url_of(tree["079"]) not in page


def test_officer_changes_contacts_and_nothing_else(client, officer, tree):
    changes = {
        "phone": "028 1234",
        "name": "Khác",
        "code": "00000",
        "parent": tree["001"].pk,
        "level": "province",
    }
    response = client.post(url_of(tree["07911"]), form_of(tree["07911"], **changes))
    assert response.status_code == 302
    after = Agency.objects.get(pk=tree["07911"].pk)
    assert after.phone == "028 1234"
    assert (after.code, after.name, after.path) == ("07911", "BHXH Quận 3", "079/07911/")


def test_officer_adds_and_deletes_nothing(client, officer, tree):
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}{tree['07911'].pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/agencies/staffmember/").status_code == 403


def test_officer_finds_by_name_without_accents(client, officer, superuser, tree):
    page = client.get(LIST, {"q": "Hoc mon"}).content.decode()
    assert "[07922] BHXH Huyện Hóc Môn" in page
    assert "[07911]" not in page


def test_superuser_adds_an_agency_with_its_path(client, superuser, tree):
    data = {"code": "07924", "name": "BHXH Huyện Nhà Bè", "level": "district", "parent": tree["079"].pk}
    assert client.post(f"{LIST}add/", data).status_code == 302
    added = Agency.objects.get(code="07924")
    assert (added.path, added.search_key) == ("079/07924/", "079 07924 bhxh huyen nha be nb")


def test_superuser_is_told_what_does_not_fit(client, superuser, tree):
    data = {"code": "07924", "name": "BHXH Huyện Nhà Bè", "level": "district", "parent": tree["07911"].pk}
    assert client.post(f"{LIST}add/", data).status_code == 200
    assert not Agency.objects.filter(code="07924").exists()


def test_superuser_never_changes_a_code(client, superuser, tree):
    client.post(url_of(tree["07911"]), form_of(tree["07911"], code="07999", name="BHXH cơ sở Nhiêu Lộc"))
    after = Agency.objects.get(pk=tree["07911"].pk)
    assert (after.code, after.name) == ("07911", "BHXH cơ sở Nhiêu Lộc")


def test_superuser_assigns_staff(client, superuser, tree, make_staff):
    user = make_staff("canbo.moi")
    response = client.post("/admin/agencies/staffmember/add/", {"user": user.pk, "agency": tree["07911"].pk})
    assert response.status_code == 302
    assert StaffMember.objects.get(user=user).agency == tree["07911"]
    assert "canbo.moi" in client.get("/admin/agencies/staffmember/").content.decode()


def test_autocomplete_keeps_to_the_scope(client, officer, tree):
    query = {"app_label": "agencies", "model_name": "agency", "field_name": "parent", "term": "bhxh"}
    answer = client.get("/admin/autocomplete/", query).json()
    assert [item["text"] for item in answer["results"]] == ["[07911] BHXH Quận 3"]
