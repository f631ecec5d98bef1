import pytest

from notifications.gateways import http
from notifications.gateways.base import GatewayFailure, GatewayRejected, GatewayUnavailable, OutgoingMessage
from notifications.gateways.esms import EsmsGateway

MESSAGE = OutgoingMessage(request_id="r-1", phone="+84912345678", text="Mat khau: aB3dE5gH7j.")


def send():
    return EsmsGateway.from_settings().send(MESSAGE)


def failure() -> GatewayFailure:
    with pytest.raises(GatewayFailure) as failed:
        send()
    assert "aB3dE5gH7j" not in repr(failed.value)
    assert failed.value.__context__ is None, "a chained error would carry the request"
    return failed.value


def test_send_hands_over_what_esms_asks_for(provider):
    assert send().provider_message_id == "sms-1"
    assert provider.requests == [
        {
            "ApiKey": "key-of-ours",
            "SecretKey": "secret-of-ours",
            "Phone": "0912345678",
            "Content": "Mat khau: aB3dE5gH7j.",
            "Brandname": "BHXH",
            "SmsType": "2",
            "IsUnicode": "0",
            "Sandbox": "0",
            "RequestId": "r-1",
        }
    ]


def test_send_takes_a_repeated_request_as_accepted(provider):
    provider.answer({"CodeResult": "124", "ErrorMessage": "RequestId is duplicated"})

    assert send().provider_message_id == ""


@pytest.mark.parametrize("sms_id", [None, "", True, 1.5, [], {"id": "sms-1"}, "sms 1", "x" * 65])
def test_send_counts_nothing_as_accepted_without_the_providers_id(provider, sms_id):
    provider.answer({"CodeResult": "100", "SMSID": sms_id})

    problem = failure()

    assert isinstance(problem, GatewayUnavailable)
    assert (problem.code, problem.not_sent) == ("no-id", False)


@pytest.mark.parametrize("code", [100, "100"])
def test_send_takes_code_and_id_as_number_or_text(provider, code):
    provider.answer({"CodeResult": code, "SMSID": 77})
    assert send().provider_message_id == "77"


@pytest.mark.parametrize("code", ["108", "146", "177", "201"])
def test_send_is_rejected_for_what_is_wrong_with_the_message(provider, code):
    provider.answer({"CodeResult": code, "ErrorMessage": "0912345678 Mat khau: aB3dE5gH7j."})

    problem = failure()

    assert isinstance(problem, GatewayRejected)
    assert problem.code == f"esms-{code}"


@pytest.mark.parametrize("code", ["101", "103", "104", "140"])
def test_send_is_unavailable_for_what_is_wrong_with_our_account(provider, code):
    provider.answer({"CodeResult": code})

    problem = failure()

    assert isinstance(problem, GatewayUnavailable)
    assert (problem.code, problem.not_sent) == (f"esms-{code}", True)


def test_send_is_unavailable_for_an_unknown_code(provider):
    provider.answer({"CodeResult": "99"})

    problem = failure()

    assert isinstance(problem, GatewayUnavailable)
    assert (problem.code, problem.not_sent) == ("esms-99", False)


@pytest.mark.parametrize(
    "body", [b"<html>aB3dE5gH7j</html>", b"", b"[]", b"{}", b'{"CodeResult": "aB3dE5gH7j"}', b"\xff"]
)
def test_send_is_unavailable_for_garbage(provider, body):
    provider.body = body

    problem = failure()

    assert isinstance(problem, GatewayUnavailable)
    assert (problem.code, problem.not_sent) == ("garbage", False)


@pytest.mark.parametrize(
    ("status", "kind", "not_sent"),
    [
        (500, GatewayUnavailable, False),
        (502, GatewayUnavailable, False),
        (302, GatewayUnavailable, False),
        (408, GatewayUnavailable, False),
        (401, GatewayUnavailable, True),
        (429, GatewayUnavailable, True),
        (409, GatewayUnavailable, False),
        (400, GatewayUnavailable, True),
        (405, GatewayUnavailable, True),
        (422, GatewayUnavailable, True),
    ],
)
def test_send_sorts_http_statuses(provider, status, kind, not_sent):
    provider.answer({}, status=status)

    problem = failure()

    assert type(problem) is kind
    assert problem.code == f"http-{status}"
    assert getattr(problem, "not_sent", None) is not_sent


def test_send_gives_up_on_a_slow_provider_not_knowing_what_it_did(provider, monkeypatch):
    monkeypatch.setattr(http, "TIMEOUT", (0.5, 0.2))
    provider.delay = 0.6

    problem = failure()

    assert isinstance(problem, GatewayUnavailable)
    assert (problem.code, problem.not_sent) == ("timeout", False)


def test_send_does_not_know_what_a_provider_did_that_hung_up(provider):
    provider.hang_up = True

    problem = failure()

    assert isinstance(problem, GatewayUnavailable)
    assert (problem.code, problem.not_sent) == ("network", False)


def test_send_knows_that_a_refused_connection_sent_nothing(provider):
    provider.close()

    problem = failure()

    assert isinstance(problem, GatewayUnavailable)
    assert (problem.code, problem.not_sent) == ("no-connection", True)


def test_reprs_show_neither_keys_nor_text(provider):
    shown = repr(EsmsGateway.from_settings()) + repr(MESSAGE)

    for hidden in ("key-of-ours", "secret-of-ours", "aB3dE5gH7j", "912345678"):
        assert hidden not in shown
