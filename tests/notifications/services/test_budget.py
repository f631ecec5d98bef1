"""One phone gets a bounded number of messages a day, whatever their kinds, whoever asks, whichever way."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from common.days import VIETNAM
from notifications.enums import HELD_BACK, MessageKind, MessageStatus
from notifications.models import Message
from notifications.services import NewMessage, has_room, queue_messages, sweep
from notifications.services.budget import APART, CEILINGS, UNCOUNTED
from tests.notifications.factories import make_message

pytestmark = pytest.mark.django_db
PHONE, OTHER = "+84912345678", "+84987654321"
NOTICE, CODE, RESET = MessageKind.RECEIVED, MessageKind.ACCESS_CODE, MessageKind.RESET_CODE


def send(kind: MessageKind, times: int = 1, phone: str = PHONE) -> int:
    """Queues so many of a kind; how many of them will be sent."""
    made = [make_message(kind=kind, phone=phone, body="BHXH: tin.") for _time in range(times)]
    return sum(message.status == MessageStatus.QUEUED for message in made)


def test_every_kind_has_its_place_in_the_budget() -> None:
    placed = [*CEILINGS, *APART, *UNCOUNTED]
    assert sorted(placed) == sorted(MessageKind.values)
    assert {*CEILINGS.values(), *APART.values()} <= set(settings.RATE_LIMITS)


def test_kinds_share_one_count_and_those_that_strangers_set_off_stop_first() -> None:
    assert send(NOTICE, 9) == 5
    assert send(CODE, 9) == 5
    assert send(NOTICE) == 0
    assert send(RESET, 9) == 5
    assert send(MessageKind.RETURNED, 9) == 5
    assert send(MessageKind.REMINDER) == send(RESET) == 0
    assert send(NOTICE, phone=OTHER) == 1


def test_notice_of_a_changed_phone_and_passwords_are_not_silenced_by_others() -> None:
    send(NOTICE, 9), send(CODE, 9)
    assert send(MessageKind.PHONE_CHANGED, 7) == 5
    assert send(MessageKind.CREDENTIAL) == 1
    send(MessageKind.PHONE_CHANGED, 9, phone=OTHER)
    assert send(NOTICE, 9, phone=OTHER) == 5


def test_one_batch_does_not_go_beyond_the_budget() -> None:
    batch = [NewMessage(kind=NOTICE, phone=phone, body="BHXH: tin.") for phone in [PHONE] * 7 + [OTHER]]
    statuses = [message.status for message in queue_messages(batch)]
    assert statuses == ["queued"] * 5 + ["cancelled"] * 2 + ["queued"]


def test_held_back_message_is_on_record_uses_no_budget_and_is_never_sent() -> None:
    send(NOTICE, 8)
    held = Message.objects.filter(last_error_code=HELD_BACK)
    assert {(each.status, each.attempts, each.next_attempt_at) for each in held} == {("cancelled", 0, None)}
    assert all(each.finished_at for each in held) and len(held) == 3
    Message.objects.update(published_at=None)
    assert sweep() == 5 or sweep() == 0
    assert has_room(PHONE, CODE) and not has_room(PHONE, NOTICE)


def test_window_slides_and_midnight_opens_no_second_helping(monkeypatch) -> None:
    late = datetime(2026, 11, 20, 23, 50, tzinfo=VIETNAM)
    monkeypatch.setattr(timezone, "now", lambda: late)
    assert send(NOTICE, 6) == 5
    Message.objects.update(created_at=late)
    monkeypatch.setattr(timezone, "now", lambda: late + timedelta(minutes=20))
    assert send(NOTICE) == 0
    monkeypatch.setattr(timezone, "now", lambda: late + timedelta(days=1, seconds=1))
    assert send(NOTICE) == 1


def test_budget_is_a_setting(settings) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "sms-notice": "2/hour"}
    assert send(NOTICE, 4) == 2
    Message.objects.update(created_at=timezone.now() - timedelta(hours=2))
    assert send(NOTICE, 1) == 1
