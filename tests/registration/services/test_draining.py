"""The clock's work: all of it, oldest first, within a time, whatever a single row does."""

import threading
from datetime import timedelta

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.utils import timezone

from notifications.models import Message
from portal import health
from registration import services
from registration.models import Attachment, Declaration, Draft, Setback, private_storage
from registration.services import decisions, draining, expiry
from tests.registration.factories import make_declaration, make_draft

pytestmark = pytest.mark.django_db


def old_drafts(number: int) -> list[Draft]:
    """The first is the oldest."""
    drafts = Draft.objects.bulk_create(Draft(token=f"token-{place}") for place in range(number))
    for place, draft in enumerate(drafts):
        draft.updated_at = timezone.now() - timedelta(hours=30, seconds=number - place)
    Draft.objects.bulk_update(drafts, ["updated_at"], batch_size=200)
    Draft.objects.filter(token="").delete()
    return drafts


def test_purge_knows_no_cap() -> None:
    young = make_draft(kinds=[])
    old_drafts(1_201)
    assert services.purge_drafts() == 1_201
    assert list(Draft.objects.all()) == [young]


def test_expiry_knows_no_cap(monkeypatch) -> None:
    monkeypatch.setattr(draining, "BATCH", 3)
    declarations = [make_declaration() for _ in range(7)]
    # All end in the same microsecond, as whole days do.
    Declaration.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert services.expire_declarations() == len(declarations)
    assert set(Declaration.objects.values_list("status", flat=True)) == {"expired"}


def test_run_ends_with_its_time_and_the_next_goes_on() -> None:
    drafts = old_drafts(3)
    assert services.purge_drafts(seconds=0) == 0
    assert Draft.objects.count() == 3

    done: list[int] = []
    draining.drain("test", Draft.objects.all(), by="updated_at", work=lambda pk: not done.append(pk))
    assert done == [draft.pk for draft in drafts]


def test_file_that_cannot_be_removed_holds_nothing_up_and_is_not_forgotten(monkeypatch) -> None:
    bad, good = make_draft(kinds=["portrait"]), make_draft(kinds=["portrait"])
    Draft.objects.filter(pk=bad.pk).update(updated_at=timezone.now() - timedelta(hours=40))
    Draft.objects.filter(pk=good.pk).update(updated_at=timezone.now() - timedelta(hours=30))
    stuck = bad.attachments.get().file.name
    files = [name for photo in Attachment.objects.all() for name in photo.file_names()]
    really_delete = FileSystemStorage.delete
    asked: list[str] = []

    def delete(self, name):
        asked.append(name)
        if name == stuck:
            raise PermissionError
        really_delete(self, name)

    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStorage, "delete", delete)
        assert services.purge_drafts() == 1
        assert list(Draft.objects.all()) == [bad]
        assert private_storage().exists(stuck)
        # It is not tried again in each run, and its turn comes again.
        asked.clear()
        services.purge_drafts()
        assert asked == []
    Setback.objects.update(until=timezone.now())
    assert services.purge_drafts() == 1
    assert not any(private_storage().exists(name) for name in files)


def test_setbacks_grow_and_are_bounded(monkeypatch) -> None:
    (draft,) = old_drafts(1)

    def fail(pk):
        raise RuntimeError

    pauses = []
    for _ in range(9):
        draining.drain("test", Draft.objects.all(), by="updated_at", work=fail)
        setback = Setback.objects.get(kind="test", row_id=draft.pk)
        pauses.append(round((setback.until - timezone.now()).total_seconds() / 60))
        Setback.objects.update(until=timezone.now())
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_rows_that_all_fail_end_the_run_and_the_next_begins_behind_them() -> None:
    drafts = old_drafts(draining.MAX_FAILURES_IN_A_ROW + 5)
    bad = {draft.pk for draft in drafts[: draining.MAX_FAILURES_IN_A_ROW]}

    def work(pk):
        if pk in bad:
            raise RuntimeError
        return bool(Draft.objects.filter(pk=pk).delete())

    first = draining.drain("test", Draft.objects.all(), by="updated_at", work=work)
    assert (first.done, first.failed, first.is_empty) == (0, len(bad), False)
    second = draining.drain("test", Draft.objects.all(), by="updated_at", work=work)
    assert (second.done, second.failed, second.is_empty) == (5, 0, True)


def test_expiry_and_reminders_go_on_past_a_row_that_fails(monkeypatch) -> None:
    bad, good = make_declaration(), make_declaration()
    now = timezone.now()
    Declaration.objects.filter(pk=bad.pk).update(expires_at=now - timedelta(days=2))
    Declaration.objects.filter(pk=good.pk).update(expires_at=now - timedelta(days=1))
    really_expire = decisions.expire_declaration
    broken = {bad.pk}

    def expire(pk):
        if pk in broken:
            raise RuntimeError
        return really_expire(pk)

    monkeypatch.setattr(expiry, "expire_declaration", expire)
    assert services.expire_declarations() == 1
    good.refresh_from_db()
    assert good.status == "expired"

    Declaration.objects.update(
        status="submitted", submitted_at=now - timedelta(days=9), expires_at=now + timedelta(days=1)
    )
    send = expiry.send_messages
    monkeypatch.setattr(expiry, "send_messages", lambda rows, kind: 1 / 0 if rows[0].pk in broken else send(rows, kind))
    assert services.send_reminders() == 1
    assert Message.objects.get(kind="reminder").related_key == good.message_key


def test_backlog_is_in_the_metrics() -> None:
    old_drafts(2)
    declaration = make_declaration()
    Declaration.objects.update(
        submitted_at=timezone.now() - timedelta(minutes=3), expires_at=timezone.now() - timedelta(hours=1)
    )
    Setback.objects.create(kind="drafts", row_id=1, until=timezone.now() + timedelta(minutes=5))
    text = health.metrics()
    assert 'portal_backlog{work="drafts"} 2' in text
    assert 'portal_backlog_set_back{work="drafts"} 1' in text
    assert 'portal_backlog{work="expiry"} 1' in text
    assert 'portal_backlog{work="documents"} 1' in text
    assert 'portal_backlog{work="reminders"} 0' in text
    oldest = int(text.split('portal_backlog_oldest_seconds{work="drafts"} ')[1].split()[0])
    assert 6 * 3600 <= oldest < 6 * 3600 + 60
    assert declaration.full_name not in text


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_do_each_row_once() -> None:
    old_drafts(40)
    done: list[int] = []

    def run() -> None:
        try:
            done.append(services.purge_drafts())
        finally:
            connection.close()

    runs = [threading.Thread(target=run) for _ in range(2)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    assert sum(done) == 40
    assert not Draft.objects.exists()
    assert not Setback.objects.exists()
