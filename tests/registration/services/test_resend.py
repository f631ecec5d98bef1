"""The password again: one in flight, the last one ends, three times a day, only while nobody has chosen another."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.services import choose_password, close_unused_account
from notifications.enums import MessageStatus
from notifications.gateways.base import GatewayUnavailable
from notifications.gateways.inbox import InboxGateway
from notifications.models import InboxMessage, Message
from notifications.services import deliver_message
from registration import services
from registration.enums import AccessKind
from registration.models import Declaration
from tests.registration.factories import make_declaration, make_officer

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return make_officer()


@pytest.fixture
def approved(officer):
    return make_declaration("approved", officer=officer)


def newest(declaration: Declaration) -> Message:
    return Message.objects.filter(related_key=declaration.message_key).latest("pk")


def resend(declaration: Declaration, officer) -> Message:
    services.resend_credential(declaration.pk, officer=officer, seen=newest(declaration).pk)
    return newest(declaration)


def password_of(message: Message) -> str:
    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    text = InboxMessage.objects.latest("pk").text
    return text.partition("Mat khau: ")[2].partition(" ")[0]


def signs_in(declaration: Declaration, password: str) -> bool:
    declaration.account.refresh_from_db()
    return declaration.account.check_password(password)


def test_resend_ends_the_old_password(approved, officer):
    old = password_of(newest(approved))
    assert signs_in(approved, old)

    new = password_of(resend(approved, officer))

    assert new != old
    assert signs_in(approved, new)
    assert not signs_in(approved, old)
    event = approved.access_events.get(kind=AccessKind.RESEND)
    assert event.user == officer


def test_resend_cancels_what_waits(approved, officer):
    waiting = newest(approved)
    new = resend(approved, officer)

    waiting.refresh_from_db()
    assert (waiting.status, waiting.secret_encrypted) == (MessageStatus.CANCELLED, "")
    assert deliver_message(waiting.pk) is None
    assert signs_in(approved, password_of(new))


def test_resend_waits_while_a_worker_hands_over(approved, officer):
    lease = timezone.now() + timedelta(seconds=30)
    Message.objects.filter(kind="credential").update(status="sending", lease_until=lease, attempts=1)

    with pytest.raises(services.ResendRefused):
        resend(approved, officer)
    assert Message.objects.filter(kind="credential").count() == 1


def test_resend_of_a_double_click_sends_once(approved, officer):
    seen = newest(approved).pk
    for _ in range(2):
        services.resend_credential(approved.pk, officer=officer, seen=seen)
    assert Message.objects.filter(related_key=approved.message_key, kind="credential").count() == 2


def test_resend_is_limited_to_three_a_day(approved, officer):
    for _ in range(3):
        resend(approved, officer)
    with pytest.raises(services.ResendRefused):
        resend(approved, officer)

    Message.objects.filter(kind="credential").update(created_at=timezone.now() - timedelta(days=1, seconds=1))
    resend(approved, officer)


@pytest.mark.parametrize("status", ["received", "active", "rejected"])
def test_resend_needs_an_approved_declaration(officer, status):
    declaration = make_declaration(status, officer=officer)
    with pytest.raises(services.ResendRefused):
        services.resend_credential(declaration.pk, officer=officer, seen=0)


def test_resend_stays_within_the_agency(approved):
    with pytest.raises(Declaration.DoesNotExist):
        services.resend_credential(approved.pk, officer=make_officer("00101"), seen=10**6)


def test_password_chosen_meanwhile_is_not_taken_away(approved, officer):
    password_of(newest(approved))
    new = resend(approved, officer)
    approved.account.refresh_from_db()
    choose_password(approved.account, "tu chon 2026 nhe")

    assert deliver_message(new.pk) is None

    new.refresh_from_db()
    assert (new.status, new.last_error_code) == (MessageStatus.CANCELLED, "already-chosen")
    assert signs_in(approved, "tu chon 2026 nhe")


@pytest.mark.parametrize("is_gone", [False, True])
def test_account_that_was_closed_meanwhile_gets_no_password(approved, is_gone):
    message = newest(approved)
    if is_gone:
        Message.objects.filter(pk=message.pk).update(account=None)
    else:
        close_unused_account(approved.account)
    password = approved.account.password

    assert deliver_message(message.pk) is None

    message.refresh_from_db()
    approved.account.refresh_from_db()
    assert (message.status, message.last_error_code) == (MessageStatus.DEAD, "no-account")
    assert (message.secret_encrypted, approved.account.password) == ("", password)
    assert not InboxMessage.objects.exists()


def test_password_that_arrived_is_not_sent_again_once_another_is_chosen(approved, monkeypatch):
    send = InboxGateway.send

    def send_and_hang_up(gateway, outgoing):
        send(gateway, outgoing)
        raise GatewayUnavailable("timeout")

    monkeypatch.setattr(InboxGateway, "send", send_and_hang_up)
    message = newest(approved)
    assert deliver_message(message.pk) == MessageStatus.FAILED
    approved.account.refresh_from_db()
    choose_password(approved.account, "tu chon 2026 nhe")
    Message.objects.update(next_attempt_at=timezone.now())

    assert deliver_message(message.pk) is None

    message.refresh_from_db()
    assert (message.status, message.secret_encrypted) == (MessageStatus.CANCELLED, "")
    assert message.attempts == 1


def test_database_allows_one_password_in_flight(approved):
    twin = newest(approved)
    twin.pk, twin.request_id = None, "another"
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save(force_insert=True)
