"""What every request of somebody signed in passes: a one-time password opens one page, a browser becomes known."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.devices import remember_device
from accounts.models import User

_GUARDED = ("/tai-khoan/", "/admin/")


class MustChangePasswordMiddleware:
    """Sends whoever must choose a new password to that page, from every page that needs a sign-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(_GUARDED) and getattr(request.user, "must_change_password", False):
            choose = str(settings.CHOOSE_PASSWORD_URL)
            if request.path_info not in {choose, reverse("accounts:logout"), reverse("admin:logout")}:
                return redirect(choose)
        return self.get_response(request)


class KnownDeviceMiddleware:
    """The browser remembers for which account the password was just shown, or chosen, in it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Signing in and choosing a password both write the session anew.
        if request.method == "POST" and request.session.modified and isinstance(request.user, User):
            remember_device(request, response, request.user)
        return response
