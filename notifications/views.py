"""Where providers send their receipts; and the test inbox, a page that stands in for a phone. Development only."""

import logging
from typing import cast

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from post_office.models import Email

from notifications.bodies import MAX_BODY, BodyTooLong, LengthMissing, read_receipts
from notifications.gateways import find_gateway
from notifications.gateways.base import ReportingGateway
from notifications.models import InboxMessage
from notifications.phones import phone_matches
from notifications.services import Tally, record_reports

logger = logging.getLogger(__name__)

SHOWN = 50
# Reports in one call: each takes some milliseconds to write down.
MAX_REPORTS = 500
# What reading a form raises: too many fields, broken parts, another encoding, a line that broke.
UNREADABLE = (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError)


def inbox_enabled() -> bool:
    """Whether the page exists: it shows passwords, so only with DEBUG on and `inbox` among the gateways."""
    return bool(settings.DEBUG and "inbox" in settings.SMS_GATEWAYS)


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """The newest SHOWN messages, of one phone or e-mail address when `q` gives one or a part of one."""
    if not inbox_enabled():
        raise Http404
    query = request.GET.get("q", "").strip()[:60]
    messages = InboxMessage.objects.filter(phone_matches(query)) if query else InboxMessage.objects.all()
    return render(
        request, "notifications/inbox.html", {"query": query, "texts": messages[:SHOWN], "emails": _emails(query)}
    )


def _emails(query: str) -> list[Email]:
    """The newest notices by e-mail, to an address with `query` in it."""
    emails = Email.objects.filter(to__contains=query) if query else Email.objects.all()
    return list(emails.order_by("-pk")[:SHOWN])


@csrf_exempt
def receipt(request: HttpRequest, gateway: str, secret: str) -> HttpResponse:
    """A provider's word on one message or several, in the address, a form or JSON. 404 unless it knows the shared
    secret.

    200 only when everything in it was taken, also for messages that we do not know (it is kept) and for outcomes that
    are still open. 503 when it could not be written down; 400, 405, 411 or 413 for what is no receipt, in whole or in
    part: what could be read of it counts, and counts once when the provider repeats it.
    """
    found = find_gateway(gateway)
    expected = found.receipt_secret if isinstance(found, ReportingGateway) else ""
    if not expected or not constant_time_compare(secret, expected):
        raise Http404
    if refusal := _refusal(request):
        return refusal
    try:
        reports = cast("ReportingGateway", found).read_reports(read_receipts(request))
    except UNREADABLE:
        logger.warning("A receipt of %s could not be read", gateway)
        return _answer("unreadable", 400)
    except LengthMissing:
        return _answer("length", 411)
    except BodyTooLong:
        return _answer("too long", 413)
    if len(reports) > MAX_REPORTS:
        return _answer("too many", 413)
    try:
        return _answer_to(record_reports(gateway, reports), gateway)
    except DatabaseError:
        logger.warning("A receipt of %s could not be written down", gateway)
        return _answer("later", 503)


def _answer_to(tally: Tally, gateway: str) -> HttpResponse:
    if tally.unreadable:
        logger.warning("Of a receipt of %s %d reports made no sense", gateway, tally.unreadable)
    if tally.unreadable or tally == Tally():
        return _answer("unreadable", 400)
    return _answer("ok" if tally.known else "unknown" if tally.unknown else "open")


def _refusal(request: HttpRequest) -> HttpResponse | None:
    """The answer to what is no receipt. Given here, because Django would log the address."""
    if request.method not in {"GET", "POST"}:
        return _answer("method", 405)
    length = request.headers.get("Content-Length") or "0"
    if not (length.isascii() and length.isdecimal()):
        return _answer("length", 400)
    return _answer("too long", 413) if int(length[:20]) > MAX_BODY else None


def _answer(word: str, status: int = 200) -> HttpResponse:
    response = HttpResponse(word, content_type="text/plain", status=status)
    # Django would log the address, which ends in the shared secret.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
