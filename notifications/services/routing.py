"""Which gateways a message is taken to, and when: those in order first, none faster or sooner than it allows."""

import random
import time
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from notifications.enums import WAITING, AttemptOutcome
from notifications.gateways import circuit, get_gateways, pace
from notifications.gateways.base import Gateway
from notifications.models import Attempt, Message
from notifications.services.queueing import publish_message
from notifications.services.states import is_takeable

# Seconds that a worker waits for its turn before it lets the message go back to the queue, and for how long.
TURN_WAIT = 1.0
TURN_PAUSE = 0.05
LATER_SECONDS = 2


def plan_route(message_id: int) -> list[Gateway]:
    """The gateways to try, in order; the first has been given a turn. None when the message is not to be sent now.

    One whose circuit is open comes last: it is asked only when there is no other. One that wants to be left alone is
    not asked at all; where all do, the message waits for the first of them. Where all are asked fast enough already
    the message goes back to the queue for a moment. No try is counted for either.
    """
    gateways = _in_order()
    held = circuit.held_seconds([gateway.name for gateway in gateways])
    gateways = [gateway for gateway in gateways if gateway.name not in held]
    if not gateways:
        _postpone_until_free(message_id, min(held.values()))
    if not gateways or not settings.SMS_RATES:
        return gateways
    # A second task for the same row must not use up a turn.
    message = Message.objects.filter(pk=message_id).first()
    if message is None or not is_takeable(message, timezone.now()):
        return []
    gateways = _from_first_with_a_turn(gateways)
    if not gateways:
        _postpone_for_pace(message_id)
    return gateways


def _in_order() -> list[Gateway]:
    gateways = get_gateways()
    if len(gateways) > 1:
        is_open = circuit.open_circuits([gateway.name for gateway in gateways])
        gateways.sort(key=lambda gateway: gateway.name in is_open)
    return gateways


def _from_first_with_a_turn(gateways: list[Gateway]) -> list[Gateway]:
    until = time.monotonic() + TURN_WAIT
    while True:
        for place, gateway in enumerate(gateways):
            if pace.take_turn(gateway.name):
                return gateways[place:]
        if time.monotonic() > until:
            return []
        time.sleep(TURN_PAUSE)


def _postpone_until_free(message_id: int, seconds: float) -> None:
    waiting = Message.objects.filter(pk=message_id, status__in=WAITING)
    waiting.update(next_attempt_at=timezone.now() + timedelta(seconds=seconds), published_at=None)


def _postpone_for_pace(message_id: int) -> None:
    waiting = Message.objects.filter(pk=message_id, status__in=WAITING)
    if waiting.update(published_at=timezone.now()):
        publish_message(message_id, countdown=LATER_SECONDS + random.random())  # noqa: S311 (spreads the load)


def note_outcome(call: Attempt, retry_after: float) -> None:
    """Tells the circuit how a call went, and for how long the provider wants to be left alone.

    A single gateway has no circuit: there is nobody to turn to.
    """
    circuit.hold(call.gateway, retry_after)
    if len(settings.SMS_GATEWAYS) > 1:
        circuit.note_call(call.gateway, failed=call.outcome == AttemptOutcome.UNAVAILABLE)
