"""Taking a claimed message to the gateways, with no transaction open. No exception leaves, whatever happens there."""

import logging
from dataclasses import dataclass

from django.utils import timezone

from notifications.enums import AttemptOutcome
from notifications.faults import place_of
from notifications.gateways.base import PROVIDER_ID, Gateway, GatewayBroken, GatewayFailure, GatewayUnavailable
from notifications.gateways.pace import take_turn
from notifications.models import Attempt
from notifications.services.claims import Claim
from notifications.services.routing import note_outcome

logger = logging.getLogger(__name__)

# From this try on (some minutes after the first) the next gateway takes over also from one that may have sent the
# message: better the same text twice than none for a day.
PATIENCE = 3


@dataclass(frozen=True)
class Call:
    """What came of one call to one gateway; the attempt is not saved yet.

    `is_final`: trying again cannot help, or must not happen without a person. `goes_on`: it is certain that nothing
    was sent, so that the next gateway may take over. `retry_after`: seconds that the provider wants to be left alone.
    """

    attempt: Attempt
    provider_message_id: str = ""
    is_final: bool = False
    goes_on: bool = False
    retry_after: float = 0


def call_gateways(claim: Claim, gateways: list[Gateway]) -> list[Call]:
    """One try: the first gateway, and the next only when it is certain that the one before sent nothing, or when
    that has gone on for PATIENCE tries. Each only while the lease leaves time for it: later the message may be another
    worker's, or called off.

    The calls made, none when the lease is nearly over; the last one decides.
    """
    calls: list[Call] = []
    for gateway in gateways:
        if not claim.allows_call():
            break
        if calls and not take_turn(gateway.name):
            continue
        calls.append(_call(gateway, claim))
        note_outcome(calls[-1].attempt, calls[-1].retry_after)
        if not calls[-1].goes_on:
            break
    return calls


def _call(gateway: Gateway, claim: Claim) -> Call:
    attempt = Attempt(message_id=claim.message_id, number=claim.number, gateway=gateway.name)
    attempt.started_at = timezone.now()
    call = _outcome(gateway, claim, attempt)
    attempt.finished_at = timezone.now()
    return call


def _outcome(gateway: Gateway, claim: Claim, attempt: Attempt) -> Call:
    failure: GatewayFailure
    try:
        result = gateway.send(claim.outgoing)
        attempt.outcome = AttemptOutcome.ACCEPTED
        return Call(attempt, _own_id(result.provider_message_id, claim))
    except GatewayFailure as problem:
        failure = problem
    except Exception as problem:
        logger.error("Message %s: %s broke: %s", claim.message_id, gateway.name, place_of(problem))
        failure = GatewayBroken()
    attempt.code = "" if _is_echo(failure.code, claim) else failure.code
    if isinstance(failure, GatewayUnavailable):
        attempt.outcome = AttemptOutcome.UNAVAILABLE
        goes_on = failure.not_sent or claim.tries >= PATIENCE
        return Call(attempt, goes_on=goes_on, retry_after=failure.retry_after)
    is_broken = isinstance(failure, GatewayBroken)
    attempt.outcome = AttemptOutcome.UNAVAILABLE if is_broken else AttemptOutcome.REJECTED
    return Call(attempt, is_final=True)


def _own_id(provider_message_id: str, claim: Claim) -> str:
    """The provider's id if it is one: an answer that repeats what we sent would put the password into the database."""
    is_id = PROVIDER_ID.fullmatch(provider_message_id) and not _is_echo(provider_message_id, claim)
    return provider_message_id if is_id else ""


def _is_echo(word: str, claim: Claim) -> bool:
    return bool(claim.outgoing.secret) and claim.outgoing.secret in word
