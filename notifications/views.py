"""Where providers send their receipts; and the test inbox, a page that stands in for a phone. Development only."""

import json
import logging
from collections.abc import Mapping
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

from notifications.gateways import find_gateway
from notifications.gateways.base import ReportingGateway
from notifications.models import InboxMessage
from notifications.phones import phone_matches
from notifications.services import record_report

logger = logging.getLogger(__name__)

SHOWN = 50
# Bytes of a receipt's body.
MAX_RECEIPT = 16 * 1024
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
    """A provider's word on a message, in the address, a form or JSON. 404 unless it knows the shared secret.

    200 for everything else that was read, also for messages that we do not know: a second try would not help. 503
    when it could not be written down: then it would. 400, 405 or 413 for what is no receipt.
    """
    found = find_gateway(gateway)
    expected = found.receipt_secret if isinstance(found, ReportingGateway) else ""
    if not expected or not constant_time_compare(secret, expected):
        raise Http404
    if refusal := _refusal(request):
        return refusal
    try:
        report = cast("ReportingGateway", found).read_report(_values(request))
    except UNREADABLE:
        return _answer("unreadable", 400)
    if report is None:
        logger.warning("A receipt of %s made no sense", gateway)
        return _answer("unreadable")
    try:
        return _answer("ok" if record_report(gateway, report) else "unknown")
    except DatabaseError:
        logger.warning("A receipt of %s could not be written down", gateway)
        return _answer("later", 503)


def _refusal(request: HttpRequest) -> HttpResponse | None:
    """The answer to what is no receipt. Given here, because Django would log the address."""
    if request.method not in {"GET", "POST"}:
        return _answer("method", 405)
    length = request.headers.get("Content-Length") or "0"
    if not (length.isascii() and length.isdecimal()):
        return _answer("length", 400)
    return _answer("too long", 413) if int(length[:20]) > MAX_RECEIPT else None


def _values(request: HttpRequest) -> Mapping[str, object]:
    values: dict[str, object] = dict(request.GET.items())
    if request.content_type != "application/json":
        return values | dict(request.POST.items())
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return values
    return values | body if isinstance(body, dict) else values


def _answer(word: str, status: int = 200) -> HttpResponse:
    response = HttpResponse(word, content_type="text/plain", status=status)
    # Django would log the address, which ends in the shared secret.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
