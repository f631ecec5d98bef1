"""Several dossiers at once: what is listed, what speaks against it, and what a decision touches."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from notifications.models import Message
from registration import admin_together
from registration.enums import AccessKind, Status
from registration.models import AccessEvent, Attachment, Declaration, Document
from registration.services import return_declaration
from tests.registration.factories import make_agency, make_declaration, make_officer

pytestmark = pytest.mark.django_db
QUEUE = "/admin/registration/declaration/"


@pytest.fixture
def officer(client):
    officer = make_officer()
    client.force_login(officer)
    return officer


def choose(client, name, declarations):
    """Tick in the queue and run the action."""
    ticked = [declaration.pk for declaration in declarations]
    return client.post(QUEUE, {"action": f"{name}_together", "_selected_action": ticked, "index": 0}, follow=True)


def decide(client, name, declarations):
    seen = [f"{declaration.pk}:{declaration.revision}" for declaration in declarations]
    return client.post(f"{QUEUE}together/{name}/", {"seen": seen}, follow=True)


def told(response):
    return " ".join(str(message) for message in response.context["messages"])


def statuses(declarations):
    return [Declaration.objects.get(pk=declaration.pk).status for declaration in declarations]


def look(officer, *declarations):
    for declaration in declarations:
        AccessEvent.objects.create(declaration=declaration, user=officer, kind=AccessKind.DOSSIER)


def test_bundle_of_papers_is_recorded_in_one_go(client, officer):
    declarations = [make_declaration() for _ in range(3)]
    page = choose(client, "receive", declarations)
    assert page.text.count(" checked") == 3
    response = decide(client, "receive", declarations)
    assert statuses(declarations) == [Status.RECEIVED] * 3
    assert "3" in told(response)
    assert [each.changes.last().changed_by for each in declarations] == [officer] * 3


def test_approval_makes_an_account_and_a_message_each(client, officer):
    declarations = [make_declaration(Status.RECEIVED) for _ in range(3)]
    decide(client, "approve", declarations)
    assert statuses(declarations) == [Status.APPROVED] * 3
    for declaration in declarations:
        approved = Declaration.objects.get(pk=declaration.pk)
        assert approved.account.username == declaration.bhxh_number
        assert approved.account.phone == declaration.phone
        assert not approved.account.has_usable_password()
        message = Message.objects.get(related_key=declaration.message_key, kind="credential")
        assert message.account == approved.account
        assert declaration.bhxh_number in message.body


def test_page_ticks_only_what_nothing_speaks_against(client, officer):
    clean, unseen, marked, otherwise, lost = [
        make_declaration(Status.RECEIVED, paper_number=f"07919000012{place}") for place in range(5)
    ]
    look(officer, clean, marked, otherwise, lost)
    Attachment.objects.filter(declaration=marked, kind="id_front").update(quality=["glare"])
    card = {"kind": "cccd", "fields": {"full_name": "Lê Văn Khác", "paper_number": "079190000123"}}
    Attachment.objects.filter(declaration=otherwise, kind="id_front").update(card=card)
    Document.objects.create(
        declaration=lost, version=1, file="x", size=1, submitted_at=lost.submitted_at, unreadable=["portrait"]
    )
    page = choose(client, "approve", [clean, unseen, marked, otherwise, lost])
    rows = {row.declaration.pk: row.hints for row in page.context["rows"]}
    assert [len(rows[each.pk]) for each in (clean, unseen, marked, otherwise, lost)] == [0, 1, 1, 1, 1]
    assert page.text.count(" checked") == 1


def test_shared_paper_is_a_hint(client, officer):
    declarations = [make_declaration(Status.RECEIVED) for _ in range(2)]
    look(officer, *declarations)
    assert all(row.hints for row in choose(client, "approve", declarations).context["rows"])


def test_what_changed_meanwhile_is_named_and_left_alone(client, officer):
    first, second = make_declaration(Status.RECEIVED), make_declaration(Status.RECEIVED)
    return_declaration(second.pk, officer=officer, revision=second.revision, reason="Ảnh mờ.")
    response = decide(client, "approve", [first, second])
    assert statuses([first, second]) == [Status.APPROVED, Status.RETURNED]
    assert second.reference_text in told(response)
    assert first.reference_text not in told(response)
    again = decide(client, "approve", [first])
    assert statuses([first]) == [Status.APPROVED]
    assert first.reference_text in told(again)
    assert Message.objects.filter(related_key=first.message_key, kind="credential").count() == 1


def test_other_agencies_are_out_of_reach(client, officer):
    other = make_declaration(Status.RECEIVED, agency=make_agency("07901"))
    assert other.full_name not in choose(client, "approve", [other]).content.decode()
    response = decide(client, "approve", [other])
    assert statuses([other]) == [Status.RECEIVED]
    assert other.reference_text not in told(response)


@pytest.mark.parametrize("name", ["receive", "approve"])
def test_decision_needs_its_permission(client, officer, name):
    declaration = make_declaration(Status.SUBMITTED if name == "receive" else Status.RECEIVED)
    officer.user_permissions.remove(Permission.objects.get(codename=f"{name}_declaration"))
    assert f"{name}_together" not in client.get(QUEUE).text
    assert decide(client, name, [declaration]).status_code == 403
    assert statuses([declaration]) == [declaration.status]


def test_form_without_a_tick_comes_back_as_it_was(client, officer):
    declaration = make_declaration(Status.RECEIVED)
    response = client.post(f"{QUEUE}together/approve/?ids={declaration.pk}", {"seen": []})
    assert response.status_code == 422
    assert [row.declaration for row in response.context["rows"]] == [declaration]
    assert 'role="alert"' in response.text


@pytest.mark.parametrize("seen", [[], ["x"], ["1"], ["1:2:3"], ["-1:1"], ["9" * 19 + ":1"], ["\x00"]])
def test_nonsense_decides_nothing(client, officer, seen):
    response = client.post(f"{QUEUE}together/approve/", {"seen": seen})
    assert response.status_code == 302
    assert client.post(f"{QUEUE}together/return/", {"seen": seen}).status_code == 404


@pytest.mark.parametrize("ids", ["", "x", "1,,2", "9" * 30, "\x00", "-1", "1" + ",1" * 900])
def test_address_with_nonsense_leads_back_to_the_queue(client, officer, ids):
    response = client.get(f"{QUEUE}together/approve/", {"ids": ids})
    assert response.status_code == 302
    assert response.url == f"{QUEUE}?status=received"


def test_other_steps_are_counted_and_too_many_refused(client, officer, monkeypatch):
    declarations = [make_declaration(), make_declaration(Status.RECEIVED)]
    page = choose(client, "approve", declarations)
    assert [row.declaration for row in page.context["rows"]] == declarations[1:]
    assert page.context["left_out"] == 1
    monkeypatch.setattr(admin_together, "MAX_TOGETHER", 1)
    assert choose(client, "approve", declarations).request["PATH_INFO"] == QUEUE


def queries(act) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def test_queries_do_not_grow_with_the_number(client, officer):
    few, many = ([make_declaration(Status.RECEIVED) for _ in range(count)] for count in (2, 12))
    assert queries(lambda: choose(client, "approve", many)) == queries(lambda: choose(client, "approve", few))
    seen = ({each.pk: each.revision for each in several} for several in (few, many))
    one, other = (
        queries(lambda seen=seen: admin_together.TOGETHER["approve"].service(seen, officer=officer)) for seen in seen
    )
    assert one == other


def test_form_of_the_most_dossiers_is_taken(officer):
    client = Client(enforce_csrf_checks=True)
    client.force_login(officer)
    client.get(QUEUE)
    declaration = make_declaration(Status.RECEIVED)
    seen = [f"{declaration.pk}:{declaration.revision}", *(f"{10**9 + place}:1" for place in range(199))]
    data = {"seen": seen, "csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    assert client.post(f"{QUEUE}together/approve/", data).status_code == 302
    assert statuses([declaration]) == [Status.APPROVED]
