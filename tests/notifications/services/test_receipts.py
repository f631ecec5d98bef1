import threading
import time
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from notifications import tasks
from notifications.enums import MessageKind, MessageStatus
from notifications.gateways.base import GatewayUnavailable, Report
from notifications.gateways.esms import EsmsGateway
from notifications.models import Message, ProviderReceipt
from notifications.services import (
    cancel_message,
    deliver_message,
    delivery,
    match_reports,
    poll_receipts,
    receipts,
    record_report,
    statements,
)
from tests.notifications.conftest import PHONE
from tests.notifications.factories import make_message

DELIVERED, FAILED = Report(True), Report(False, code="esms-failed")


def report(message: Message, about: Report = DELIVERED, by: str = "request", gateway: str = "esms") -> bool:
    named = {"request_id": message.request_id} if by == "request" else {"provider_message_id": "sms-1"}
    return record_report(gateway, Report(about.delivered, code=about.code, **named))


def status(message: Message) -> str:
    message.refresh_from_db()
    return message.status


@pytest.fixture
def sent(message, provider) -> Message:
    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    return message


@pytest.mark.parametrize("by", ["request", "provider"])
def test_record_report_confirms_by_either_id(sent, by):
    assert report(sent, by=by)
    assert status(sent) == MessageStatus.DELIVERED
    assert sent.finished_at is not None
    assert sent.poll_at is None


def test_record_report_counts_a_repeated_one_once(sent):
    assert report(sent)
    finished_at = Message.objects.get().finished_at
    assert report(sent)

    assert Message.objects.get().finished_at == finished_at
    assert [receipt.times for receipt in ProviderReceipt.objects.all()] == [2]


def test_record_report_gives_what_did_not_arrive_to_a_person(sent):
    assert report(sent, FAILED)
    assert status(sent) == MessageStatus.DEAD
    assert sent.last_error_code == "esms-failed"


@pytest.mark.parametrize("order", [(DELIVERED, FAILED), (FAILED, DELIVERED)])
def test_record_report_lets_delivered_be_the_last_word(sent, order):
    for each in order:
        report(sent, each)
    assert status(sent) == MessageStatus.DELIVERED


def test_record_report_counts_what_nobody_knows(db):
    for _ in range(2):
        assert not record_report("esms", Report(True, "never-seen", "sms-9"))
    assert [(row.message, row.times) for row in ProviderReceipt.objects.all()] == [(None, 2)]


def test_record_report_keeps_no_words_of_the_provider(sent):
    assert not record_report("esms", Report(False, "Mat khau: abc", "0912 345 678", "so 0912 345 678 sai"))
    assert not ProviderReceipt.objects.exists()
    report(sent, Report(False, code="so 0912 345 678 sai"))
    assert ProviderReceipt.objects.get().code == ""
    assert (status(sent), sent.last_error_code) == (MessageStatus.DEAD, "undelivered")


def test_record_report_leaves_an_open_outcome_alone(sent):
    assert not report(sent, Report(None))
    assert status(sent) == MessageStatus.ACCEPTED


def test_early_report_counts_and_the_late_answer_does_not(message, first):
    first.script = [lambda: report(message, gateway="first")]

    assert deliver_message(message.pk) is None
    assert status(message) == MessageStatus.DELIVERED
    assert message.secret_encrypted == ""
    assert [row.outcome for row in message.tries.all()] == ["accepted"]


def test_early_failure_counts_when_the_answer_has_come(message, provider, settings, monkeypatch):
    settings.ESMS = settings.ESMS | {"RECEIPT_SECRET": "duong-dan-bi-mat-0001"}
    call = delivery.call_gateways

    def overtaken(*arguments):
        assert not report(message, FAILED, by="provider"), "the provider's id is not known yet"
        return call(*arguments)

    monkeypatch.setattr(delivery, "call_gateways", overtaken)
    assert deliver_message(message.pk) == MessageStatus.DEAD
    assert message.receipts.count() == 1


def stray(sent):
    """A report as it lies there when the worker that learnt the provider's id died before it looked."""
    sent.refresh_from_db()
    return ProviderReceipt.objects.create(
        gateway=sent.gateway, provider_message_id=sent.provider_message_id, delivered=True
    )


