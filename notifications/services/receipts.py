"""Receipts: what became of a message after a provider accepted it, told by the provider or asked for.

Receipts may come twice, late, before the provider's own answer, in the wrong order, or for messages of others.
Delivered is the last word; failed counts only for what that provider had accepted.
"""

import logging
import re
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from notifications.enums import MessageStatus
from notifications.faults import place_of
from notifications.gateways import circuit, find_gateway
from notifications.gateways.base import PROVIDER_ID, GatewayFailure, GatewayUnavailable, PolledGateway, Report
from notifications.models import Message, ProviderReceipt
from notifications.services.states import FIRST_POLL, confirm, finish

logger = logging.getLogger(__name__)

UNDELIVERED = "undelivered"
# eSMS answers for 7 days.
POLL_FOR = timedelta(days=7)
# For how long an unknown report is looked at again, and how many in one go.
MATCH_FOR = timedelta(hours=1)
MATCH_BATCH = 100
# How many questions are out at a time, and for how long new ones are asked in one run. With a provider that answers
# in 0.3 s that is 600 messages a minute: twice what 5 approvals a second need.
POLL_PARALLEL = 8
POLL_SECONDS = 25.0
_CODE = re.compile(r"[A-Za-z0-9._-]{1,30}")


@dataclass(frozen=True)
class Tally:
    """What became of the reports that came in one call: counted for a message, of a message that we do not know,
    still open, unreadable."""

    known: int = 0
    unknown: int = 0
    still_open: int = 0
    unreadable: int = 0


def record_reports(gateway: str, reports: Iterable[Report | None]) -> Tally:
    """Writes down what `gateway` reported in one call. What cannot be read holds nothing else up.

    Of a message in parts, each with a report of its own, one part that failed decides.
    """
    tally, named = Tally(), {}
    for report in reports:
        tidied = _tidied(report) if report else None
        if tidied is None or not _is_named(tidied):
            tally = replace(tally, unreadable=tally.unreadable + 1)
        elif tidied.delivered is None:
            tally = replace(tally, still_open=tally.still_open + 1)
        else:
            key = (tidied.request_id, tidied.provider_message_id)
            if key not in named or not tidied.delivered:
                named[key] = tidied
    for report in named.values():
        is_known = record_report(gateway, report)
        tally = replace(tally, known=tally.known + is_known, unknown=tally.unknown + (not is_known))
    return tally


def record_report(gateway: str, report: Report) -> bool:
    """Writes down what `gateway` reported and lets it count once; whether we know the message.

    An outcome that is still open leaves no trace.
    """
    report = _tidied(report)
    if report.delivered is None or not _is_named(report):
        return False
    with transaction.atomic():
        message = _named(gateway, report).select_for_update().first()
        _keep(gateway, report, message)
        if message is not None:
            _apply(message, gateway, report)
    if message is None:
        # Its row may have learnt the provider's id between our look and our commit (see apply_early_reports).
        message = _named(gateway, report).first()
        if message is not None:
            apply_early_reports(message.pk, gateway, message.provider_message_id)
    logger.info("Receipt of %s for message %s", gateway, message.pk if message else "unknown")
    return message is not None


def apply_early_reports(message_id: int, gateway: str, provider_message_id: str) -> MessageStatus | None:
    """Lets reports count that came before the provider's answer did; the status then, None where there are none.

    Called after "accepted" was committed, as `record_report` looks once more after it has committed a report that
    found no row: whichever is second sees the first.
    """
    named = Q(message=message_id)
    if provider_message_id:
        named |= Q(provider_message_id=provider_message_id, message=None)
    early = ProviderReceipt.objects.filter(named, gateway=gateway).order_by("-delivered")
    if not early.exists():
        return None
    with transaction.atomic():
        message = Message.objects.select_for_update().get(pk=message_id)
        for receipt in early.all():
            if receipt.message_id is None:
                receipt.message = message
                receipt.save(update_fields=["message"])
            _apply(message, receipt.gateway, Report(receipt.delivered, code=receipt.code))
    return MessageStatus(message.status)


def match_reports() -> int:
    """Lets early reports count whose message was accepted by a worker that died right after; how many were found.

    Whoever is second sees the first, unless it is killed before it looks.
    """
    owner = Message.objects.filter(provider_message_id=OuterRef("provider_message_id"), gateway=OuterRef("gateway"))
    recent = ProviderReceipt.objects.filter(message=None, received_at__gt=timezone.now() - MATCH_FOR)
    strays = recent.exclude(provider_message_id="").annotate(owner=Subquery(owner.values("pk")[:1]))
    found = list(strays.exclude(owner=None).values_list("owner", "gateway", "provider_message_id")[:MATCH_BATCH])
    for message_id, gateway, provider_message_id in found:
        apply_early_reports(message_id, gateway, provider_message_id)
    return len(found)


