"""Declarations whose paper never came, and the reminder before that."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from notifications.models import Message
from registration import services
from registration.models import Declaration
from tests.registration.factories import make_declaration

pytestmark = pytest.mark.django_db


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


def age(declaration: Declaration, days_old: int, days_left: int) -> None:
    now = timezone.now()
    Declaration.objects.filter(pk=declaration.pk).update(
        submitted_at=now - timedelta(days=days_old), expires_at=now + timedelta(days=days_left)
    )


def test_reminder_goes_out_once_three_days_before() -> None:
    due, later, fresh = make_declaration(), make_declaration(), make_declaration()
    for declaration, days_old, days_left in ((due, 20, 2), (later, 20, 5), (fresh, 0, 2)):
        age(declaration, days_old, days_left)
    assert services.send_reminders() == 1
    assert services.send_reminders() == 0
    message = Message.objects.get(kind="reminder")
    assert message.related_key == due.message_key
    assert "chua co to khai giay" in message.body


def test_reminder_of_a_returned_declaration_asks_for_the_correction() -> None:
    declaration = make_declaration("returned")
    age(declaration, 20, 2)
    services.send_reminders()
    body = Message.objects.get(kind="reminder").body
    assert "can sua va gui lai cham nhat" in body
    assert len(body) <= 160


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
