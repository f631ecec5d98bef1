"""The test inbox: a page that stands in for the phone of whoever tries the portal out. Development only."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from notifications.models import InboxMessage
from notifications.phones import phone_matches

SHOWN = 50


def inbox_enabled() -> bool:
    """Whether the page exists: it shows passwords, so only with DEBUG on and `inbox` among the gateways."""
    return bool(settings.DEBUG and "inbox" in settings.SMS_GATEWAYS)


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """The newest SHOWN messages, of one phone when `q` gives a number or a part of one."""
    if not inbox_enabled():
        raise Http404
    query = request.GET.get("q", "").strip()[:30]
    messages = InboxMessage.objects.filter(phone_matches(query)) if query else InboxMessage.objects.all()
    return render(request, "notifications/inbox.html", {"query": query, "texts": messages[:SHOWN]})
