"""When a page of the form and its draft have come apart: both are kept, and the citizen chooses."""

import re
from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from agencies.models import Agency
from registration import cookies, services
from registration.answers import NAMES
from registration.enums import PaperKind, PhotoKind
from registration.forms import DeclarationForm
from registration.held_drafts import form_address, go_to_form, hold
from registration.images import NormalisedImage
from registration.models import Attachment, Draft

_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_REVISION = re.compile(r"[0-9]{1,8}")


def read_id(text: str) -> str:
    """The token or the page's id in a field; empty for what is none."""
    return text if _ID.fullmatch(text) else ""


def read_page(request: HttpRequest) -> services.FormPage:
    """The page that sends this request, from its hidden fields."""
    post = request.POST
    shown = {kind: read_id(post.get(f"shown-{kind}", "")) for kind in PhotoKind.values if f"shown-{kind}" in post}
    seen = post.get("revision", "")
    return services.FormPage(
        answers=services.typed_answers(post),
        photos=shown or None,
        id=read_id(post.get("page", "")),
        seen=int(seen) if _REVISION.fullmatch(seen) else None,
    )


def split(
    request: HttpRequest, draft: Draft, page: services.FormPage, images: Mapping[str, NormalisedImage]
) -> HttpResponse:
    """ "Two people": what the page shows becomes a draft of its own. A second press finds the same one."""
    token = cookies.read_token(request.POST.get("new-draft", ""))
    if services.find_draft(token) is None:
        own = services.split_draft(draft, token, services.keep_images(draft, page, images))
        token = own.token
    messages.success(request, _("This is now a declaration of its own. Check the photos and what was entered."))
    return go_to_form(request, token)


def changed_page(request: HttpRequest, draft: Draft, page: services.FormPage) -> HttpResponse:
    """409: what the page shows and what is stored, side by side."""
    draft.refresh_from_db()
    stored = draft.photos()
    mine = {photo.kind: photo for photo in services.page_photos(draft, page)}
    context = {
        "sides": [
            _side(_("This page"), page.answers, mine, page.photos or {}),
            _side(_("Stored now"), draft.answers, stored, {}) | {"saved_at": draft.updated_at},
        ],
        "differences": _differences(page.answers, draft.answers),
        "photos_differ": {kind: photo.pk for kind, photo in mine.items()} != {k: p.pk for k, p in stored.items()},
    }
    return _answer(request, "registration/draft_changed.html", draft, page, context)


def sent_page(request: HttpRequest, draft: Draft, page: services.FormPage | None = None) -> HttpResponse:
    """The draft has been submitted: 200 for who comes back to it, 409 for a `page` that says something else."""
    return _answer(request, "registration/draft_sent.html", draft, page, {"declaration": draft.declaration})


def _answer(
    request: HttpRequest, template: str, draft: Draft, page: services.FormPage | None, context: dict[str, object]
) -> HttpResponse:
    about = {
        "page": page,
        "page_address": form_address(draft.token),
        "draft_token": cookies.sign_token(draft.token),
        "new_token": cookies.sign_token(cookies.new_token()),
    }
    response = render(request, template, {**about, **context}, status=409 if page else 200)
    hold(request, response, draft.token)
    return response


def _side(
    title: str, answers: Mapping[str, str], photos: Mapping[str, Attachment], shown: Mapping[str, str]
) -> dict[str, object]:
    """One of the two. A photo that was shown, but is kept no longer, is said to be gone."""
    rows = [
        {
            "label": PhotoKind(kind).label,
            "photo": photos.get(kind),
            "is_gone": bool(shown.get(kind)) and kind not in photos,
        }
        for kind in PhotoKind.values
    ]
    return {"title": title, "name": answers.get("full_name", ""), "photos": rows, "photo_count": len(photos)}


def _differences(mine: Mapping[str, str], stored: Mapping[str, str]) -> list[dict[str, object]]:
    """The fields whose answers differ, as label and both answers in words."""
    return [
        {
            "label": DeclarationForm.base_fields[name].label,
            "mine": _in_words(name, mine.get(name, "")),
            "stored": _in_words(name, stored.get(name, "")),
        }
        for name in NAMES
        if mine.get(name, "") != stored.get(name, "")
    ]


def _in_words(name: str, text: str) -> str:
    if name == "paper_kind":
        return str(dict(PaperKind.choices).get(text, text))
    agency = Agency.objects.filter(code=text).first() if name == "agency" and text.isdecimal() else None
    return agency.label if agency else text
