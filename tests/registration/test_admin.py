"""The queue: whose declarations are in it, in what order, and how one is found."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agencies.models import StaffMember
from notifications.models import Message
from registration.enums import Status
from registration.models import Declaration
from registration.references import format_reference
from registration.services import resend_credential
from tests.registration.factories import make_agency, make_declaration, make_officer

pytestmark = pytest.mark.django_db
QUEUE = "/admin/registration/declaration/"


def sign_in(client, agency_code="07911"):
    officer = make_officer(agency_code)
    client.force_login(officer)
    return officer


def make_superuser():
    return get_user_model().objects.create(username="quan.tri", is_staff=True, is_superuser=True)


def listed(client, **query):
    """The references in the list; a redirect is no list."""
    response = client.get(QUEUE, query)
    assert response.status_code == 200
    return [declaration.reference for declaration in response.context["cl"].result_list]


def dossier_url(declaration):
    return f"{QUEUE}{declaration.pk}/change/"


def test_queue_has_own_agency_only(client):
    own, other = make_declaration(), make_declaration(agency=make_agency("07901"))
    sign_in(client)
    assert listed(client) == [own.reference]
    response = client.get(QUEUE, {"status": "all"})
    assert response.context["cl"].result_count == 1
    assert other.full_name == own.full_name
    assert format_reference(other.reference) not in response.text


def test_province_sees_the_districts_below(client):
    own = make_declaration(agency=make_agency("079"))
    district = make_declaration()
    elsewhere = make_declaration(agency=make_agency("00101"))
    sign_in(client, "079")
    assert set(listed(client)) == {own.reference, district.reference}
    assert elsewhere.reference not in listed(client, status="all")


def test_officer_without_agency_sees_nothing(client):
    make_declaration()
    officer = sign_in(client)
    StaffMember.objects.filter(user=officer).delete()
    response = client.get(QUEUE)
    assert response.context["cl"].result_count == 0
    assert "desk-alert" in response.text


def test_queue_without_permission_is_refused(client):
    officer = sign_in(client)
    officer.user_permissions.clear()
    assert client.get(QUEUE).status_code == 403


def test_queue_without_sign_in_goes_to_it(client):
    response = client.get(QUEUE)
    assert response.status_code == 302
    assert response.url.startswith("/admin/login/")


def test_counts_and_agency_choices_are_of_the_own_scope(client):
    make_declaration()
    make_declaration(Status.RECEIVED)
    make_declaration(agency=make_agency("07901"))
    sign_in(client)
    response = client.get(QUEUE)
    assert [tab["count"] for tab in response.context["tabs"]] == [2, 1, 1, 0, None]
    assert "07901" not in response.text
    sign_in(client, "079")
    response = client.get(QUEUE)
    assert [tab["count"] for tab in response.context["tabs"]] == [3, 1, 2, 0, None]
    assert {"?agency=07901", "?agency=07911"} <= {
        choice["query_string"]
        for spec in response.context["cl"].filter_specs
        for choice in spec.choices(response.context["cl"])
    }


def test_agency_filter_cannot_leave_the_scope(client):
    make_declaration()
    make_declaration(agency=make_agency("00101"))
    other = make_declaration(agency=make_agency("07901"))
    sign_in(client, "079")
    assert listed(client, agency="07901") == [other.reference]
    assert listed(client, agency="00101") == []


def test_queue_shows_what_is_to_do_papers_first_then_the_oldest(client):
    waiting_new, waiting_old = make_declaration(), make_declaration()
    received = make_declaration(Status.RECEIVED)
    make_declaration(Status.RETURNED)
    make_declaration(Status.REJECTED)
    old = timezone.now() - timedelta(days=3)
    Declaration.objects.filter(pk=waiting_old.pk).update(submitted_at=old)
    sign_in(client)
    assert listed(client) == [received.reference, waiting_old.reference, waiting_new.reference]


@pytest.mark.parametrize("status", [Status.RECEIVED, Status.RETURNED, Status.WITHDRAWN, Status.EXPIRED])
def test_status_filter_shows_that_status(client, status):
    make_declaration()
    wanted = make_declaration(status)
    sign_in(client)
    assert listed(client, status=status) == [wanted.reference]
    assert len(listed(client, status="all")) == 2


@pytest.mark.parametrize("status", ["draft", "nonsense", "' or 1=1"])
def test_unknown_status_shows_what_is_to_do(client, status):
    declaration = make_declaration()
    sign_in(client)
    assert listed(client, status=status) == [declaration.reference]


def test_submitted_filter_narrows_by_date(client):
    old, new = make_declaration(), make_declaration()
    Declaration.objects.filter(pk=old.pk).update(submitted_at=timezone.now() - timedelta(days=20))
    sign_in(client)
    since = (timezone.now() - timedelta(days=7)).isoformat()
    assert listed(client, submitted_at__gte=since) == [new.reference]


@pytest.mark.parametrize(
    "write",
    [
        lambda reference: reference,
        format_reference,
        lambda reference: f" {format_reference(reference).lower()} ",
        lambda reference: " ".join(reference),
    ],
)
def test_search_by_reference_opens_the_dossier(client, write):
    declaration = make_declaration(Status.REJECTED)
    sign_in(client)
    response = client.get(QUEUE, {"q": write(declaration.reference)})
    assert response.status_code == 302
    assert response.url == dossier_url(declaration)


def test_search_by_a_foreign_reference_finds_nothing(client):
    other = make_declaration(agency=make_agency("07901"))
    sign_in(client)
    assert listed(client, q=other.reference) == []


@pytest.mark.parametrize(
    "typed",
    [
        "Trần Thị Ánh", "tran thi anh", "TRAN THI", "đức", "duc", "ánh trần", "duc tran", "tra th", "ð", "Ðức",
        "5678 tran", "ánh 4321", "trần 0777",
    ],
)  # fmt: skip
def test_search_by_name_finds_in_every_writing_and_status(client, typed):
    declaration = make_declaration(
        Status.WITHDRAWN,
        full_name="Trần Thị Ánh Đức",
        bhxh_number="7900654321",
        paper_number="079190000777",
        phone="+84912345678",
    )
    make_declaration(full_name="Lê Văn Khác")
    sign_in(client)
    assert listed(client, q=typed) == [declaration.reference]


@pytest.mark.parametrize(
    "typed",
    [
        "7900654321", "79 0065 4321", "79–0065–4321", "DN4797900654321", "079190000777", "079 190 000 777",
        "0912345678", "0912 345 678", "+84 912 345 678", "0084912345678", "84912345678", "５６７８", "5678",
        "345 678", "4321", "0777",
    ],
)  # fmt: skip
def test_number_that_one_dossier_has_opens_it(client, typed):
    numbers = {"bhxh_number": "7900654321", "paper_number": "079190000777", "phone": "+84912345678"}
    declaration = make_declaration(Status.WITHDRAWN, **numbers)
    make_declaration()
    make_declaration(Status.WITHDRAWN, agency=make_agency("07901"), **numbers)
    sign_in(client)
    response = client.get(QUEUE, {"q": typed})
    assert response.status_code == 302
    assert response.url == dossier_url(declaration)
    make_declaration(**numbers)
    assert len(listed(client, q=typed, status="all")) == 2


def test_foreign_passport_opens_its_dossier(client):
    declaration = make_declaration(paper_kind="passport", paper_number="EA1234567")
    sign_in(client)
    assert client.get(QUEUE, {"q": "ea 1234567"}).url == dossier_url(declaration)


@pytest.mark.parametrize("typed", ["H'Hen", "H’Hen", "hhen", "nie h hen", "h`hen niê"])
def test_apostrophes_of_every_kind_find_each_other(client, typed):
    declaration = make_declaration(full_name="H'Hen Niê")
    make_declaration()
    sign_in(client)
    assert listed(client, q=typed) == [declaration.reference]


def test_names_are_not_found_by_the_end_of_a_number_alone(client):
    make_declaration(full_name="Trần Thị Ánh", phone="+84912345678")
    sign_in(client)
    assert listed(client, q="trần 9999") == []
    assert listed(client, q="trần 12") == []


@pytest.mark.parametrize("typed", ["7900654321", "0912345678", "5678", "Trần Thị Ánh"])
def test_search_finds_nothing_of_another_agency(client, typed):
    make_declaration(
        full_name="Trần Thị Ánh", bhxh_number="7900654321", phone="+84912345678", agency=make_agency("07901")
    )
    sign_in(client)
    assert listed(client, q=typed) == []


@pytest.mark.parametrize("typed", ["%", "___", "'; --", "ₓ", "9" * 3000])
def test_search_survives_odd_input(client, typed):
    make_declaration()
    sign_in(client)
    assert listed(client, q=typed) == []


def test_search_with_a_null_character_is_no_fault_of_ours(client):
    sign_in(client)
    assert client.get(QUEUE, {"q": "a\x00b"}).status_code == 200


def test_search_leaves_the_open_tab(client):
    sign_in(client)
    text = client.get(QUEUE, {"status": "received", "agency": "07911"}).text
    form = text[text.index('role="search"') :]
    assert 'type="hidden"' not in form[: form.index("</form>")]


def test_query_count_does_not_grow_with_the_rows(client, django_assert_num_queries):
    for _ in range(2):
        make_declaration()
    sign_in(client)
    client.get(QUEUE)
    with CaptureQueriesContext(connection) as few:
        client.get(QUEUE)
    for _ in range(18):
        make_declaration()
    with django_assert_num_queries(len(few)):
        client.get(QUEUE)


@pytest.mark.parametrize("path", ["add/", "{pk}/delete/", "{pk}/history/", "abc/change/", f"{'9' * 30}/change/"])
def test_nothing_is_added_deleted_or_edited_here(client, path):
    declaration = make_declaration()
    client.force_login(make_superuser())
    assert client.get(f"{QUEUE}{path.format(pk=declaration.pk)}").status_code == 404


def test_queue_offers_no_deletion(client):
    declaration = make_declaration()
    client.force_login(make_superuser())
    data = {"action": "delete_selected", "_selected_action": declaration.pk, "post": "yes"}
    client.post(QUEUE, data)
    assert Declaration.objects.filter(pk=declaration.pk).exists()
    assert "delete_selected" not in client.get(QUEUE).text


def test_superuser_sees_every_agency(client):
    declarations = [make_declaration(), make_declaration(agency=make_agency("00101"))]
    client.force_login(make_superuser())
    assert set(listed(client)) == {declaration.reference for declaration in declarations}


def test_index_leads_to_the_queue(client):
    sign_in(client)
    assert f'href="{QUEUE}"' in client.get(reverse("admin:index")).text


def test_side_menu_has_what_this_person_may_open(client):
    officer = sign_in(client)
    officer.user_permissions.add(Permission.objects.get(codename="view_agency"))
    text = client.get(reverse("admin:index")).text
    assert reverse("admin:agencies_agency_changelist") in text
    assert reverse("admin:accounts_user_changelist") not in text
    client.force_login(make_superuser())
    assert reverse("admin:accounts_user_changelist") in client.get(reverse("admin:index")).text


def test_sign_in_page_carries_the_portal_name(client, settings):
    assert settings.PORTAL_NAME in client.get("/admin/login/").text


def tabs(client):
    return [tab["url"] for tab in client.get(QUEUE).context_data["tabs"]]


def test_approvals_whose_sms_did_not_go_out_have_a_tab_of_their_own(client):
    sign_in(client)
    sent, failed, sent_again, rejected = (make_declaration(Status.APPROVED) for _ in range(4))
    assert "?status=no-sms" not in tabs(client)
    for declaration in (failed, sent_again, rejected):
        Message.objects.filter(related_key=declaration.message_key, kind="credential").update(status="dead")
    resend_credential(sent_again.pk, officer=make_officer(), seen=Message.objects.latest("pk").pk)
    Declaration.objects.filter(pk=rejected.pk).update(status=Status.ACTIVE)
    assert "?status=no-sms" in tabs(client)
    assert listed(client, status="no-sms") == [failed.reference]
    assert sent.reference not in listed(client, status="no-sms")
