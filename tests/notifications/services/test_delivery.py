import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth import get_user_model
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from notifications import secrets
from notifications.enums import MessageKind, MessageStatus
from notifications.gateways.base import GatewayRejected, GatewayUnavailable, OutgoingMessage
from notifications.models import Message
from notifications.secrets import NewSecret, RowUpdate, Secret, SecretUnavailable
from notifications.services import claims, deliver_message, delivery, keeping, statements
from notifications.services.calls import call_gateways
from notifications.services.claims import MAX_ATTEMPTS, Claim, retry_delay
from notifications.services.recording import write_outcome
from notifications.services.states import LEASE, accepted
from tests.notifications.conftest import PHONE
from tests.notifications.factories import make_message

User = get_user_model()


def everything_stored() -> str:
    """Every value in every table."""
    rows = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += cursor.fetchall()
    return repr(rows)


def slowly(problem: Exception) -> Callable[[], None]:
    """Half a second, and then this failure."""

    def step() -> None:
        time.sleep(0.5)
        raise problem

    return step


def make_due(message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(next_attempt_at=timezone.now())


def abandon(message: Message) -> None:
    """As a worker leaves it that was killed a while ago."""
    Message.objects.filter(pk=message.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_deliver_message_hands_over_the_secret_and_wipes_it(message, made, provider, caplog):
    with caplog.at_level(logging.DEBUG):
        assert deliver_message(message.pk) == MessageStatus.ACCEPTED

    message.refresh_from_db()
    assert provider.requests[0]["Content"] == f"Mat khau: {made[0]}."
    assert provider.requests[0]["RequestId"] == message.request_id
    assert (message.gateway, message.provider_message_id, message.attempts) == ("esms", "sms-1", 1)
    assert message.sent_at is not None
    assert message.secret_encrypted == ""
    assert made[0] not in everything_stored()
    assert made[0] not in caplog.text
    assert "912345678" not in caplog.text


def test_deliver_message_keeps_the_secret_encrypted_between_tries(message, made, provider, caplog):
    provider.answer({"ErrorMessage": "Mat khau"}, status=500)
    with caplog.at_level(logging.DEBUG):
        assert deliver_message(message.pk) == MessageStatus.FAILED

    message.refresh_from_db()
    assert secrets.decrypt(message.secret_encrypted).value == made[0]
    assert made[0] not in everything_stored()
    assert made[0] not in caplog.text


def test_deliver_message_sends_the_same_text_and_request_on_every_try(message, made, provider):
    provider.answer({}, status=500)
    deliver_message(message.pk)
    make_due(message)
    deliver_message(message.pk)
    make_due(message)
    provider.accept()

    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert len(made) == 1
    assert len(provider.requests) == 3
    assert provider.requests[0] == provider.requests[1] == provider.requests[2]
    assert [(row.number, row.outcome, row.code) for row in message.tries.all()] == [
        (1, "unavailable", "http-500"),
        (2, "unavailable", "http-500"),
        (3, "accepted", ""),
    ]


def test_deliver_message_sends_once(message, first):
    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert deliver_message(message.pk) is None
    assert deliver_message(0) is None
    assert len(first.sent) == 1


def test_deliver_message_needs_no_secret(db, first):
    message = make_message(kind=MessageKind.RETURNED, phone=PHONE, body="Ho so duoc tra lai.")

    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert first.sent[0].text == "Ho so duoc tra lai."


def test_deliver_message_gives_a_rejected_message_to_a_person_at_once(message, made, first):
    first.script = [GatewayRejected("esms-108")]

    assert deliver_message(message.pk) == MessageStatus.DEAD

    message.refresh_from_db()
    assert (message.last_error_code, message.secret_encrypted) == ("esms-108", "")
    assert message.finished_at is not None
    assert deliver_message(message.pk) is None


def test_deliver_message_tries_again_at_once_and_then_waits(message, first, queue, django_capture_on_commit_callbacks):
    first.script = [GatewayUnavailable("timeout")] * 2
    with django_capture_on_commit_callbacks(execute=True):
        assert deliver_message(message.pk) == MessageStatus.FAILED
    assert queue.ids() == [message.pk]

    with django_capture_on_commit_callbacks(execute=True):
        assert deliver_message(message.pk) == MessageStatus.FAILED
    assert queue.ids() == []

    assert deliver_message(message.pk) is None, "the next try is a minute away"
    message.refresh_from_db()
    assert timedelta(seconds=50) < message.next_attempt_at - timezone.now() <= timedelta(minutes=1)


def test_deliver_message_gives_up_after_a_day(message, first):
    Message.objects.filter(pk=message.pk).update(status="failed", attempts=MAX_ATTEMPTS - 1)
    first.script = [GatewayUnavailable("timeout")]

    assert deliver_message(message.pk) == MessageStatus.DEAD
    message.refresh_from_db()
    assert (message.last_error_code, message.secret_encrypted) == ("timeout", "")


def test_retry_delay_follows_the_schedule():
    minutes = [retry_delay(number).total_seconds() / 60 for number in range(1, MAX_ATTEMPTS)]

    assert minutes[:7] == [0, 1, 5, 15, 60, 60, 60]
    assert 23 * 60 < sum(minutes) <= 24 * 60
    assert retry_delay(MAX_ATTEMPTS) is None


def test_deliver_message_leaves_a_running_one_alone(message, first):
    answers = []
    first.script = [lambda: answers.append(deliver_message(message.pk))]

    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert answers == [None]
    assert len(first.sent) == 1


def test_deliver_message_takes_over_from_a_dead_worker_with_the_same_text(message, made, first):
    first.script = [SystemExit("killed")]
    with pytest.raises(SystemExit):
        deliver_message(message.pk)
    assert deliver_message(message.pk) is None, "its lease still runs"

    abandon(message)

    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert first.sent[0] == first.sent[1]
    assert len(made) == 1


def test_deliver_message_gives_up_on_what_kills_every_worker(message, first):
    Message.objects.filter(pk=message.pk).update(status="sending", attempts=MAX_ATTEMPTS)
    abandon(message)

    assert deliver_message(message.pk) is None
    message.refresh_from_db()
    assert (message.status, message.last_error_code) == (MessageStatus.DEAD, "no-answer")
    assert first.sent == []


def test_late_finisher_cannot_overwrite_a_newer_state(message, first):
    def overtaken():
        abandon(message)
        assert deliver_message(message.pk) == MessageStatus.ACCEPTED
        raise GatewayUnavailable("timeout")

    first.script = [overtaken]

    assert deliver_message(message.pk) is None

    message.refresh_from_db()
    assert (message.status, message.attempts, message.last_error_code) == ("accepted", 2, "")
    assert [(row.number, row.outcome) for row in message.tries.all()] == [(2, "accepted"), (1, "unavailable")]


def test_late_finisher_cannot_overwrite_a_running_try(message, first):
    outer = []

    def overtaken():
        abandon(message)
        first.script = [lambda: outer.append("second try is running"), *first.script]
        Message.objects.filter(pk=message.pk).update(attempts=2, lease_until=timezone.now() + timedelta(minutes=1))

    first.script = [overtaken]

    assert deliver_message(message.pk) is None
    message.refresh_from_db()
    assert (message.status, message.attempts) == (MessageStatus.SENDING, 2)
    assert message.secret_encrypted != ""


def test_next_gateway_takes_over_when_nothing_was_sent(message, first, second):
    first.script = [GatewayUnavailable("no-connection", not_sent=True)]

    assert deliver_message(message.pk) == MessageStatus.ACCEPTED

    message.refresh_from_db()
    assert (message.gateway, message.attempts) == ("second", 1)
    assert second.sent == first.sent
    assert [(row.number, row.gateway, row.outcome) for row in message.tries.all()] == [
        (1, "first", "unavailable"),
        (1, "second", "accepted"),
    ]


@pytest.mark.parametrize("problem", [GatewayUnavailable("timeout"), GatewayRejected("esms-201")])
def test_next_gateway_stays_out_when_the_first_may_have_sent(message, first, second, problem):
    first.script = [problem]

    deliver_message(message.pk)

    assert second.sent == []


def test_deliver_message_buries_a_secret_out_of_date(message, made, first):
    Message.objects.filter(pk=message.pk).update(secret_expires_at=timezone.now())

    assert deliver_message(message.pk) is None

    message.refresh_from_db()
    assert (message.status, message.last_error_code) == (MessageStatus.DEAD, "expired")
    assert (made, first.sent) == ([], [])


def test_what_runs_out_of_date_in_another_workers_hands_is_left_there(message, first):
    until = timezone.now()
    Message.objects.update(
        status="sending", attempts=1, lease_until=until + timedelta(seconds=9), secret_expires_at=until
    )

    assert deliver_message(message.pk) is None

    message.refresh_from_db()
    assert (message.status, message.attempts) == (MessageStatus.SENDING, 1)


def test_deliver_message_never_makes_a_second_secret_when_the_key_is_lost(message, made, first, settings):
    first.script = [GatewayUnavailable("timeout")]
    deliver_message(message.pk)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]

    assert deliver_message(message.pk) is None

    message.refresh_from_db()
    assert (message.status, message.last_error_code) == (MessageStatus.DEAD, "key-lost")
    assert len(made) == 1


def refuse_secret(message: Message) -> NewSecret:
    raise secrets.SecretUnavailable("no-account")


def test_deliver_message_buries_what_has_no_secret(message, first, monkeypatch):
    monkeypatch.setitem(secrets.SECRET_MAKERS, MessageKind.CREDENTIAL, refuse_secret)

    assert deliver_message(message.pk) is None

    message.refresh_from_db()
    assert (message.status, message.last_error_code, message.lease_until) == (MessageStatus.DEAD, "no-account", None)
    assert first.sent == []


@pytest.mark.parametrize("change", [{"attempts": 2}, {"status": "cancelled", "lease_until": None}])
def test_refusal_of_a_lost_claim_ends_nothing(message, first, monkeypatch, change):
    def refuse(_message):
        Message.objects.update(**change)
        raise SecretUnavailable("no-account")

    monkeypatch.setitem(secrets.SECRET_MAKERS, MessageKind.CREDENTIAL, refuse)

    assert deliver_message(message.pk) is None

    message.refresh_from_db()
    assert (message.status, message.last_error_code) == (change.get("status", MessageStatus.SENDING), "")
    assert message.attempts == change.get("attempts", 1)


@pytest.fixture
def account(message) -> User:
    account = User.objects.create(username="7912345678", password="an old hash")
    Message.objects.update(account=account)
    return account


def make_for(account: User, monkeypatch, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Credentials are "abcdefghij" from now on, and the account's password "a hash"; `meanwhile` happens while it is
    made."""
    taken = SecretUnavailable("already-chosen", needs_person=False)

    def make(message: Message) -> NewSecret:
        sql, params = "UPDATE accounts_user SET password = %s WHERE id = %s AND is_active", ("a hash", account.pk)
        meanwhile()
        return NewSecret(Secret("abcdefghij"), RowUpdate(sql, params, lambda: taken))

    monkeypatch.setitem(secrets.SECRET_MAKERS, MessageKind.CREDENTIAL, make)


def test_secret_is_in_force_before_it_leaves(message, account, first, monkeypatch):
    make_for(account, monkeypatch)
    hashes: list[str] = []
    first.script = [lambda: hashes.append(User.objects.get().password)]

    assert deliver_message(message.pk) == MessageStatus.ACCEPTED

    assert hashes == ["a hash"]
    assert first.sent[0].text == "Mat khau: abcdefghij."


def test_secret_that_its_row_refuses_is_neither_kept_nor_sent(message, account, first, monkeypatch):
    make_for(account, monkeypatch, meanwhile=lambda: User.objects.update(is_active=False))
    end, kept = claims._end, []

    def look_first(row, *arguments, **named):
        kept.append(row.get().secret_encrypted)
        end(row, *arguments, **named)

    monkeypatch.setattr(claims, "_end", look_first)

    assert deliver_message(message.pk) is None

    message.refresh_from_db()
    assert (message.status, message.last_error_code) == (MessageStatus.CANCELLED, "already-chosen")
    assert (message.attempts, message.secret_encrypted, kept) == (0, "", [""])
    assert (User.objects.get().password, first.sent) == ("an old hash", [])


@pytest.mark.parametrize("change", [{"attempts": 2}, {"status": "cancelled", "lease_until": None}])
def test_secret_of_a_lost_claim_changes_no_account(message, account, first, monkeypatch, change):
    """The worker slept while it made the secret: another one took the message, or somebody called it off."""
    make_for(account, monkeypatch, meanwhile=lambda: Message.objects.update(**change))

    assert deliver_message(message.pk) is None

    message.refresh_from_db()
    assert (message.secret_encrypted, User.objects.get().password, first.sent) == ("", "an old hash", [])
    assert message.status == change.get("status", MessageStatus.SENDING)


def test_secret_of_a_lost_claim_that_needs_no_row_is_not_sent(message, first, monkeypatch):
    def make(_message):
        Message.objects.update(attempts=2)
        return NewSecret(Secret("abcdefghij"))

    monkeypatch.setitem(secrets.SECRET_MAKERS, MessageKind.CREDENTIAL, make)

    assert deliver_message(message.pk) is None

    message.refresh_from_db()
    assert (message.status, message.secret_encrypted, first.sent) == (MessageStatus.SENDING, "", [])


def test_secret_is_kept_once_when_nobody_knows_whether_it_was(message, account, first, monkeypatch):
    make_for(account, monkeypatch)
    keep, cuts = keeping._keep, []

    def cut_once(*arguments):
        keep(*arguments)
        if not cuts:
            cuts.append("cut")
            raise OperationalError("terminating connection")

    monkeypatch.setattr(keeping, "_keep", cut_once)
    monkeypatch.setattr(statements, "PAUSES", (0,))
    monkeypatch.setattr(connection, "close", lambda: None)

    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert (cuts, len(first.sent)) == (["cut"], 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.parametrize(("changes", "is_sent"), [("published_at = now()", True), ("attempts = attempts + 1", False)])
def test_row_that_changes_while_the_secret_is_put_into_force(made, first, queue, monkeypatch, changes, is_sent):
    """Somebody else's write to the message begins before ours and ends while ours waits for it."""
    account = User.objects.create(username="7912345678", password="an old hash")
    message = make_message(kind=MessageKind.CREDENTIAL, phone=PHONE, body="Mat khau: {secret}.", account=account)
    other = connection.copy()
    threads: list[threading.Thread] = []

    def overtake() -> None:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(f"UPDATE notifications_message SET {changes} WHERE id = %s", [message.pk])
        threads.append(threading.Timer(0.5, other.connection.commit))
        threads[0].start()

    make_for(account, monkeypatch, meanwhile=overtake)
    began = time.monotonic()
    status = deliver_message(message.pk)
    waited = time.monotonic() - began
    threads[0].join()
    other.close()

    assert waited >= 0.4
    assert status == (MessageStatus.ACCEPTED if is_sent else None)
    assert User.objects.get().password == ("a hash" if is_sent else "an old hash")
    assert len(first.sent) == is_sent


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's own")
@pytest.mark.parametrize("threshold", [2, None])
def test_statements_of_a_message_are_prepared_and_no_others(first, queue, monkeypatch, threshold):
    connection.ensure_connection()
    monkeypatch.setattr(connection.connection, "prepare_threshold", threshold)
    for number in range(4):
        account = User.objects.create(username=f"791234567{number}")
        make_for(account, monkeypatch)
        message = make_message(kind=MessageKind.CREDENTIAL, phone=PHONE, body="Mat khau: {secret}.", account=account)
        assert deliver_message(message.pk) == MessageStatus.ACCEPTED
        assert User.objects.filter(username__startswith="79").count() == number + 1

    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        prepared = [" ".join(row[0].split())[:40] for row in cursor.fetchall()]
    ours = [
        "UPDATE notifications_message SET status ",
        "WITH mine AS ( SELECT id FROM notificati",
        "WITH mine AS ( UPDATE notifications_mess",
    ]
    assert sorted(prepared) == (ours if threshold else [])


@pytest.fixture
def tried(message, first) -> Message:
    """A credential of which one try timed out: its SMS may have arrived."""
    message.account = User.objects.create(username="7912345678")
    message.save()
    first.script = [GatewayUnavailable("timeout")]
    deliver_message(message.pk)
    return message


@pytest.mark.parametrize(("needs_person", "status"), [(False, MessageStatus.CANCELLED), (True, MessageStatus.DEAD)])
def test_secret_that_is_of_no_use_any_more_is_not_sent_again(tried, made, first, monkeypatch, needs_person, status):
    def refuse(message: Message) -> None:
        raise secrets.SecretUnavailable("already-chosen", needs_person=needs_person)

    monkeypatch.setitem(secrets.SECRET_CHECKS, MessageKind.CREDENTIAL, refuse)

    assert deliver_message(tried.pk) is None

    tried.refresh_from_db()
    assert (tried.status, tried.last_error_code, tried.secret_encrypted) == (status, "already-chosen", "")
    assert (len(made), len(first.sent)) == (1, 1)


def test_secret_is_asked_about_before_later_tries_only(message, made, first, monkeypatch):
    asked: list[int] = []
    monkeypatch.setitem(secrets.SECRET_CHECKS, MessageKind.CREDENTIAL, lambda row: asked.append(row.pk))
    first.script = [GatewayUnavailable("timeout")]

    deliver_message(message.pk)
    assert asked == []
    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert asked == [message.pk]


def test_secret_of_a_closed_account_is_not_sent_again(tried, first):
    User.objects.update(is_active=False)

    assert deliver_message(tried.pk) is None

    tried.refresh_from_db()
    assert (tried.status, tried.last_error_code) == (MessageStatus.DEAD, "no-account")
    assert len(first.sent) == 1


@pytest.mark.parametrize("secret", ["", "x" * 11, "mật"])
def test_deliver_message_refuses_a_secret_that_does_not_fit(message, first, monkeypatch, secret):
    monkeypatch.setitem(secrets.SECRET_MAKERS, MessageKind.CREDENTIAL, lambda message: NewSecret(Secret(secret)))

    with pytest.raises(ValueError, match="SECRET_LENGTH"):
        deliver_message(message.pk)
    message.refresh_from_db()
    # Left to the lease, as after a worker's death.
    assert (message.status, message.secret_encrypted, first.sent) == (MessageStatus.SENDING, "", [])


def test_deliver_message_calls_a_reset_code_off_that_is_out_of_date(db, first, monkeypatch):
    monkeypatch.setitem(secrets.SECRET_MAKERS, MessageKind.RESET_CODE, lambda message: NewSecret(Secret("123456")))
    message = make_message(kind=MessageKind.RESET_CODE, phone=PHONE, body="Ma: {secret}.")
    first.script = [GatewayUnavailable("timeout")]
    deliver_message(message.pk)
    Message.objects.update(secret_expires_at=timezone.now())

    assert deliver_message(message.pk) is None

    message.refresh_from_db()
    assert (message.status, message.last_error_code, message.secret_encrypted) == ("cancelled", "expired", "")
    assert len(first.sent) == 1


@pytest.mark.parametrize("status", ["accepted", "delivered", "dead", "cancelled"])
def test_database_keeps_no_secret_in_a_settled_message(message, status):
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(status=status, secret_encrypted="token")


@pytest.mark.django_db(transaction=True)
def test_deliver_message_refuses_to_send_inside_a_transaction(made, first, queue):
    message = make_message(kind=MessageKind.RETURNED, phone=PHONE, body="Ho so duoc tra lai.")

    with pytest.raises(RuntimeError), transaction.atomic():
        deliver_message(message.pk)
    assert first.sent == []
    first.script = [lambda: in_block.append(connection.in_atomic_block)]
    in_block: list[bool] = []
    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert in_block == [False]


def test_deliver_message_starts_no_call_that_would_outlast_its_lease(message, first, second, monkeypatch):
    monkeypatch.setattr(claims, "LEASE", claims.CALL_LIMIT + timedelta(seconds=0.3))
    first.script = [slowly(GatewayUnavailable("connect-timeout", not_sent=True))]

    assert deliver_message(message.pk) == MessageStatus.FAILED
    assert second.sent == []


def test_worker_that_slept_through_its_lease_sends_nothing(message, made, first, monkeypatch):
    monkeypatch.setattr(claims, "LEASE", claims.CALL_LIMIT + timedelta(seconds=0.3))
    make = secrets.SECRET_MAKERS[MessageKind.CREDENTIAL]
    monkeypatch.setitem(secrets.SECRET_MAKERS, MessageKind.CREDENTIAL, lambda row: (time.sleep(0.5), make(row))[1])

    assert deliver_message(message.pk) is None

    assert first.sent == []
    assert message.tries.count() == 0
    abandon(message)
    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert f"Mat khau: {made[0]}." == first.sent[0].text


def test_claim_allows_a_call_only_while_both_clocks_do():
    def allows(wall: float, monotonic: float) -> bool:
        outgoing = OutgoingMessage("r", PHONE, "t", until=time.monotonic() + monotonic)
        return Claim(1, 1, 1, timezone.now() + timedelta(seconds=wall), outgoing).allows_call()

    assert [allows(20, 20), allows(14, 20), allows(20, 14)] == [True, False, False]


def test_lease_runs_from_before_the_claim_by_both_clocks(message, made, monkeypatch):
    take = claims._take
    monkeypatch.setattr(claims, "_take", lambda *arguments: (time.sleep(1), take(*arguments))[1])
    wall, monotonic = timezone.now(), time.monotonic()

    claim = claims.claim_message(message.pk)

    assert LEASE <= claim.lease_until - wall < LEASE + timedelta(seconds=1)
    assert LEASE.total_seconds() <= claim.outgoing.until - monotonic < LEASE.total_seconds() + 1


@pytest.mark.django_db(transaction=True)
def test_deliver_message_waits_for_a_database_that_comes_back(made, first, monkeypatch, queue):
    message = make_message(kind=MessageKind.CREDENTIAL, phone=PHONE, body="Mat khau: {secret}.")
    record, refusals = delivery.write_outcome, [OperationalError("restarting"), OperationalError("restarting")]

    def fragile(*arguments):
        if refusals:
            raise refusals.pop()
        return record(*arguments)

    monkeypatch.setattr(delivery, "write_outcome", fragile)
    monkeypatch.setattr(statements, "PAUSES", (0, 0, 0))

    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert len(first.sent) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no line that breaks")
@pytest.mark.parametrize("moment", ["before", "during"])
def test_deliver_message_goes_on_over_a_new_line_when_the_old_one_broke(made, first, queue, moment):
    message = make_message(kind=MessageKind.RETURNED, phone=PHONE, body="Ho so duoc tra lai.")

    def break_line() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            victim = cursor.fetchone()[0]
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [victim])
        other.close()

    if moment == "before":
        break_line()
    else:
        first.script = [break_line]

    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert len(first.sent) == 1
    assert message.tries.count() == 1


def test_outcome_that_is_written_twice_is_kept_once(message, first):
    """As after a commit of which nobody knows whether it went through."""
    claim = claims.claim_message(message.pk)
    calls = call_gateways(claim, [first])

    assert write_outcome(claim, calls, accepted("first-1"))
    assert not write_outcome(claim, calls, accepted("first-1"))
    assert message.tries.count() == 1


@pytest.mark.parametrize("status", ["queued", "failed", "sending"])
@pytest.mark.parametrize("body", ["Ho so duoc tra lai.", "Mat khau: {secret}."])
@pytest.mark.parametrize("is_due", [True, False])
def test_message_is_taken_when_its_time_has_come(db, made, first, status, body, is_due):
    message = make_message(kind=MessageKind.CREDENTIAL, phone=PHONE, body=body)
    moment = timezone.now() + timedelta(seconds=-1 if is_due or status == "queued" else 60)
    Message.objects.update(status=status, attempts=3, next_attempt_at=moment, lease_until=moment)

    taken = deliver_message(message.pk)

    assert taken == (MessageStatus.ACCEPTED if is_due or status == "queued" else None)
    message.refresh_from_db()
    assert message.attempts == (4 if taken else 3)


@pytest.mark.parametrize("status", ["accepted", "delivered", "dead", "cancelled"])
@pytest.mark.parametrize("body", ["Ho so duoc tra lai.", "Mat khau: {secret}."])
def test_message_that_has_ended_is_never_taken_again(db, made, status, body):
    message = make_message(kind=MessageKind.CREDENTIAL, phone=PHONE, body=body)
    Message.objects.update(status=status, attempts=1, lease_until=None, next_attempt_at=None)

    assert claims.claim_message(message.pk) is None

    message.refresh_from_db()
    assert (message.status, message.attempts, made) == (status, 1, [])
