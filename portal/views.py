"""The pages that belong to no app: home, guide, health and what people see when something goes wrong."""

from itertools import groupby

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_cookie

from agencies.models import Agency
from portal.error_pages import error_page
from portal.health import delivery, metrics, readiness
from portal.qr import qr_svg
from portal.refusals import refuse_token
from registration.held_drafts import offers


@require_safe
@vary_on_cookie
def home(request: HttpRequest) -> HttpResponse:
    """What this portal is for, the ways into it, and the declarations that this browser has under way."""
    return render(request, "portal/home.html", {"offers": offers(request)})


@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    """How to register, where to find VssID, and whom to ask.

    `?agency=<code>` adds that agency's contacts; a code unknown or no longer in use gets a plain answer.
    """
    code = request.GET.get("agency", "").strip()
    chosen = Agency.objects.current().filter(code=code).first() if code.isdecimal() and len(code) <= 5 else None
    context = {
        "stores": _stores(),
        "agencies": _agencies_by_province(),
        "chosen": chosen,
        "code_is_unknown": bool(code) and chosen is None,
    }
    return render(request, "portal/guide.html", context)


def _stores() -> list[dict[str, str]]:
    stores = [
        (
            "Google Play",
            _("for Android phones"),
            _("QR code that opens VssID in Google Play"),
            settings.VSSID_ANDROID_URL,
        ),
        (
            "App Store",
            _("for iPhones"),
            _("QR code that opens VssID in the App Store"),
            settings.VSSID_IOS_URL,
        ),
    ]
    return [
        {"name": name, "phones": phones, "url": url, "qr": qr_svg(url, title=title)}
        for name, phones, title, url in stores
    ]


def _agencies_by_province() -> list[tuple[str, list[Agency]]]:
    """Today's agencies, each province office followed by those below it (its code alone cannot tell)."""
    current = Agency.objects.current().only("code", "name", "path").order_by("path")
    groups = [list(group) for _code, group in groupby(current, key=lambda agency: agency.path.split("/")[0])]
    return [(group[0].name, group) for group in groups]


@require_safe
def health_live(request: HttpRequest) -> JsonResponse:
    """200 as long as the program answers at all."""
    return JsonResponse({"status": "ok"})


@require_safe
def health_ready(request: HttpRequest) -> JsonResponse:
    """200 when database, migrations, Redis and file store all work, else 503 naming those that do not."""
    checks = readiness()
    ready = all(outcome == "ok" for outcome in checks.values())
    body = {"status": "ok" if ready else "failed", "checks": checks, "delivery": delivery()}
    return JsonResponse(body, status=200 if ready else 503)


@require_safe
def health_metrics(request: HttpRequest) -> HttpResponse:
    """What `manage.py messages` shows, for a machine that knows METRICS_TOKEN (`Authorization: Bearer …`); else 404."""
    expected = f"Bearer {settings.METRICS_TOKEN}" if settings.METRICS_TOKEN else ""
    if not expected or not constant_time_compare(request.headers.get("Authorization", ""), expected):
        raise Http404
    return HttpResponse(metrics(), content_type="text/plain; version=0.0.4; charset=utf-8")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's safety token is missing or old. `reason` is for developers and is not shown."""
    return refuse_token(request)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """429: one address has tried too often. Retry-After is in seconds."""
    response = render(request, "429.html", status=429)
    response.headers["Retry-After"] = "60"
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, or 413 for a body beyond what Django reads."""
    if isinstance(exception, RequestDataTooBig):
        return error_page(request, "413", 413)
    return error_page(request, "400", 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403. `exception` may name what is kept from this person, and is not shown."""
    return error_page(request, "403", 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, the same for what is not there and for what is somebody else's."""
    return error_page(request, "404", 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return error_page(request, "500", 500)
