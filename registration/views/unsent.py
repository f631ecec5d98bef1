"""The form once more, with all that was typed, when its safety token (CSRF) did not count: nothing is submitted."""

from django.http import Http404, HttpRequest, HttpResponse

from registration import cookies, services
from registration.forms import DeclarationForm
from registration.models import Draft
from registration.views.conflicts import read_page, sent_page
from registration.views.declaration import form_page


def unsent_form(request: HttpRequest, *, is_own: bool) -> HttpResponse:
    """403, or 409 for a draft that was submitted meanwhile.

    `is_own`: the browser says that a page of this portal has sent it. Only then are its photos kept, and only then, or
    where the browser holds it, its draft: the draft of somebody else is never slipped in.
    """
    token = _token(request, is_own=is_own)
    draft = services.find_draft(token)
    if draft is not None and draft.declaration is not None:
        return sent_page(request, draft, read_page(request))
    if draft is not None and services.is_over(draft):
        token, draft = cookies.new_token(), None
    is_lost = bool(request.FILES)
    if is_own and is_lost:
        draft, is_lost = _keep_photos(request, services.open_draft(token))
    typed = {**services.typed_answers(request.POST), "consent": "consent" in request.POST}
    form = DeclarationForm(initial=typed, draft=draft)
    context = {"unsent": True, "photos_lost": is_lost, "revision": read_page(request).seen or 0}
    return form_page(request, form, token, draft, status=403, context=context)


def _token(request: HttpRequest, *, is_own: bool) -> str:
    try:
        token = cookies.read_token(request.POST.get("draft", ""))
    except Http404:
        return cookies.new_token()
    is_held = cookies.held_token(request, cookies.draft_key(token)) is not None
    return token if is_own or is_held else cookies.new_token()


def _keep_photos(request: HttpRequest, draft: Draft) -> tuple[Draft, bool]:
    """Store what can be taken of the photos in this request. True: some of them could not."""
    form = DeclarationForm(request.POST, request.FILES, draft=draft)
    form.is_valid()
    try:
        for kind, image in form.accepted.items():
            services.store_photo(draft, kind, image, read_page(request).id)
    except (services.AlreadyDecided, services.AlreadySubmitted):
        return draft, True
    return draft, len(form.accepted) < len(request.FILES)
