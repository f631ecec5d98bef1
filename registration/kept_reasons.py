"""A reason that an officer had typed when the session ended: it is there again after signing in."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse

from registration.services.decisions import MAX_REASON

_KEY = "kept-reason"
_View = Callable[..., HttpResponse]


def kept(view: _View) -> _View:
    """`view` of a decision; what comes from somebody who has to sign in first is kept, the last one only."""

    @wraps(view)
    def keeping(request: HttpRequest, pk: int) -> HttpResponse:
        typed = request.POST.get("reason", "")[: 2 * MAX_REASON]
        if typed.strip() and not request.user.is_authenticated:
            # Signing in keeps what the session of an anonymous browser holds.
            request.session[_KEY] = [pk, typed]
        return view(request, pk)

    return keeping


def take(request: HttpRequest, pk: int) -> str:
    """What had been typed for this dossier, once; empty without it."""
    dossier, typed = request.session.get(_KEY, (None, ""))
    if dossier != pk:
        return ""
    del request.session[_KEY]
    return str(typed)
