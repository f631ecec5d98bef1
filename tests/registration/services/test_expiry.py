"""Declarations whose paper never came, and the reminder before that."""

import threading
import time
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from common.days import VIETNAM, day_of, end_of_day_in
from notifications.enums import MessageKind
from notifications.models import Message
from notifications.services import NewMessage, queue_messages
from registration import services
from registration.models import Declaration
from registration.services.decisions import expire_declaration
from tests.registration.factories import make_declaration, make_officer
from tests.registration.views.opening import open_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch):
    """Sets the time of day: clock(2026, 10, 26, 15, 12) in Việt Nam."""

    def at(*moment: int) -> datetime:
        now = datetime(*moment, tzinfo=VIETNAM)
        monkeypatch.setattr(timezone, "now", lambda: now)
        return now

    return at


@pytest.mark.parametrize(
    ("status", "after"), [("submitted", "expired"), ("returned", "expired"), ("received", "received")]
)
def test_expiry_ends_what_waits_for_the_citizen(status: str, after: str) -> None:
    declaration = make_declaration(status)
    Declaration.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    services.expire_declarations()
    declaration.refresh_from_db()
    assert declaration.status == after


def test_expiry_leaves_those_in_time() -> None:
    declaration = make_declaration()
    assert services.expire_declarations() == 0
    declaration.refresh_from_db()
    assert declaration.status == "submitted"
    assert declaration.expires_at > timezone.now() + timedelta(days=29)


@pytest.mark.parametrize("submitted", [(2026, 10, 26, 0, 0, 1), (2026, 10, 26, 15, 12), (2026, 10, 26, 23, 59, 59)])
def test_told_day_is_a_whole_one(clock, client, submitted) -> None:
    clock(*submitted)
    declaration = make_declaration()
    assert "nop cham nhat 25/11/2026" in Message.objects.get().body
    open_in(client, declaration)
    page = client.get(f"/dang-ky/ho-so/{declaration.token}/").content.decode()
    assert "25/11/2026" in page and "24/11/2026" not in page and "26/11/2026" not in page
    clock(2026, 11, 25, 23, 59, 59)
    assert services.expire_declarations() == 0
    officer = make_officer()
    # The officer's page was opened in the morning; the revision is the same.
    services.receive_declaration(declaration.pk, officer=officer, revision=1)
    declaration.refresh_from_db()
    assert declaration.status == "received"


def test_day_after_the_told_one_is_too_late(clock) -> None:
    clock(2026, 10, 26, 15, 12)
    declaration = make_declaration()
    clock(2026, 11, 26, 0, 0, 0)
    assert services.expire_declarations() == 1
    declaration.refresh_from_db()
    assert declaration.status == "expired"


def test_returned_declaration_has_whole_days_again(clock) -> None:
    clock(2026, 10, 1, 8, 0)
    declaration = make_declaration()
    clock(2026, 10, 26, 10, 30)
    services.return_declaration(declaration.pk, officer=make_officer(), revision=1, reason="Ảnh mờ.")
    clock(2026, 11, 25, 23, 0)
    assert services.expire_declarations() == 0
    clock(2026, 11, 26, 0, 1)
    assert services.expire_declarations() == 1


def test_expiry_looks_again_under_the_lock() -> None:
    """Returned anew after the sweep had read its list: the new time counts."""
    declaration = make_declaration("returned")
    assert not expire_declaration(declaration.pk)
    declaration.refresh_from_db()
    assert declaration.status == "returned"


def age(declaration: Declaration, days_old: int, days_left: int) -> None:
    Declaration.objects.filter(pk=declaration.pk).update(
        submitted_at=timezone.now() - timedelta(days=days_old), expires_at=end_of_day_in(days_left)
    )


def test_reminder_goes_out_once_three_days_before() -> None:
    due, last_day, later, fresh = (make_declaration() for _ in range(4))
    for declaration, days_old, days_left in ((due, 20, 3), (last_day, 20, 0), (later, 20, 4), (fresh, 0, 2)):
        age(declaration, days_old, days_left)
    assert services.send_reminders() == 2
    assert services.send_reminders() == 0
    messages = Message.objects.filter(kind="reminder")
    assert {message.related_key for message in messages} == {due.message_key, last_day.message_key}
    assert all("chua co to khai giay" in message.body for message in messages)


def test_reminder_is_sent_once_in_all_of_its_days(clock) -> None:
    clock(2026, 10, 26, 15, 12)
    make_declaration()
    sent = []
    for day in range(20, 26):
        for hour in (8, 18):
            clock(2026, 11, day, hour, 20)
            sent += [day] * services.send_reminders()
    assert sent == [22]
    assert "Han nop: 25/11/2026" in Message.objects.get(kind="reminder").body


def test_reminder_that_the_phones_budget_held_back_goes_out_the_next_day(clock) -> None:
    clock(2026, 10, 26, 15, 12)
    declaration = make_declaration()
    morning = clock(2026, 11, 22, 8, 0)
    queue_messages([NewMessage(kind=MessageKind.RECEIVED, phone=declaration.phone, body="BHXH: tin.")] * 5)
    for hour in (8, 9, 18):
        # The field's default is the real clock.
        Message.objects.update(created_at=morning)
        clock(2026, 11, 22, hour, 20)
        services.send_reminders()
    Message.objects.update(created_at=morning)
    clock(2026, 11, 23, 8, 30)
    services.send_reminders()
    services.send_reminders()
    reminders = Message.objects.filter(kind="reminder").order_by("pk")
    assert [each.status for each in reminders] == ["cancelled", "queued"]


def test_reminder_of_a_returned_declaration_asks_for_the_correction() -> None:
    declaration = make_declaration("returned")
    age(declaration, 20, 2)
    services.send_reminders()
    body = Message.objects.get(kind="reminder").body
    assert "can sua va gui lai cham nhat" in body
    assert len(body) <= 160
    assert f"{day_of(end_of_day_in(2)):%d/%m/%Y}" in body


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_two_runs_at_once_remind_once() -> None:
    declaration = make_declaration()
    age(declaration, 20, 2)
    runs = [threading.Thread(target=_remind) for _ in range(2)]
    with transaction.atomic():
        Declaration.objects.select_for_update().get(pk=declaration.pk)
        for run in runs:
            run.start()
        deadline = time.monotonic() + 20
        while _waiting_for_a_lock() < len(runs) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert _waiting_for_a_lock() == len(runs)
    for run in runs:
        run.join()
    assert Message.objects.filter(kind="reminder").count() == 1


def _remind() -> None:
    services.send_reminders()
    connection.close()


def _waiting_for_a_lock() -> int:
    with connection.cursor() as cursor:
        # Within a transaction the view stays as it was first seen.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return cursor.fetchone()[0]
