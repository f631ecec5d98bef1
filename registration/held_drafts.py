"""The drafts that a browser holds: their addresses, and what it is offered to go on with."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse

from registration import cookies, services
from registration.models import Declaration, Draft

# More than one household fills in at a time; each is a cookie of some 110 bytes in every request.
MOST_HELD = 8
KEY_NAME = "to-khai"


@dataclass(frozen=True)
class Offer:
    """An unfinished declaration as a list shows it. `signed` is its token for the form that deletes it."""

    address: str
    signed: str
    name: str
    photo_count: int
    saved_at: datetime
    reference: str


def form_address(token: str) -> str:
    """Where the form of this draft is, for a browser that holds it."""
    return reverse("registration:declaration", query={KEY_NAME: cookies.draft_key(token)})


def hold(request: HttpRequest, response: HttpResponse, token: str) -> None:
    """The browser holds this draft from now on, and lets go what is too much: empty and submitted ones first."""
    if old := cookies.old_token(request):
        cookies.set_cookie(response, old)
        cookies.clear_old_cookie(response)
    cookies.set_cookie(response, token)
    others = [held for held in cookies.held_tokens(request) if held != token]
    if len(others) >= MOST_HELD:
        for surplus in _by_worth(others)[MOST_HELD - 1 :]:
            cookies.clear_cookie(response, surplus)


def _by_worth(tokens: list[str]) -> list[str]:
    stored = services.stored_drafts(tokens)
    ordered = sorted(stored, key=lambda draft: draft.declaration_id is not None)
    known = [draft.token for draft in ordered]
    return known + [token for token in tokens if token not in known]


def let_go(request: HttpRequest, response: HttpResponse, declaration: Declaration) -> None:
    """The browser no longer holds the drafts that became this declaration or correct it."""
    for draft in services.stored_drafts(cookies.held_tokens(request)):
        if declaration.pk in (draft.declaration_id, draft.corrects_id):
            cookies.clear_cookie(response, draft.token)


def go_to_form(request: HttpRequest, token: str, anchor: str = "") -> HttpResponseRedirect:
    """On to the form of this draft, which the browser holds from now on."""
    response = redirect(form_address(token) + anchor)
    hold(request, response, token)
    return response


def offers(request: HttpRequest) -> list[Offer]:
    """What is under way in this browser, the latest saved first."""
    tokens = cookies.held_tokens(request)
    drafts = services.stored_drafts(tokens) if tokens else []
    return [_offer(draft) for draft in drafts if not services.is_over(draft) and _has_something(draft)]


def _has_something(draft: Draft) -> bool:
    # The kind of paper is chosen beforehand.
    typed = any(text for name, text in draft.answers.items() if name != "paper_kind")
    return typed or bool(_photo_count(draft)) or draft.corrects is not None


def _photo_count(draft: Draft) -> int:
    return sum(photo.superseded_at is None for photo in draft.attachments.all())


def _offer(draft: Draft) -> Offer:
    return Offer(
        address=form_address(draft.token),
        signed=cookies.sign_token(draft.token),
        name=str(draft.answers.get("full_name", ""))[:100],
        photo_count=_photo_count(draft),
        saved_at=draft.updated_at,
        reference=draft.corrects.reference_text if draft.corrects else "",
    )
