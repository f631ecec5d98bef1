"""What stands instead of an answer when a form's safety token (CSRF) is missing or old. Nothing typed is lost by it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.utils.translation import gettext as _

from portal.error_pages import error_page
from portal.network import client_ip
from portal.senders import Sender, sender_of
from registration.throttle import allow
from registration.views.unsent import unsent_form

_FORM = "registration:declaration"
# Asked by the form's own scripts, which take the new token from the answer and ask once more.
_SCRIPTED = {
    f"registration:{name}" for name in ("upload_photo", "remove_photo", "draft_state", "save_draft", "phone_link")
}


def refuse_token(request: HttpRequest) -> HttpResponse:
    """403. A page of another site gets, and learns, nothing; and beyond the rate limit there is only the plain page."""
    match, sender = request.resolver_match, sender_of(request)
    name = match.view_name if match else ""
    if sender == Sender.FOREIGN or not _may_ask(request, name):
        return error_page(request, "csrf", 403)
    if name in _SCRIPTED:
        error = _("This page is no longer valid. Load it again, then go on; what you entered is still there.")
        return JsonResponse({"error": error, "csrf": get_token(request)}, status=403)
    if name == _FORM:
        return unsent_form(request, is_own=sender == Sender.OWN)
    return error_page(request, "csrf", 403, again=_again(request))


def _may_ask(request: HttpRequest, name: str) -> bool:
    scope = settings.RATE_LIMITED_VIEWS.get((str(request.method), name))
    return scope is None or allow(scope, client_ip(request))


def _again(request: HttpRequest) -> list[tuple[str, str]] | None:
    """The fields for a button that sends the same again. None where that cannot be, or must not: files and passwords
    do not stand in a page, and an officer's decision is made where the dossier is seen."""
    names = set(request.POST)
    if request.FILES or request.path_info.startswith("/admin/") or any("password" in name for name in names):
        return None
    names.discard("csrfmiddlewaretoken")
    return [(name, text) for name in sorted(names) for text in request.POST.getlist(name)]
