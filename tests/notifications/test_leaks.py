"""What an error reporter would see: every frame of an error with all its values."""

import logging
import traceback

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.utils import timezone

from notifications import secrets
from notifications.enums import MessageKind, MessageStatus
from notifications.gateways.base import GatewayFailure, GatewayUnavailable, OutgoingMessage
from notifications.gateways.esms import EsmsGateway
from notifications.gateways.generic import Answers, HttpGateway
from notifications.models import Message
from notifications.services import deliver_message
from tests.notifications.conftest import PHONE

PASSWORD = "aB3dE5gH7j"
KEY = "key-of-ours"


def report(problem: BaseException) -> str:
    """The error with its causes, their frames and the values in them; without those of the tests, which know all."""
    found = traceback.TracebackException.from_exception(problem, capture_locals=True)
    links = [found]
    while links:
        link = links.pop()
        link.stack[:] = [frame for frame in link.stack if "/tests/" not in frame.filename]
        links += [cause for cause in (link.__cause__, link.__context__) if cause is not None]
    return "".join(found.format())


def refuse_updates() -> None:
    """From now on the database fails when a message is written."""
    table = Message._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                "$$BEGIN RAISE EXCEPTION 'disk full' ; END$$"
            )
            cursor.execute(f"CREATE TRIGGER refuse BEFORE UPDATE ON {table} EXECUTE FUNCTION refuse()")
        else:
            cursor.execute(
                f"CREATE TRIGGER refuse BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            )


def test_database_error_in_a_second_try_shows_no_password(message, made, first):
    first.script = [GatewayUnavailable("timeout")]
    deliver_message(message.pk)
    Message.objects.update(next_attempt_at=timezone.now())
    refuse_updates()

    with pytest.raises(DatabaseError) as failed:
        deliver_message(message.pk)

    assert made[0] not in report(failed.value)
    assert "claim_message" in report(failed.value)
    assert len(first.sent) == 1


@pytest.mark.parametrize(("problem", "kind"), [(OperationalError, OperationalError), (KeyError, RuntimeError)])
def test_failing_maker_shows_no_password(message, first, monkeypatch, problem, kind):
    def make(message: Message) -> str:
        password = PASSWORD
        raise problem(password)

    monkeypatch.setitem(secrets.SECRET_MAKERS, MessageKind.CREDENTIAL, make)

    with pytest.raises(kind, match=r"test_leaks\.py") as failed:
        deliver_message(message.pk)
    assert PASSWORD not in report(failed.value)


OUTGOING = OutgoingMessage(request_id="r-1", phone=PHONE, text=f"Mat khau: {PASSWORD}.")
# What comes back, and with which status; 0: the line is cut.
ANSWERS = {
    "garbage": (200, {"CodeResult": f"Mat khau: {PASSWORD}.", "code": "Mat khau"}),
    "refused": (200, {"CodeResult": "108", "code": "7", "text": f"Mat khau: {PASSWORD}."}),
    "down": (503, {"text": f"Mat khau: {PASSWORD}."}),
    "hung up": (0, {}),
}


BODY = {"to": "{phone}", "text": "{text}"}
RULES = Answers("status", frozenset({"good"}), error_path="code", rejected=frozenset({"7"}))


def esms(url: str, key: str) -> EsmsGateway:
    return EsmsGateway(url, key, key, "BHXH")


def form(url: str, key: str) -> HttpGateway:
    return HttpGateway("sms", url, BODY, "form", headers={"X-Key": key}, answers=RULES)


def json(url: str, key: str) -> HttpGateway:
    return HttpGateway("sms", url, BODY, headers={"X-Key": key}, answers=RULES)


@pytest.mark.parametrize("gateway", [esms, form, json])
@pytest.mark.parametrize("answer", ANSWERS)
def test_failing_call_shows_neither_password_nor_key(provider, monkeypatch, gateway, answer):
    monkeypatch.setattr(provider, "parse", bytes)
    status, words = ANSWERS[answer]
    provider.answer(words, status=status)
    provider.hang_up = not status

    with pytest.raises(GatewayFailure) as failed:
        gateway(provider.url, KEY).send(OUTGOING)

    assert PASSWORD not in report(failed.value)
    assert KEY not in report(failed.value)


@pytest.mark.parametrize("gateway", [form, json])
def test_call_that_breaks_is_recorded_for_a_person_and_says_nothing(
    message, made, provider, first, caplog, monkeypatch, gateway
):
    broken = gateway(provider.url, f"{KEY}\n")
    monkeypatch.setattr(first, "send", broken.send)

    with caplog.at_level(logging.DEBUG):
        assert deliver_message(message.pk) == MessageStatus.DEAD

    message.refresh_from_db()
    assert (message.last_error_code, message.secret_encrypted) == ("internal", "")
    assert [(row.outcome, row.code) for row in message.tries.all()] == [("unavailable", "internal")]
    assert deliver_message(message.pk) is None
    assert "ValueError at" in caplog.text
    assert KEY not in caplog.text
    assert made[0] not in caplog.text
    with pytest.raises(GatewayFailure) as failed:
        broken.send(OUTGOING)
    assert PASSWORD not in report(failed.value)
    assert KEY not in report(failed.value)


def test_gateway_that_raises_anything_is_recorded_and_next_messages_go_on(message, made, first, caplog):
    first.script = [ValueError(f"Mat khau: {PASSWORD}.")]

    assert deliver_message(message.pk) == MessageStatus.DEAD
    assert message.tries.get().code == "internal"
    assert PASSWORD not in caplog.text
    assert f"Message {message.pk}: first broke: ValueError at conftest.py" in caplog.text


@pytest.mark.parametrize("echo", ["Mat khau: {}.", "x" * 65])
def test_words_in_the_place_of_an_id_are_no_proof_and_not_stored(message, made, provider, caplog, echo):
    provider.answer({"CodeResult": "100", "SMSID": echo.format("Zq70xW4kVt")})

    with caplog.at_level(logging.DEBUG):
        assert deliver_message(message.pk) == MessageStatus.FAILED
    assert made == ["Zq70xW4kVt"]
    message.refresh_from_db()
    assert (message.provider_message_id, message.last_error_code) == ("", "no-id")
    assert made[0] not in caplog.text


@pytest.mark.parametrize("echo", ["{}", "sms-{}"])
def test_id_that_says_the_text_back_is_not_stored(message, made, provider, echo):
    words = echo.format("Zq70xW4kVt")
    provider.answer({"CodeResult": "100", "SMSID": words})

    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert made == ["Zq70xW4kVt"]
    message.refresh_from_db()
    assert message.provider_message_id == ""


def test_code_that_says_the_password_back_is_not_stored(message, made, provider, first, monkeypatch, caplog):
    provider.answer({"status": "bad", "code": "Zq70xW4kVt"})
    monkeypatch.setattr(first, "send", json(provider.url, KEY).send)

    with caplog.at_level(logging.DEBUG):
        assert deliver_message(message.pk) == MessageStatus.FAILED
    assert made == ["Zq70xW4kVt"]
    message.refresh_from_db()
    assert (message.last_error_code, message.tries.get().code) == ("", "")
    assert made[0] not in caplog.text