def test_early_report_is_matched_by_the_sweep_when_the_worker_died(sent):
    receipt = stray(sent)
    tasks.sweep()
    assert status(sent) == MessageStatus.DELIVERED
    receipt.refresh_from_db()
    assert receipt.message == sent
    assert match_reports() == 0


def test_report_that_comes_again_is_matched_then(sent):
    receipt = stray(sent)
    assert record_report(sent.gateway, Report(True, provider_message_id=sent.provider_message_id))
    receipt.refresh_from_db()
    assert (receipt.message, receipt.times) == (sent, 2)
    assert status(sent) == MessageStatus.DELIVERED


@pytest.mark.parametrize("cut", ["before", "after"])
def test_early_report_survives_a_line_that_breaks_behind_the_answer(message, provider, settings, monkeypatch, cut):
    """Cut off before it looked for reports, or between the commit of "accepted" and knowing of it."""
    settings.ESMS = settings.ESMS | {"RECEIPT_SECRET": "duong-dan-bi-mat-0001"}
    monkeypatch.setattr(statements, "PAUSES", (0,))
    monkeypatch.setattr(connection, "close", lambda: None)
    name = "apply_early_reports" if cut == "before" else "write_outcome"
    call, work, cuts = delivery.call_gateways, getattr(delivery, name), []

    def overtaken(*arguments):
        assert not report(message, by="provider")
        return call(*arguments)

    def once_cut(*arguments):
        if cut == "after":
            done = work(*arguments)
        if not cuts:
            cuts.append(cut)
            raise OperationalError("terminating connection")
        return done if cut == "after" else work(*arguments)

    monkeypatch.setattr(delivery, "call_gateways", overtaken)
    monkeypatch.setattr(delivery, name, once_cut)
    deliver_message(message.pk)

    assert cuts
    assert status(message) == MessageStatus.DELIVERED
    assert message.receipts.count() == 1


def test_report_of_delivery_ends_the_tries(message, first):
    first.script = [GatewayUnavailable("timeout")]
    assert deliver_message(message.pk) == MessageStatus.FAILED

    report(message, gateway="first")

    assert status(message) == MessageStatus.DELIVERED
    assert message.secret_encrypted == ""
    assert deliver_message(message.pk) is None


def test_report_of_failure_ends_no_tries(message, first):
    first.script = [GatewayUnavailable("timeout")]
    deliver_message(message.pk)

    report(message, FAILED, gateway="first")

    assert status(message) == MessageStatus.FAILED


def test_report_of_failure_by_another_provider_does_not_count(message, first, second):
    first.script = [GatewayUnavailable("no-connection", not_sent=True)]
    deliver_message(message.pk)

    report(message, FAILED, gateway="first")

    assert status(message) == MessageStatus.ACCEPTED


def test_report_does_not_revive_what_was_cancelled(message):
    cancel_message(message.pk)
    report(message)
    assert status(message) == MessageStatus.CANCELLED


def make_poll_due(message: Message, age: timedelta = timedelta(minutes=11)) -> None:
    now = timezone.now()
    Message.objects.filter(pk=message.pk).update(poll_at=now, sent_at=now - age)


def test_poll_receipts_asks_when_none_came(sent, provider):
    assert poll_receipts() == 0, "it is too early"
    make_poll_due(sent)
    provider.answer({"CodeResponse": "100", "SMSID": "sms-1", "SendStatus": 5, "SendSuccess": 1, "SendFailed": 0})

    assert poll_receipts() == 1
    assert "RefId=sms-1" in provider.asked[0]
    assert status(sent) == MessageStatus.DELIVERED
    assert poll_receipts() == 0


@pytest.mark.parametrize(
    ("answer", "http"),
    [
        ({"CodeResponse": "100", "SMSID": "sms-1", "SendStatus": 2}, 200),
        ({"CodeResponse": "101"}, 200),
        ({}, 500),
        ({}, 405),
        ([], 200),
        ("<html>", 200),
        # About another message, or about none.
        ({"CodeResponse": "100", "SMSID": "sms-2", "SendStatus": 5, "SendSuccess": 1}, 200),
        ({"CodeResponse": "100", "SendStatus": 5, "SendSuccess": 1}, 200),
        ({"CodeResponse": "100", "SMSID": "sms-1", "SendStatus": 5}, 200),
        ({"CodeResponse": "100", "SMSID": "sms-1", "SendStatus": [5], "SendSuccess": {"a": 1}}, 200),
    ],
)
def test_poll_receipts_asks_again_later(sent, provider, answer, http):
    make_poll_due(sent, timedelta(hours=1))
    provider.answer(answer, status=http)

    assert poll_receipts() == 1
    assert status(sent) == MessageStatus.ACCEPTED
    assert timedelta(minutes=59) < sent.poll_at - timezone.now() <= timedelta(minutes=61)
    assert poll_receipts() == 0


