import pytest
from django.core.exceptions import ImproperlyConfigured

from notifications.enums import MessageKind, MessageStatus
from notifications.gateways import check_settings, pace
from notifications.models import Message
from notifications.services import deliver_message, routing
from tests.notifications.conftest import PHONE
from tests.notifications.factories import make_message


def test_take_turn_keeps_the_rate_of_each_provider(real_redis, settings):
    settings.SMS_RATES = {"first": "2/minute"}

    assert [pace.take_turn("first") for _ in range(3)] == [True, True, False]
    assert all(pace.take_turn("second") for _ in range(5))


def test_take_turn_keeps_the_pace_without_redis(settings):
    settings.SMS_RATES = {"alone": "1/minute"}

    assert [pace.take_turn("alone") for _ in range(2)] == [True, False]


@pytest.mark.usefixtures("real_redis")
def test_next_gateway_is_taken_when_the_first_is_at_its_limit(message, first, second, settings):
    settings.SMS_RATES = {"first": "1/hour"}
    pace.take_turn("first")

    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert (len(first.sent), len(second.sent)) == (0, 1)


@pytest.mark.usefixtures("real_redis")
def test_message_waits_in_the_queue_without_a_try_when_all_are_at_their_limit(
    message, first, queue, settings, monkeypatch
):
    monkeypatch.setattr(routing, "TURN_WAIT", 0.1)
    settings.SMS_RATES = {"first": "1/hour"}
    pace.take_turn("first")

    assert deliver_message(message.pk) is None
    message = Message.objects.get()
    assert (message.status, message.attempts, first.sent) == (MessageStatus.QUEUED, 0, [])
    assert queue.ids() == [message.pk]


@pytest.mark.usefixtures("real_redis")
def test_second_task_for_a_message_uses_up_no_turn(message, first, settings):
    settings.SMS_RATES = {"first": "2/hour"}
    other = make_message(kind=MessageKind.RETURNED, phone=PHONE, body="Ho so duoc tra lai.")

    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert [deliver_message(message.pk), deliver_message(0)] == [None, None]
    assert deliver_message(other.pk) == MessageStatus.ACCEPTED


@pytest.mark.parametrize("rates", [{"inbox": "often"}, {"pigeon": "1/second"}, {"inbox": ""}, {"inbox": "0/second"}])
def test_check_settings_refuses_a_rate_that_is_none(settings, rates):
    settings.SMS_RATES = rates
    with pytest.raises(ImproperlyConfigured, match="SMS_RATES"):
        check_settings()
