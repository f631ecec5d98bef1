"""Quên mật khẩu: a code by SMS, then a new password. Every number and phone gets the same pages."""

from typing import cast

from axes.helpers import get_client_ip_address
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.codes import clean_digits
from accounts.devices import remember_device
from accounts.forms import ResetPasswordForm
from accounts.models import User, new_reset_token
from accounts.resets import ResetOver, check_code
from registration import services
from registration.lookup_forms import ResetRequestForm

# Under it a session keeps the random name to which its codes are bound.
_SESSION_KEY = "reset"


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Whose password it is."""
    form = ResetRequestForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/reset.html", {"form": form}, status=422 if form.is_bound else 200)
    asking = request.session.setdefault(_SESSION_KEY, new_reset_token())
    services.request_reset(
        form.cleaned_data["number"],
        form.cleaned_data["phone"],
        asking=asking,
        address=str(get_client_ip_address(request)),
    )
    return redirect("registration:reset_code")


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """The code and the new password. The code is looked at first: without it nothing is said about anything else."""
    asking = request.session.get(_SESSION_KEY)
    if not asking:
        return redirect("registration:reset")
    if request.method != "POST":
        return _page(request, ResetPasswordForm(User()))
    try:
        reset = check_code(asking, clean_digits(request.POST.get("code", "")))
        form = ResetPasswordForm(cast("User", reset.account), request.POST)
        if not form.is_valid():
            return _page(request, form)
        services.reset_password(form.user, reset.pk, form.cleaned_data["new_password1"])
    except ResetOver:
        form = ResetPasswordForm(User(), request.POST)
        form.errors.clear()
        form.add_error("code", _("This code is wrong or too old. Look at the newest SMS, or ask for another code."))
        return _page(request, form)
    del request.session[_SESSION_KEY]
    messages.success(request, _("The new password is stored. Sign in with it now."))
    response = redirect("accounts:login")
    # The code has shown whose phone it is: tries of others must not keep this browser out now.
    remember_device(request, response, form.user)
    return response


def _page(request: HttpRequest, form: ResetPasswordForm) -> HttpResponse:
    return render(request, "accounts/reset_code.html", {"form": form}, status=422 if form.is_bound else 200)
