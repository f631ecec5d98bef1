"""Codes at the same time as something else: one outcome, and never two that contradict each other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from common.sms_codes import MAX_TRIES, RESEND_AFTER, VALID_FOR
from notifications.models import Message
from registration import access_codes, services
from registration.models import AccessCode, Declaration
from tests.registration.factories import make_declaration, make_officer

pytestmark = pytest.mark.django_db(transaction=True)


def together(*calls: Callable[[], object]) -> list[object]:
    """What each call, made at the same time as the others, returned or raised."""

    def outcome(call: Callable[[], object]) -> object:
        try:
            return call()
        except services.RegistrationError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(outcome, calls))


def give_code(declaration: Declaration, asking: str = "here", digits: str = "123456") -> None:
    """A code by SMS as the worker leaves it."""
    expires_at = timezone.now() + VALID_FOR
    code = AccessCode.objects.create(
        declaration=declaration, asking=asking, phone=declaration.phone, expires_at=expires_at
    )
    AccessCode.objects.filter(pk=code.pk).update(code_hash=access_codes.hash_code(code.pk, digits))


def refusals(outcomes: list[object]) -> list[type]:
    return [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)]


def test_officers_code_typed_in_two_browsers_at_once_opens_one() -> None:
    declaration = make_declaration("returned")
    digits = services.issue_access_code(declaration.pk, officer=make_officer())
    outcomes = together(
        *(
            lambda asking=asking: services.open_with_code(declaration.pk, digits, asking=asking)
            for asking in ("one", "two", "three")
        )
    )
    assert refusals(outcomes) == [services.CodeRefused] * 2


def test_code_sent_twice_at_once_by_one_browser_is_used_once() -> None:
    declaration = make_declaration("returned")
    give_code(declaration)
    outcomes = together(*[lambda: services.open_with_code(declaration.pk, "123456", asking="here")] * 3)
    assert refusals(outcomes) == []
    assert AccessCode.objects.filter(used_at__isnull=False).count() == 1


def test_tries_at_once_are_all_counted() -> None:
    declaration = make_declaration("returned")
    give_code(declaration)
    tries = [lambda: services.open_with_code(declaration.pk, "000000", asking="here")] * 8
    assert refusals(together(*tries)) == [services.CodeRefused] * 8
    assert AccessCode.objects.get().tries == MAX_TRIES
    with pytest.raises(services.CodeRefused):
        services.open_with_code(declaration.pk, "123456", asking="here")


def test_asking_twice_at_once_sends_one_code() -> None:
    declaration = make_declaration("returned")
    ask = [lambda: services.request_access_code(declaration.pk, asking="here", address="203.0.113.9")] * 3
    assert refusals(together(*ask)) == [services.CodesExhausted] * 2
    assert Message.objects.filter(kind="access_code").count() == AccessCode.objects.count() == 1
    AccessCode.objects.update(created_at=timezone.now() - RESEND_AFTER - timedelta(seconds=1))
    ask[0]()
    assert AccessCode.objects.count() == 2


@pytest.mark.parametrize("step", ["withdraw", "reject"])
def test_code_at_the_same_time_as_the_end_opens_it_or_is_refused(step: str) -> None:
    declaration, officer = make_declaration("returned"), make_officer()
    give_code(declaration)

    def end() -> object:
        if step == "withdraw":
            return services.withdraw_declaration(declaration.pk)
        return services.reject_declaration(declaration.pk, officer=officer, revision=declaration.revision, reason="Sai")

    outcomes = together(end, lambda: services.open_with_code(declaration.pk, "123456", asking="here"))
    assert refusals(outcomes) in ([], [services.CodeRefused])
    declaration.refresh_from_db()
    assert declaration.status == {"withdraw": "withdrawn", "reject": "rejected"}[step]


def test_code_of_another_dossier_opens_nothing() -> None:
    mine, other = make_declaration(), make_declaration()
    give_code(mine)
    with pytest.raises(services.CodeRefused):
        services.open_with_code(other.pk, "123456", asking="here")
    with pytest.raises(services.CodeRefused):
        services.open_with_code(mine.pk, "123456", asking="elsewhere")
