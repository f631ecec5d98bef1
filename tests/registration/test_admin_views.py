"""The dossier: who may open it and its files, and what can be decided on it."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from notifications.models import InboxMessage, Message
from notifications.phones import national_form
from notifications.services import deliver_message
from registration import services
from registration.admin_forms import DECISIONS
from registration.enums import PhotoKind, Status
from registration.models import AccessEvent, Declaration
from registration.services.decisions import MAX_REASON
from tests.registration.factories import make_agency, make_correction, make_declaration, make_officer

pytestmark = pytest.mark.django_db
REASON = "Ảnh mặt trước bị mờ."
# Where a decision starts, where it leads, and whether it needs a reason.
STEPS = {
    "receive": (Status.SUBMITTED, Status.RECEIVED, False),
    "approve": (Status.RECEIVED, Status.APPROVED, False),
    "return": (Status.RECEIVED, Status.RETURNED, True),
    "reject": (Status.RECEIVED, Status.REJECTED, True),
    "reopen": (Status.APPROVED, Status.RETURNED, True),
}


@pytest.fixture
def officer(client):
    officer = make_officer()
    client.force_login(officer)
    return officer


def url(declaration, page="change"):
    return f"/admin/registration/declaration/{declaration.pk}/{page}/"


def decide(client, declaration, name, reason="", revision=None):
    revision = declaration.revision if revision is None else revision
    return client.post(url(declaration, name), {"revision": revision, "reason": reason, "sure": name})


def present(declaration):
    return Declaration.objects.get(pk=declaration.pk)


def buttons(response):
    return [decision.name for decision, _url in response.context["decisions"]]


def test_dossier_shows_the_data_photos_history_and_consent(client, officer):
    declaration = make_declaration(Status.RECEIVED, officer=officer)
    text = client.get(url(declaration)).text
    for shown in (
        declaration.reference_text, declaration.full_name, declaration.bhxh_number, declaration.paper_number,
        national_form(declaration.phone), escape(declaration.address), declaration.email, declaration.agency_label,
        declaration.consent_version, officer.username, url(declaration, "pdf"),
        *(url(declaration, f"photo/{kind}") for kind in PhotoKind.values),
    ):  # fmt: skip
        assert shown in text


def test_dossier_names_the_state_of_messages_and_never_their_text(client, officer):
    declaration = make_declaration(Status.APPROVED)
    message = Message.objects.get(related_key=declaration.message_key, kind="credential")
    Message.objects.filter(pk=message.pk).update(secret_encrypted="gAAAAA-a-secret")
    text = client.get(url(declaration)).text
    assert message.get_status_display() in text
    assert "gAAAAA" not in text
    assert "Mat khau" not in text


def test_dossier_escapes_what_people_typed(client, officer):
    declaration = make_declaration(full_name="Nguyễn <b>", address="12 <script>alert(1)</script> đường Mẫu")
    decide(client, declaration, "return", "<img src=x>")
    text = client.get(url(declaration)).text
    assert "<script>alert(1)" not in text
    assert "<img src=x>" not in text


@pytest.mark.parametrize("page", ["change", "photo/portrait", "pdf", "receive", "approve", "return", "reject"])
def test_dossier_of_another_agency_does_not_exist(client, officer, page):
    other = make_declaration(agency=make_agency("07901"))
    assert client.get(url(other, page)).status_code == 404
    assert client.post(url(other, page), {"revision": 1, "reason": REASON}).status_code in {404, 405}
    assert present(other).status == Status.SUBMITTED
    assert not AccessEvent.objects.exists()


@pytest.mark.parametrize("page", ["change", "photo/portrait", "pdf", "receive"])
def test_dossier_needs_the_permission_to_look(client, officer, page):
    declaration = make_declaration()
    officer.user_permissions.remove(Permission.objects.get(codename="view_declaration"))
    assert client.get(url(declaration, page)).status_code == 403
    assert client.post(url(declaration, "receive"), {"revision": 1}).status_code == 403
    assert present(declaration).status == Status.SUBMITTED


@pytest.mark.parametrize("page", ["change", "photo/portrait", "pdf", "approve"])
def test_citizens_do_not_get_in(client, page):
    declaration = make_declaration(Status.APPROVED)
    client.force_login(declaration.account)
    assert client.get(url(declaration, page)).status_code == 302


@pytest.mark.parametrize("name", STEPS)
def test_decision_moves_the_dossier_and_is_recorded(client, officer, name):
    before, after, needs_reason = STEPS[name]
    declaration = make_declaration(before)
    response = decide(client, declaration, name, REASON if needs_reason else "")
    assert response.status_code == 302
    assert response.url == url(declaration)
    assert present(declaration).status == after
    change = declaration.changes.last()
    assert (change.from_status, change.to_status, change.changed_by) == (before, after, officer)
    assert change.reason == (REASON if needs_reason else "")
    assert declaration.reference_text in str(next(iter(client.get(response.url).context["messages"])))


@pytest.mark.parametrize("name", STEPS)
def test_decision_needs_its_own_permission(client, officer, name):
    before, _after, _needs_reason = STEPS[name]
    declaration = make_declaration(before)
    officer.user_permissions.remove(Permission.objects.get(codename=f"{name}_declaration"))
    assert name not in buttons(client.get(url(declaration)))
    assert decide(client, declaration, name, REASON).status_code == 403
    assert present(declaration).status == before


@pytest.mark.parametrize("status", [status for status in Status if status != Status.DRAFT])
def test_buttons_are_those_that_the_services_take(client, officer, status):
    declaration = make_declaration(status)
    shown = buttons(client.get(url(declaration)))
    for name, decision in DECISIONS.items():
        same = make_declaration(status)
        try:
            decision.apply(same.pk, officer=officer, revision=same.revision, reason=REASON)
        except services.AlreadyDecided:
            assert name not in shown
        else:
            assert name in shown
            assert present(same).status == decision.to_status


@pytest.mark.parametrize("name", ["return", "reject"])
@pytest.mark.parametrize("reason", ["", "  \r\n "])
def test_decision_without_its_reason_is_refused(client, officer, name, reason):
    declaration = make_declaration(Status.RECEIVED)
    response = decide(client, declaration, name, reason)
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.text
    assert 'id="reason-error"' in response.text
    assert buttons(response) == ["approve", "return", "reject"]
    assert present(declaration).status == Status.RECEIVED


def test_reason_that_is_too_long_is_refused_and_kept(client, officer):
    declaration = make_declaration()
    response = decide(client, declaration, "return", "x" * (MAX_REASON + 1))
    assert response.status_code == 422
    assert "x" * (MAX_REASON + 1) in response.text


def test_reason_counts_a_line_end_as_one_character(client, officer):
    declaration = make_declaration()
    lines = "\r\n".join(["x"] * (MAX_REASON // 2))
    assert decide(client, declaration, "return", lines).status_code == 302
    assert present(declaration).reason == lines.replace("\r\n", "\n")


def test_reason_with_the_wrong_button_is_not_lost(client, officer):
    declaration = make_declaration(Status.RECEIVED)
    response = decide(client, declaration, "approve", REASON)
    assert response.status_code == 422
    assert REASON in response.text
    assert present(declaration).status == Status.RECEIVED


@pytest.mark.parametrize("revision", ["", "0", "x", "-1", "9" * 30, "٣"])
def test_decision_without_the_present_revision_is_refused(client, officer, revision):
    declaration = make_declaration()
    assert decide(client, declaration, "receive", revision=revision).status_code == 409
    assert present(declaration).status == Status.SUBMITTED


def test_second_officer_is_told_and_keeps_the_reason(client, officer):
    declaration = make_declaration(Status.RECEIVED)
    services.approve_declaration(declaration.pk, officer=make_officer(), revision=declaration.revision)
    response = decide(client, declaration, "return", REASON)
    assert response.status_code == 409
    assert present(declaration).status == Status.APPROVED
    assert 'role="alert"' in response.text
    assert REASON in response.text
    assert buttons(response) == ["reopen"]


def test_second_officer_may_go_on_from_the_new_state(client, officer):
    declaration = make_declaration()
    services.receive_declaration(declaration.pk, officer=make_officer(), revision=declaration.revision)
    response = decide(client, declaration, "return", REASON)
    assert response.status_code == 409
    assert REASON in response.text
    assert buttons(response) == ["approve", "return", "reject"]
    new_revision = response.context["form"]["revision"].value()
    assert decide(client, declaration, "return", REASON, revision=new_revision).status_code == 302


def test_double_click_is_one_decision_and_no_refusal(client, officer):
    declaration = make_declaration(Status.RECEIVED)
    assert decide(client, declaration, "approve").status_code == 302
    assert decide(client, declaration, "approve").status_code == 302
    assert declaration.changes.filter(to_status=Status.APPROVED).count() == 1
    assert Message.objects.filter(related_key=declaration.message_key).exclude(kind="received").count() == 1


def test_opening_a_decision_by_its_address_decides_nothing(client, officer):
    declaration = make_declaration()
    response = client.get(url(declaration, "receive"))
    assert response.status_code == 302
    assert response.url == url(declaration)
    assert present(declaration).status == Status.SUBMITTED


def test_decision_needs_the_form_token(officer):
    declaration = make_declaration()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(officer)
    assert decide(strict, declaration, "receive").status_code == 403


def test_looking_role_has_no_buttons(client, officer):
    officer.user_permissions.set(Permission.objects.filter(codename="view_declaration"))
    response = client.get(url(make_declaration()))
    assert response.status_code == 200
    assert buttons(response) == []
    assert "formaction" not in response.text


def test_next_goes_through_the_queue_and_starts_again(client, officer):
    waiting = [make_declaration(), make_declaration()]
    received = make_declaration(Status.RECEIVED)
    make_declaration(agency=make_agency("07901"))
    order = [received, *waiting]
    for current, following in zip(order, [*waiting, received], strict=True):
        assert client.get(url(current)).context["next_dossier"] == following
    decide(client, received, "approve")
    assert client.get(url(received)).context["next_dossier"] == waiting[0]


def test_last_dossier_has_no_next(client, officer):
    assert client.get(url(make_declaration())).context["next_dossier"] is None


def test_dossier_query_count_does_not_grow_with_history(client, officer):
    short = make_declaration(Status.RECEIVED, officer=officer)
    long = make_correction(make_declaration(Status.RETURNED, officer=officer))
    services.receive_declaration(long.pk, officer=make_officer(), revision=long.revision)
    client.get(url(short))
    counts = []
    for declaration in (short, long):
        with CaptureQueriesContext(connection) as queries:
            client.get(url(declaration))
        counts.append(len(queries))
    # One more where the queue has to start again for the next dossier, one for the tries of all messages.
    assert max(counts) <= min(counts) + 2


def test_inactive_officer_is_out(client, officer):
    declaration = make_declaration()
    get_user_model().objects.filter(pk=officer.pk).update(is_active=False)
    assert client.get(url(declaration)).status_code == 302


def test_dossier_shows_what_a_correction_changed(client):
    officer = make_officer()
    returned = make_declaration("returned", officer=officer)
    corrected = make_correction(returned, phone="+84987654321")
    client.force_login(officer, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/admin/registration/declaration/{corrected.pk}/change/").content.decode()
    assert "0987 654 321" in page
    assert national_form(returned.phone) in page.split("desk-was")[1].split("</dd>")[0]


def test_dossier_names_others_in_scope_with_the_same_paper(client):
    officer = make_officer()
    first, second = make_declaration(), make_declaration()
    elsewhere = make_declaration(agency=make_agency("07901"))
    client.force_login(officer, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/admin/registration/declaration/{first.pk}/change/").content.decode()
    assert second.reference_text in page
    assert elsewhere.reference_text not in page


def test_account_with_the_same_paper_is_named_before_newer_dossiers(client, officer):
    with_account = make_declaration(Status.APPROVED, officer=officer)
    closed, *others = [make_declaration(status) for status in ("withdrawn", *["submitted"] * 5)]
    page = client.get(url(others[-1])).content.decode()
    named = [one for one in (with_account, *others[:-1]) if one.reference_text in page]
    assert named == [with_account, *others[:-1]]
    assert page.index(with_account.reference_text) < page.index(others[-2].reference_text)
    assert closed.reference_text not in page


def test_resend_button_sends_a_new_password(client, officer):
    declaration = make_declaration(Status.APPROVED, officer=officer)
    page = client.get(url(declaration)).content.decode()
    seen = Message.objects.get(related_key=declaration.message_key, kind="credential").pk
    assert f'name="seen" value="{seen}"' in page

    answer = client.post(f"/admin/registration/declaration/{declaration.pk}/resend/", {"seen": seen}, follow=True)

    assert answer.status_code == 200
    assert Message.objects.filter(related_key=declaration.message_key).exclude(kind="received").count() == 2
    assert client.get(f"/admin/registration/declaration/{declaration.pk}/resend/").status_code == 302


def test_resend_needs_its_permission(client, officer):
    declaration = make_declaration(Status.APPROVED, officer=officer)
    officer.user_permissions.remove(Permission.objects.get(codename="resend_declaration"))
    address = f"/admin/registration/declaration/{declaration.pk}/resend/"
    assert client.post(address, {"seen": "9999"}).status_code == 403
    assert address not in client.get(url(declaration)).content.decode()


def test_dossier_shows_every_try_and_never_the_password(client, officer):
    declaration = make_declaration(Status.APPROVED, officer=officer)
    message = Message.objects.get(related_key=declaration.message_key, kind="credential")
    deliver_message(message.pk)
    password = InboxMessage.objects.get().text.partition("Mat khau: ")[2].partition(" ")[0]

    page = client.get(url(declaration)).content.decode()

    assert "inbox: " in page
    assert password not in page


def test_dossier_offers_no_resend_before_approval(client, officer):
    assert "/resend/" not in client.get(url(make_declaration(Status.RECEIVED, officer=officer))).content.decode()


def test_a_rejection_asks_once_more_and_keeps_the_reason(client, officer):
    declaration = make_declaration(Status.RECEIVED, officer=officer)
    typed = {"revision": declaration.revision, "reason": REASON}
    asked = client.post(url(declaration, "reject"), typed)
    assert asked.status_code == 200 and present(declaration).status == Status.RECEIVED
    assert f"Từ chối hẳn hồ sơ {declaration.reference_text}" in asked.text and REASON in asked.text
    assert 'name="sure" value="reject"' in asked.text
    back = client.post(url(declaration, "reject"), {**typed, "sure": "no"})
    assert back.status_code == 200 and REASON in back.text and buttons(back) == ["approve", "return", "reject"]
    assert "alert" not in back.text.split("desk-decision")[1].split("</section>")[0]
    assert present(declaration).status == Status.RECEIVED
    assert client.post(url(declaration, "reject"), {**typed, "sure": "reject"}).status_code == 302
    assert present(declaration).status == Status.REJECTED


def test_a_rejection_of_what_another_officer_has_decided_is_refused_without_a_question(client, officer):
    declaration = make_declaration(Status.RECEIVED, officer=officer)
    services.approve_declaration(declaration.pk, officer=officer, revision=declaration.revision)
    response = client.post(url(declaration, "reject"), {"revision": declaration.revision, "reason": REASON})
    assert response.status_code == 409 and REASON in response.text


@pytest.mark.parametrize("name", ["return", "reject"])
def test_a_reason_survives_the_end_of_the_session(name):
    officer, browser = make_officer(), Client(enforce_csrf_checks=True)
    officer.set_password("mat-khau-dai-1")
    officer.must_change_password = False
    officer.save()
    declaration = make_declaration(Status.RECEIVED, officer=officer)
    browser.force_login(officer)
    page = browser.get(url(declaration))
    token = page.context["csrf_token"]
    browser.cookies.pop("sessionid")
    sent_away = browser.post(
        url(declaration, name), {"revision": 2, "reason": REASON, "csrfmiddlewaretoken": str(token)}
    )
    assert sent_away.status_code == 302 and "login" in sent_away.url and REASON not in sent_away.url
    login = browser.get(sent_away.url)
    signed_in = browser.post(
        sent_away.url,
        {
            "username": officer.username,
            "password": "mat-khau-dai-1",
            "csrfmiddlewaretoken": login.context["csrf_token"],
        },
        follow=True,
    )
    assert REASON in signed_in.text and signed_in.redirect_chain[-1][0] == url(declaration)
    assert present(declaration).status == Status.RECEIVED
    assert REASON not in browser.get(url(declaration)).text


def test_a_kept_reason_stays_with_its_dossier(officer):
    browser = Client()
    mine, other = make_declaration(Status.RECEIVED, officer=officer), make_declaration(Status.RECEIVED, officer=officer)
    browser.post(url(mine, "return"), {"revision": 2, "reason": REASON})
    browser.force_login(officer)
    assert REASON not in browser.get(url(other)).text
    assert REASON in browser.get(url(mine)).text
