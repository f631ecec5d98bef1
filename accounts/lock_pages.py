"""What somebody sees whose tries were too many: until what time, and what to do meanwhile."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts.lockout import LOCKS, lock_of


def locked_out(
    request: HttpRequest, _response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """429 with Retry-After in seconds: the citizens' page, or at the staff's sign-in one in the look of the desk.

    The same for names that exist and for those that do not.
    """
    now = timezone.now()
    lock = lock_of(request, credentials)
    until = lock.until if lock else now + LOCKS[0]
    context: dict[str, Any] = {"until": until}
    template = "accounts/locked_out.html"
    if request.path.startswith(reverse("admin:index")):
        template = "accounts/locked_out_staff.html"
        context |= admin.site.each_context(request)
    response = render(request, template, context, status=429)
    response.headers["Retry-After"] = str(max(1, int((until - now).total_seconds())))
    return response