def reports(name: str) -> bool:
    """Whether the gateway of this name sends receipts, so that one may have come before its answer."""
    return bool(getattr(find_gateway(name), "receipt_secret", ""))


def poll_receipts() -> int:
    """Asks about accepted messages without a receipt, those due longest first; how many were asked about.

    For POLL_SECONDS and one exchange with the provider at most. Asked after 10 minutes, then at each doubling of the
    age, for 7 days.
    """
    until, asked = time.monotonic() + POLL_SECONDS, 0
    with ThreadPoolExecutor(POLL_PARALLEL) as threads:
        while time.monotonic() < until and (taken := _take_due()):
            found = threads.map(lambda message: _fetch(message.gateway, message.provider_message_id), taken)
            for message, report in zip(taken, found, strict=True):
                if report is not None:
                    record_report(message.gateway, report)
            asked += len(taken)
    return asked


def _tidied(report: Report) -> Report:
    """Only what looks like an id or a code is kept: a provider's words may hold a number or a text."""
    return Report(
        report.delivered,
        report.request_id if PROVIDER_ID.fullmatch(report.request_id) and len(report.request_id) <= 50 else "",
        report.provider_message_id if PROVIDER_ID.fullmatch(report.provider_message_id) else "",
        report.code if _CODE.fullmatch(report.code) else "",
    )


def _is_named(report: Report) -> bool:
    return bool(report.request_id or report.provider_message_id)


def _named(gateway: str, report: Report) -> QuerySet[Message]:
    if report.request_id:
        return Message.objects.filter(request_id=report.request_id)
    return Message.objects.filter(provider_message_id=report.provider_message_id, gateway=gateway)


def _keep(gateway: str, report: Report, message: Message | None) -> None:
    receipt, is_new = ProviderReceipt.objects.get_or_create(
        gateway=gateway,
        request_id=report.request_id,
        provider_message_id=report.provider_message_id,
        delivered=bool(report.delivered),
        code=report.code,
        defaults={"message": message},
    )
    if not is_new:
        # The first time it may have come before we knew whose it is.
        owner = receipt.message_id or (message.pk if message else None)
        ProviderReceipt.objects.filter(pk=receipt.pk).update(times=F("times") + 1, message_id=owner)


def _apply(message: Message, gateway: str, report: Report) -> None:
    if report.delivered:
        if message.status not in (MessageStatus.DELIVERED, MessageStatus.CANCELLED):
            message.gateway = message.gateway or gateway
            confirm(message)
    elif message.status == MessageStatus.ACCEPTED and message.gateway == gateway:
        finish(message, MessageStatus.DEAD, report.code or UNDELIVERED)
        logger.warning("Message %s needs a person: it did not reach the phone", message.pk)


def _take_due() -> list[Message]:
    """The next ones to ask about, put off for whoever looks next; none of providers that cannot say."""
    now = timezone.now()
    taken: list[Message] = []
    held = circuit.held_seconds([_question(name) for name in settings.SMS_GATEWAYS])
    alone = [name for name in settings.SMS_GATEWAYS if _question(name) in held]
    due = Message.objects.filter(poll_at__lte=now, status=MessageStatus.ACCEPTED).order_by("poll_at")
    due = due.exclude(gateway__in=alone) if alone else due
    while not taken and (found := list(due[:POLL_PARALLEL])):
        for message in found:
            can_say = _pollable(message.gateway) is not None
            row = Message.objects.filter(pk=message.pk, poll_at=message.poll_at)
            if row.update(poll_at=_next_poll(message.sent_at, now) if can_say else None) and can_say:
                taken.append(message)
    return taken


def _fetch(name: str, provider_message_id: str) -> Report | None:
    """What the provider says, if it knows. Called in threads: it leaves the database alone."""
    gateway = _pollable(name)
    try:
        report = gateway.fetch_report(provider_message_id) if gateway else Report(None)
    except GatewayFailure as problem:
        logger.info("No word from %s on %s: %s", name, provider_message_id, problem.code)
        if isinstance(problem, GatewayUnavailable):
            circuit.hold(_question(name), problem.retry_after)
        return None
    except Exception as problem:
        # One answer that nobody foresaw must not cost those to the other questions.
        logger.error("Asking %s about %s broke: %s", name, provider_message_id, place_of(problem))
        return None
    return report if report.delivered is not None else None


def _question(name: str) -> str:
    """What a provider wants left alone when it has had too many questions: those, not the sending."""
    return f"{name}:status"


def _pollable(name: str) -> PolledGateway | None:
    gateway = find_gateway(name) if name in settings.SMS_GATEWAYS else None
    return gateway if isinstance(gateway, PolledGateway) else None


def _next_poll(sent_at: datetime | None, now: datetime) -> datetime | None:
    age = now - (sent_at or now)
    return now + max(age, FIRST_POLL) if age < POLL_FOR else None
