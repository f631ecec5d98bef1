"""Nothing is looked up at the desk but by the filters that its lists declare."""

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from agencies.models import Agency, StaffMember
from common.admin import DeskModelAdmin
from notifications.models import Message
from registration.models import AccessEvent, Declaration
from registration.roles import RECEPTION, set_up_roles
from tests.registration.factories import make_agency, make_declaration, make_officer

pytestmark = pytest.mark.django_db
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
IDS = [model._meta.label for model in MODELS]
LOOKUPS = ("", "__exact", "__regex", "__iregex", "__startswith", "__gt", "__in", "__isnull", "__year", "__range")
VALUES = ("^a", "", "abc", "99999", "1", "0" * 50, "9" * 25, "x" * 3_000, "a\0b", "2026-13-45", "10000-01-01",
          "0001-01-01 00:00:00+14:00", "9999-12-31 23:59:59-12:00", "١٢", "[", "(", "'", "%", "True,False")  # fmt: skip
# What Django itself reads, beside the filters.
OWN = ("p", "q", "o", "all", "_facets", "e", "_popup")


def make_superuser():
    return get_user_model().objects.create(username="quan.tri", is_staff=True, is_superuser=True)


def make_receptionist():
    """An officer as `setup_roles` makes one."""
    officer = make_officer()
    officer.user_permissions.clear()
    officer.groups.set([Group.objects.get(name=RECEPTION)])
    return officer


@pytest.fixture(params=["officer", "administrator"])
def desk(request, client):
    """The desk's client, with something in every list."""
    declaration = make_declaration()
    set_up_roles()
    Message.objects.create(kind="received", phone="+84912345678", body="x")
    client.force_login(make_superuser() if request.param == "administrator" else make_receptionist())
    client.raise_request_exception = False
    client.declaration = declaration
    return client


