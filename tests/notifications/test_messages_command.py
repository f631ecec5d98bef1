from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from notifications import heartbeat
from notifications.enums import MessageKind, MessageStatus
from notifications.gateways.base import GatewayRejected, GatewayUnavailable, Report
from notifications.models import Message
from notifications.services import deliver_message, record_report
from notifications.services.claims import MAX_ATTEMPTS
from tests.notifications.conftest import PHONE
from tests.notifications.factories import make_message

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("messages", *arguments, stdout=out)
    return out.getvalue()


def plain() -> Message:
    return make_message(kind=MessageKind.RETURNED, phone=PHONE, body="Ho so duoc tra lai.")


def test_messages_counts_by_state_and_age(message, first):
    Message.objects.update(created_at=timezone.now() - timedelta(hours=2))
    deliver_message(plain().pk)
    record_report("first", Report(True, "unknown"))

    shown = run()

    assert "queued            1   oldest 2:00:0" in shown
    assert "accepted          1" in shown
    assert "oldest undelivered: 2:00:0" in shown
    assert "unknown messages: 1" in shown
    assert "worker: no sign of life" in shown
    assert "912345678" not in shown


def test_messages_shows_signs_of_life(real_redis):
    heartbeat.beat("worker")
    assert "worker: alive 0:00:0" in run()
    assert heartbeat.seconds_since()["beat"] is None


def test_retry_gives_a_dead_message_a_new_day(first):
    message = plain()
    Message.objects.update(status="failed", attempts=MAX_ATTEMPTS - 1)
    first.script = [GatewayUnavailable("timeout")]
    assert deliver_message(message.pk) == MessageStatus.DEAD

    assert "retry: 1 of 1" in run("retry", "--dead-since-hours", "1")

    first.script = [GatewayUnavailable("timeout")]
    assert deliver_message(message.pk) == MessageStatus.FAILED
    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert len({sent.request_id for sent in first.sent}) == 1


def test_retry_hurries_what_waits(message, first):
    first.script = [GatewayUnavailable("timeout")] * 2
    deliver_message(message.pk)
    deliver_message(message.pk)
    assert deliver_message(message.pk) is None
    run("retry", str(message.pk))
    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert len({sent.text for sent in first.sent}) == 1


def test_retry_is_refused_for_a_lost_password_and_for_what_was_sent(message, first):
    first.script = [GatewayRejected("esms-108")]
    deliver_message(message.pk)
    sent = plain()
    deliver_message(sent.pk)
    undelivered = plain()
    deliver_message(undelivered.pk)
    record_report("first", Report(False, undelivered.request_id))

    for refused in (message, sent, undelivered):
        with pytest.raises(CommandError, match=str(refused.pk)):
            run("retry", str(refused.pk))


def test_cancel_calls_off_what_waits(message, first):
    assert "cancel: 1 of 1" in run("cancel", str(message.pk))
    message.refresh_from_db()
    assert message.status == MessageStatus.CANCELLED
    with pytest.raises(CommandError):
        run("cancel", str(message.pk))


def test_drain_hurries_and_says_what_is_left(message, first, queue):
    first.script = [GatewayUnavailable("timeout")] * 2
    deliver_message(message.pk)
    deliver_message(message.pk)

    with pytest.raises(CommandError, match="1 messages"):
        run("drain", "--seconds", "0")
    assert queue.ids() == [message.pk]
    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert "0 left" in run("drain", "--seconds", "0")
