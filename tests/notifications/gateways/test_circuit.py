import pytest

from notifications.enums import MessageStatus
from notifications.gateways import circuit
from notifications.gateways.base import GatewayUnavailable
from notifications.services import deliver_message


def fail(times: int, name: str = "first") -> None:
    for _ in range(times):
        circuit.note_call(name, failed=True)


def test_circuit_opens_on_error_rate_and_closes_by_itself(real_redis, monkeypatch):
    for _ in range(6):
        circuit.note_call("first", failed=False)
    fail(5)
    assert circuit.open_circuits(["first"]) == set(), "5 of 11"

    monkeypatch.setattr(circuit, "OPEN_SECONDS", 1)
    fail(1)
    assert circuit.open_circuits(["first", "second"]) == {"first"}, "6 of 12"

    real_redis.delete("bhxh:circuit:first:open")  # as its time does
    assert circuit.open_circuits(["first"]) == set()


def test_circuit_needs_some_calls(real_redis):
    fail(circuit.MIN_CALLS - 1)
    assert circuit.open_circuits(["first"]) == set()


def test_circuit_closes_after_its_time(real_redis):
    fail(circuit.MIN_CALLS)
    assert 0 < real_redis.ttl("bhxh:circuit:first:open") <= circuit.OPEN_SECONDS


def test_circuit_on_trial_opens_at_one_failure_and_is_acquitted_by_one_success(real_redis):
    fail(circuit.MIN_CALLS)
    real_redis.delete("bhxh:circuit:first:open")
    fail(1)
    assert circuit.open_circuits(["first"]) == {"first"}

    real_redis.delete("bhxh:circuit:first:open")
    circuit.note_call("first", failed=False)
    fail(1)
    assert circuit.open_circuits(["first"]) == set()


def test_circuit_without_redis_is_closed(db):
    fail(circuit.MIN_CALLS)
    assert circuit.open_circuits(["first"]) == set()


def test_open_circuit_sends_messages_to_the_next_gateway(message, first, second, real_redis):
    fail(circuit.MIN_CALLS)

    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    message.refresh_from_db()
    assert message.gateway == "second"
    assert first.sent == []


def test_open_circuits_everywhere_stop_nothing(message, first, second, real_redis):
    fail(circuit.MIN_CALLS)
    fail(circuit.MIN_CALLS, "second")

    assert deliver_message(message.pk) == MessageStatus.ACCEPTED


def test_failing_tries_open_the_circuit(message, first, second, real_redis, monkeypatch):
    monkeypatch.setattr(circuit, "MIN_CALLS", 1)
    first.script = [GatewayUnavailable("timeout")]

    assert deliver_message(message.pk) == MessageStatus.FAILED
    assert circuit.open_circuits(["first"]) == {"first"}
    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
    assert second.sent == first.sent, "the same text and request id"


@pytest.mark.usefixtures("real_redis")
def test_single_gateway_has_no_circuit(message, first):
    fail(circuit.MIN_CALLS)
    assert deliver_message(message.pk) == MessageStatus.ACCEPTED
