"""Decisions: guarded by scope, status and the revision that the officer saw; recorded; all or nothing."""

import pytest
from django.contrib.auth import get_user_model

from accounts.services import choose_password
from notifications.models import Message
from registration import services
from registration.enums import Status
from registration.models import Declaration, StatusChange
from tests.registration.factories import issue_one_time_password, make_correction, make_declaration, make_officer

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return make_officer()


ALL = [status for status in Status.values if status != Status.DRAFT]
ALLOWED = {
    "receive": ["submitted", "expired"],
    "approve": ["received"],
    "return": ["submitted", "received", "expired"],
    "reopen": ["approved"],
    "reject": ["submitted", "received", "returned"],
}


def decide(action: str, declaration: Declaration, officer, **fields):
    service = {
        "receive": services.receive_declaration,
        "approve": services.approve_declaration,
        "return": services.return_declaration,
        "reopen": services.reopen_declaration,
        "reject": services.reject_declaration,
    }[action]
    if action in ("return", "reject", "reopen"):
        fields.setdefault("reason", "Ảnh mặt sau bị mờ.")
    fields.setdefault("revision", declaration.revision)
    return service(declaration.pk, officer=officer, **fields)


@pytest.mark.parametrize("action", ALLOWED)
@pytest.mark.parametrize("status", ALL)
def test_decision_depends_on_the_status(action: str, status: str) -> None:
    declaration, officer = make_declaration(status), make_officer()
    if status in ALLOWED[action]:
        assert decide(action, declaration, officer).status != status
    else:
        with pytest.raises(services.AlreadyDecided):
            decide(action, declaration, officer)
        assert Declaration.objects.get(pk=declaration.pk).status == status


def test_approval_opens_an_account_and_queues_one_message_without_a_password() -> None:
    declaration, officer = make_declaration("received"), make_officer()
    approved = decide("approve", declaration, officer)
    account = approved.account
    assert account is not None
    assert (account.username, account.phone) == (declaration.bhxh_number, declaration.phone)
    assert account.must_change_password and not account.has_usable_password()
    message = Message.objects.exclude(kind="received").get(related_key=declaration.message_key)
    assert (message.kind, message.status, message.phone) == ("credential", "queued", declaration.phone)
    assert f"Ma so: {declaration.bhxh_number}. Mat khau: {{secret}} - " in message.body
    assert message.body.isascii() and "http" not in message.body and "1900 9068" in message.body
    change = StatusChange.objects.get(declaration=declaration, to_status=Status.APPROVED)
    assert (change.from_status, change.changed_by) == (Status.RECEIVED, officer)


def test_decision_on_a_stale_screen_is_refused() -> None:
    declaration, officer = make_declaration(), make_officer()
    decide("receive", declaration, officer)
    with pytest.raises(services.AlreadyDecided):
        decide("return", declaration, officer)
    assert Declaration.objects.get(pk=declaration.pk).status == Status.RECEIVED
    assert not StatusChange.objects.filter(to_status=Status.RETURNED).exists()


@pytest.mark.parametrize("agency", ["07901", "001", "00101"])
def test_decision_of_another_agency_finds_nothing(agency: str) -> None:
    declaration = make_declaration("submitted")
    with pytest.raises(Declaration.DoesNotExist):
        decide("receive", declaration, make_officer(agency))


def test_decision_of_the_province_reaches_its_districts() -> None:
    assert decide("receive", make_declaration(), make_officer("079")).status == Status.RECEIVED


@pytest.mark.parametrize("action", ["return", "reject"])
@pytest.mark.parametrize("reason", ["", "  \r\n "])
def test_refusals_need_a_reason(action: str, reason: str) -> None:
    declaration = make_declaration()
    with pytest.raises(services.RegistrationError):
        decide(action, declaration, make_officer(), reason=reason)
    assert Declaration.objects.get(pk=declaration.pk).status == Status.SUBMITTED
    assert not Message.objects.exclude(kind="received").exists()


@pytest.mark.parametrize("action", ["return", "reject"])
def test_refusals_keep_the_reason_for_the_citizen_and_send_word(action: str) -> None:
    declaration = decide(action, make_declaration(), make_officer(), reason="Ảnh mặt sau bị mờ.\r\nChụp lại.")
    assert declaration.reason == "Ảnh mặt sau bị mờ.\nChụp lại."
    message = Message.objects.exclude(kind="received").get(related_key=declaration.message_key)
    assert declaration.reference_text in message.body
    assert declaration.full_name not in message.body


def test_first_password_makes_the_declaration_active_once() -> None:
    declaration = make_declaration("approved")
    services.activate_declaration(declaration.account)
    services.activate_declaration(declaration.account)
    declaration.refresh_from_db()
    assert declaration.status == Status.ACTIVE
    assert declaration.changes.filter(to_status=Status.ACTIVE).count() == 1


@pytest.mark.parametrize("status", ALL)
def test_withdrawal_is_for_undecided_declarations(status: str) -> None:
    declaration = make_declaration(status)
    if status in ("submitted", "returned"):
        assert services.withdraw_declaration(declaration.pk).status == Status.WITHDRAWN
    else:
        with pytest.raises(services.AlreadyDecided):
            services.withdraw_declaration(declaration.pk)


def test_approval_of_a_person_who_had_an_account_keeps_one_account() -> None:
    first = make_declaration("active")
    Declaration.objects.filter(pk=first.pk).update(status=Status.WITHDRAWN)
    make_declaration("approved", bhxh_number=first.bhxh_number, phone=first.phone)
    assert get_user_model().objects.filter(username=first.bhxh_number).count() == 1


def test_reopened_approval_closes_the_account_until_the_next_one(officer) -> None:
    declaration = make_declaration("approved", officer=officer)
    account = declaration.account
    password = issue_one_time_password(account.pk)
    services.reopen_declaration(declaration.pk, officer=officer, revision=declaration.revision, reason="Sai số.")
    account.refresh_from_db()
    assert not account.is_active
    assert not account.check_password(password)
    assert not Message.objects.filter(account=account, kind="credential", status__in=("queued", "failed")).exists()
    corrected = make_correction(declaration, phone="+84987654321")
    services.receive_declaration(corrected.pk, officer=officer, revision=corrected.revision)
    corrected.refresh_from_db()
    services.approve_declaration(corrected.pk, officer=officer, revision=corrected.revision)
    account.refresh_from_db()
    assert account.is_active
    assert account.phone == "+84987654321"
    assert Message.objects.filter(kind="credential", status="queued").get().phone == "+84987654321"


def test_account_in_use_is_not_taken_back(officer) -> None:
    declaration = make_declaration("approved", officer=officer)
    choose_password(declaration.account, "tu-chon-mot-mat-khau")
    with pytest.raises(services.AlreadyDecided):
        services.reopen_declaration(declaration.pk, officer=officer, revision=declaration.revision, reason="Sai số.")
