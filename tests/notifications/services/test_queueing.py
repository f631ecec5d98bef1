import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services import Citizen, open_citizen_accounts
from notifications.enums import MessageKind, MessageStatus
from notifications.gateways.base import GatewayUnavailable
from notifications.models import Message
from notifications.services import cancel_credentials, cancel_message, deliver_message, message_state, sweep
from notifications.services.queueing import REPUBLISH_AFTER
from notifications.services.states import LEASE
from tests.notifications.conftest import PHONE
from tests.notifications.factories import make_message


def age(message: Message, **fields: timedelta) -> None:
    """Moves the times of the row that far into the past."""
    row = Message.objects.filter(pk=message.pk)
    row.update(**{name: timezone.now() - by for name, by in fields.items()})


def test_queue_message_publishes_its_id_on_commit(db, queue, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        message = make_message(kind=MessageKind.RETURNED, phone=PHONE, body="Ho so duoc tra lai.")
        assert queue.ids() == []

    assert queue.ids() == [message.pk]
    assert message.status == MessageStatus.QUEUED


def test_queue_message_stands_when_the_queue_is_away(
    db, broken_queue, made, caplog, django_capture_on_commit_callbacks
):
    with caplog.at_level(logging.INFO), django_capture_on_commit_callbacks(execute=True):
        message = make_message(kind=MessageKind.CREDENTIAL, phone=PHONE, body="Mat khau: {secret}.")

    assert Message.objects.get(pk=message.pk).status == MessageStatus.QUEUED
    assert f"Message {message.pk}" in caplog.text
    assert "912345678" not in caplog.text
    assert sweep() == 0


@pytest.mark.parametrize(
    "body",
    ["", "Mật khẩu: {secret}.", "a" * 161, "a" * 151 + "{secret}", "{secret} {secret}", "a" * 159 + "€"],
)
def test_queue_message_refuses_what_is_not_one_plain_segment(db, made, body):
    with pytest.raises(ValueError, match=r"segment|secret"):
        make_message(kind=MessageKind.CREDENTIAL, phone=PHONE, body=body)
    assert not Message.objects.exists()


def test_queue_message_takes_a_full_segment(db, made):
    make_message(kind=MessageKind.CREDENTIAL, phone=PHONE, body="a" * 150 + "{secret}")


def test_queue_message_refuses_a_secret_that_nobody_makes(db):
    with pytest.raises(ValueError, match="secret"):
        make_message(kind=MessageKind.REMINDER, phone=PHONE, body="Ma: {secret}")


@pytest.mark.parametrize("phone", ["0912345678", "+84 912 345 678", "", "+84912345678901234"])
def test_queue_message_refuses_a_phone_that_is_not_e164(db, phone):
    with pytest.raises(ValueError, match=r"E\.164"):
        make_message(kind=MessageKind.RETURNED, phone=phone, body="Ho so duoc tra lai.")


def test_sweep_finds_queued_due_and_abandoned(message, first, queue):
    due = make_message(kind=MessageKind.RETURNED, phone=PHONE, body="due")
    abandoned = make_message(kind=MessageKind.RETURNED, phone=PHONE, body="abandoned")
    running = make_message(kind=MessageKind.RETURNED, phone=PHONE, body="running")
    settled = make_message(kind=MessageKind.RETURNED, phone=PHONE, body="settled")
    deliver_message(settled.pk)
    now = timezone.now()
    Message.objects.exclude(pk=settled.pk).update(published_at=None)
    Message.objects.filter(pk=due.pk).update(status="failed", next_attempt_at=now - timedelta(seconds=1))
    Message.objects.filter(pk=abandoned.pk).update(status="sending", lease_until=now - timedelta(seconds=1))
    Message.objects.filter(pk=running.pk).update(status="sending", lease_until=now + LEASE)

    assert sweep() == 3
    assert queue.ids() == [message.pk, due.pk, abandoned.pk]


def test_sweep_leaves_what_is_not_due(message, first, queue):
    first.script = [GatewayUnavailable("timeout"), GatewayUnavailable("timeout")]
    deliver_message(message.pk)
    deliver_message(message.pk)

    assert sweep() == 0
    age(message, next_attempt_at=timedelta(seconds=1))
    assert sweep() == 1


def test_sweep_trusts_a_fresh_task_and_replaces_a_lost_one(message, queue):
    assert sweep() == 0, "it was published a moment ago"

    age(message, published_at=REPUBLISH_AFTER)
    assert sweep() == 1
    assert sweep() == 0
    assert queue.ids() == [message.pk]


def test_sweep_stops_at_the_first_refusal(message, broken_queue, caplog):
    other = make_message(kind=MessageKind.RETURNED, phone=PHONE, body="Ho so duoc tra lai.")
    Message.objects.update(published_at=None)

    assert sweep() == 0
    assert f"Message {message.pk}" in caplog.text
    assert f"Message {other.pk}" not in caplog.text


def test_sweep_takes_up_secrets_out_of_date_before_their_next_try(message, first, queue):
    first.script = [GatewayUnavailable("timeout")] * 2
    deliver_message(message.pk)
    deliver_message(message.pk)
    age(message, secret_expires_at=timedelta(seconds=1))

    assert sweep() == 1
    deliver_message(message.pk)

    message.refresh_from_db()
    assert (message.status, message.last_error_code, message.secret_encrypted) == ("dead", "expired", "")


def test_cancel_message_ends_it_and_wipes_the_secret(message, first):
    first.script = [GatewayUnavailable("timeout")]
    deliver_message(message.pk)

    assert cancel_message(message.pk)

    message.refresh_from_db()
    assert (message.status, message.secret_encrypted) == (MessageStatus.CANCELLED, "")
    assert message.finished_at is not None
    assert deliver_message(message.pk) is None
    assert len(first.sent) == 1


def test_cancel_message_does_not_undo_what_was_sent(message, first):
    deliver_message(message.pk)

    assert not cancel_message(message.pk)
    assert not cancel_message(0)
    message.refresh_from_db()
    assert message.status == MessageStatus.ACCEPTED


def test_cancel_message_cannot_call_back_what_is_being_sent(message, first):
    answers = []
    first.script = [lambda: answers.append(cancel_message(message.pk))]

    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert answers == [False]


def test_message_state_is_the_newest_for_the_key(message):
    newer = make_message(kind=MessageKind.RETURNED, phone=PHONE, body="Ho so", related_key="d-1")
    make_message(kind=MessageKind.RETURNED, phone=PHONE, body="Ho so", related_key="d-2")

    assert message_state("d-1") == newer
    assert message_state("d-1", kind=MessageKind.CREDENTIAL) == message
    assert message_state("d-1", kind=MessageKind.REMINDER) is None
    assert message_state("d-3") is None
    assert message_state("") is None


def test_cancel_credentials_leaves_alone_what_a_worker_is_handing_over(db, made):
    accounts = [
        open_citizen_accounts([Citizen(number, "Nguyễn Thị Mẫu", PHONE)])[number]
        for number in ("7900000001", "7900000002", "7900000003")
    ]
    held, waiting, abandoned = (
        make_message(kind=MessageKind.CREDENTIAL, phone=PHONE, body="Mat khau: {secret}.", account=account)
        for account in accounts
    )
    for message, lease in ((held, LEASE), (abandoned, -LEASE)):
        Message.objects.filter(pk=message.pk).update(status="sending", lease_until=timezone.now() + lease)

    assert cancel_credentials(account.pk for account in accounts) == {accounts[0].pk}

    for message in (held, waiting, abandoned):
        message.refresh_from_db()
    assert [held.status, waiting.status, abandoned.status] == ["sending", "cancelled", "cancelled"]