def list_of(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def paths(model, depth=2):
    """Every field, and every field of what those lead to."""
    for field in model._meta.get_fields():
        yield field.name
        if depth > 1 and field.related_model and field.related_model != model:
            yield from (f"{field.name}__{path}" for path in paths(field.related_model, depth - 1))


def declared(model, client):
    """The parameters that the model's own filters take."""
    response = client.get(list_of(model))
    if response.status_code != 200:
        return set()
    changelist = response.context["cl"]
    return {name for spec in changelist.filter_specs for name in spec.expected_parameters()} | {"agency", "status"}


def test_every_list_keeps_to_its_filters_by_its_base_class():
    assert MODELS
    assert [label for model, label in zip(MODELS, IDS, strict=True)
            if not isinstance(admin.site._registry[model], DeskModelAdmin)] == []  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_no_undeclared_field_narrows_a_list(desk, model):
    own, tried = declared(model, desk), 0
    if not own and desk.get(list_of(model)).status_code == 403:
        return
    for path in paths(model):
        for lookup in LOOKUPS if "__" not in path else ("", "__regex"):
            if (name := path + lookup) not in own:
                response = desk.get(list_of(model), {name: "1"})
                assert (response.status_code, response.headers.get("Location")) == (302, f"{list_of(model)}?e=1"), name
                tried += 1
    assert tried > 10
    assert desk.get(f"{list_of(model)}?e=1").status_code == 200


@pytest.mark.parametrize("name", ["token__regex", "token", "attachments__token__startswith", "account__password__regex",
                                  "changes__reason__regex", "agency__code__regex", "submitted_at__year", "nothing",
                                  "_to_field", "drafts__token", "status__in", "pk__gt",
                                  "submitted_at__gte__regex"])  # fmt: skip
@pytest.mark.parametrize("with_flag", [False, True])
def test_a_token_is_not_read_letter_by_letter(desk, name, with_flag):
    """Right and wrong guesses get the same answer, with Django's error flag beside them too."""
    for value in ("^[A-Za-z0-9_-]", "^#", desk.declaration.token, "token"):
        response = desk.get(list_of(Declaration), {name: value, **({"e": "1"} if with_flag else {})})
        assert (response.status_code, response.headers["Location"]) == (302, f"{list_of(Declaration)}?e=1")


@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_odd_values_of_declared_parameters_never_break_a_list(desk, model):
    address, names = list_of(model), {*declared(model, desk), *OWN, "_to_field", "_changelist_filters"}
    if desk.get(address).status_code == 403:
        return
    for name in names:
        for value in VALUES:
            assert desk.get(address, {name: value}).status_code in (200, 302), (name, value)
        assert desk.get(address, {name: [VALUES[0], VALUES[2]]}).status_code in (200, 302), name
    everything = dict.fromkeys(names, "abc") | {"e": "1"}
    assert desk.get(address, everything).headers["Location"] == f"{address}?e=1"


def test_declared_filters_still_narrow(client):
    shown, other = make_declaration(), make_declaration(agency=make_agency("07901"))
    client.force_login(make_superuser())
    for query, found in (
        ({"agency": "07911"}, [shown]),
        ({"status": "all", "agency": "07901"}, [other]),
        ({"submitted_at__gte": "2000-01-01 00:00:00+07:00"}, [shown, other]),
        ({"submitted_at__gte": "2999-01-01 00:00:00+07:00"}, []),
        ({"q": shown.full_name}, [other, shown]),
    ):
        assert list(client.get(list_of(Declaration), query).context["cl"].result_list) == found, query
    levels = client.get(list_of(Agency), {"level__exact": "province"}).context["cl"].result_list
    assert {agency.level for agency in levels} == {"province"}


def test_the_queue_is_not_sorted_by_columns_that_are_not_offered(desk):
    first, second = desk.declaration, make_declaration(full_name="An Thị Mẫu")
    for order in ("2", "-2", "1.-2", "-5", "9" * 30):
        found = desk.get(list_of(Declaration), {"o": order}).context["cl"].result_list
        assert list(found) == [first, second] == list(desk.get(list_of(Declaration)).context["cl"].result_list)


@pytest.mark.parametrize("chosen", [["abc"], ["9" * 30], ["1\0"], ["-1"], ["١"], ["1", "x"], [""]])
@pytest.mark.parametrize("across", ["0", "1", "x"])
def test_rows_that_are_none_never_break_an_action(desk, chosen, across):
    data = {"action": "receive_together", "_selected_action": chosen, "select_across": across, "index": "0"}
    assert desk.post(list_of(Declaration), data).status_code in (200, 302)
    answer = desk.post(f"{list_of(Declaration)}?token__regex=^a", {**data, "select_across": "1"})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{list_of(Declaration)}?e=1")


@pytest.mark.parametrize(
    ("app", "model", "field"),
    [("registration", "attachment", "declaration"),
      ("registration", "declaration", "agency"),
     ("agencies", "staffmember", "user"), ("accounts", "passwordreset", "account"), ("admin", "logentry", "user"),
     ("registration", "accessevent", "declaration"), ("nothing", "x", "y"), ("", "", ""),
     ("agencies", "agency", "code"),
     ("agencies", "Agency\0", "parent")],
)  # fmt: skip
def test_choices_are_completed_for_declared_fields_only(desk, app, model, field):
    query = {"app_label": app, "model_name": model, "field_name": field, "term": ""}
    assert desk.get("/admin/autocomplete/", query).status_code == 403


def test_completed_choices_are_those_of_the_own_agency(desk):
    query = {"app_label": "agencies", "model_name": "agency", "field_name": "parent"}
    response = desk.get("/admin/autocomplete/", {**query, "term": ""})
    is_officer = StaffMember.objects.filter(user_id=desk.session["_auth_user_id"]).exists()
    assert len(response.json()["results"]) == (1 if is_officer else Agency.objects.count())
    for term in ("a\0", "x" * 5000, "%", "_"):
        assert desk.get("/admin/autocomplete/", {**query, "term": term}).status_code in (200, 404)
    for page in ("x", "0", "9" * 30):
        assert desk.get("/admin/autocomplete/", {**query, "term": "", "page": page}).status_code == 404


@pytest.mark.parametrize("query", [{"s": "a", "page": "x"}, {"s": "a", "page": "99"}, {"s": "a\0"}, {"s": "x" * 5000},
                                   {"s": "7900", "extended": "1"}, {"s": "a", "page": "9" * 5000}])  # fmt: skip
def test_the_menus_search_finds_no_person_and_never_breaks(desk, query):
    response = desk.get("/admin/search/", query)
    assert response.status_code in (200, 404)
    assert desk.declaration.full_name not in response.text


@pytest.mark.parametrize("model", MODELS, ids=IDS)
@pytest.mark.parametrize("page", ["abc", "9" * 30, "1%00", "add", "-1", "_5F", "%D9%A1"])
def test_pages_of_rows_that_are_none_never_break(desk, model, page):
    for end in ("change/", "history/", "delete/", "password/", ""):
        assert desk.get(f"{list_of(model)}{page}/{end}").status_code in (200, 302, 403, 404)


def test_forms_are_not_filled_in_by_their_address(desk):
    names = {field.name for model in (Agency, StaffMember, get_user_model()) for field in model._meta.fields}
    for model in (Agency, StaffMember, get_user_model(), Group):
        query = dict.fromkeys(names, "abc") | {"permissions": "a,b", "_changelist_filters": "x=%00&y"}
        response = desk.get(f"{list_of(model)}add/", query)
        assert response.status_code in (200, 403)
        if response.status_code == 200:
            assert not response.context["adminform"].form.initial
        for flag in ("_popup", "_to_field"):
            assert desk.get(f"{list_of(model)}add/", {flag: "password"}).status_code in (200, 400, 403)


@pytest.mark.parametrize(
    "target", ["https://example.com/", "//example.com", "\\\\example.com", "/admin/\0", "x" * 9000]
)
def test_sign_in_leads_to_no_other_place(client, target):
    user = make_superuser()
    user.set_password("mot-mat-khau-dai-9")
    user.save()
    data = {"username": user.username, "password": "mot-mat-khau-dai-9", "next": target}
    answer = client.post("/admin/login/", data)
    assert answer.status_code in (302, 200)
    assert "example.com" not in answer.headers.get("Location", "")


def test_photos_of_a_dossier_leave_a_record_with_each_opening(client):
    declaration, officer = make_declaration(), make_officer()
    client.force_login(officer)
    kinds = list(declaration.attachments.values_list("kind", flat=True))
    for kind in kinds:
        for method in (client.get, client.head):
            before = AccessEvent.objects.filter(declaration=declaration, user=officer).count()
            assert method(f"{list_of(Declaration)}{declaration.pk}/photo/{kind}/").status_code == 200
            assert AccessEvent.objects.filter(declaration=declaration, user=officer).count() == before + 1
    # No page of the desk that lists dossiers knows where else the photos are.
    Permission.objects.get(codename="view_declaration").user_set.add(officer)
    page = client.get(list_of(Declaration), {"status": "all"}).text
    assert declaration.token not in page
    assert not [photo for photo in declaration.attachments.all() if photo.token in page or photo.file.name in page]