def test_poll_receipts_leaves_a_provider_alone_that_asks_for_it(sent, provider, real_redis):
    make_poll_due(sent)
    provider.answer({}, status=429)
    provider.head = {"Retry-After": "120"}
    assert poll_receipts() == 1
    Message.objects.update(poll_at=timezone.now())

    assert poll_receipts() == 0
    assert len(provider.asked) == 1
    assert 100_000 < real_redis.pttl("bhxh:circuit:esms:status:held") <= 120_000
    other = make_message(kind=MessageKind.RETURNED, phone=PHONE, body="Ho so")
    provider.accept()
    assert deliver_message(other.pk) == MessageStatus.ACCEPTED, "sending goes on"


def test_poll_receipts_outlives_an_answer_that_nobody_foresaw(sent, provider, monkeypatch, caplog):
    make_poll_due(sent)
    monkeypatch.setattr(EsmsGateway, "fetch_report", lambda *_: 1 / 0)
    assert poll_receipts() == 1
    assert "ZeroDivisionError at" in caplog.text


def test_poll_receipts_asks_about_several_at_a_time(db, provider):
    rows = [make_message(kind=MessageKind.RETURNED, phone=PHONE, body="Ho so") for _ in range(20)]
    for row in rows:
        deliver_message(row.pk)
        make_poll_due(row)
    provider.answer({"CodeResponse": "100", "SendStatus": 2})
    provider.delay = 0.3
    began = time.monotonic()

    assert poll_receipts() == 20
    assert time.monotonic() - began < 20 * 0.3 / 2
    assert poll_receipts() == 0


def test_poll_receipts_begins_nothing_new_when_its_time_is_over(db, provider, monkeypatch):
    monkeypatch.setattr(receipts, "POLL_SECONDS", 0.1)
    for _ in range(receipts.POLL_PARALLEL + 1):
        row = make_message(kind=MessageKind.RETURNED, phone=PHONE, body="Ho so")
        deliver_message(row.pk)
        make_poll_due(row)
    provider.answer({"CodeResponse": "100", "SendStatus": 2})
    provider.delay = 0.2

    assert [poll_receipts(), poll_receipts()] == [receipts.POLL_PARALLEL, 1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_report_that_overlaps_the_answer_is_not_lost(first, monkeypatch, queue):
    """It knows the provider's id alone, finds no row, and commits after the row has learnt the id."""
    message = make_message(kind=MessageKind.RETURNED, phone=PHONE, body="Ho so")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN PERFORM pg_sleep(1); RETURN NEW; END$$;"
            "CREATE TRIGGER slowly AFTER INSERT ON notifications_providerreceipt"
            " FOR EACH ROW EXECUTE FUNCTION slowly()"
        )
    known: list[bool] = []

    def tell() -> None:
        known.append(record_report("first", Report(True, provider_message_id="first-1")))
        connection.close()

    telling = threading.Thread(target=tell)
    first.script = [lambda: (telling.start(), time.sleep(0.4))]
    try:
        assert deliver_message(message.pk) == MessageStatus.ACCEPTED
        telling.join()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER slowly ON notifications_providerreceipt; DROP FUNCTION slowly")

    assert known == [True]
    assert status(message) == MessageStatus.DELIVERED
    assert message.receipts.count() == 1


def test_poll_receipts_gives_up_after_a_week(sent, provider):
    make_poll_due(sent, timedelta(days=7))
    provider.answer({"CodeResponse": "100", "SendStatus": 2})

    poll_receipts()

    assert status(sent) == MessageStatus.ACCEPTED
    assert sent.poll_at is None


def test_poll_receipts_asks_nobody_who_cannot_say(message, first):
    deliver_message(message.pk)
    make_poll_due(message)

    assert poll_receipts() == 0
    message.refresh_from_db()
    assert message.poll_at is None
