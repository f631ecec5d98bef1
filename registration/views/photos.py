"""Photos sent one at a time: by the form's own script, or by the phone that helps a desktop."""

from collections.abc import Callable
from functools import wraps

from axes.helpers import get_client_ip_address
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from registration import cards, cookies, services
from registration.barcodes import qr_path
from registration.enums import PhotoKind
from registration.forms import DeclarationForm, PhotoForm
from registration.held_drafts import form_address, hold
from registration.models import Attachment, Draft
from registration.photo_formats import PASSING
from registration.views.conflicts import read_id, read_page

_View = Callable[[HttpRequest], HttpResponse]


def _answers_json(view: _View) -> _View:
    """What stands in the way is told in JSON: `error` for its field and, on the form's own page, `html` for its top."""

    @wraps(view)
    @require_POST
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except services.PageOutdated as refusal:
            return _told(request, str(refusal.message), {})
        except (services.AlreadyDecided, services.AlreadySubmitted):
            text = _("This declaration has already been submitted.")
            draft = None if "phone_key" in request.POST else services.find_draft(_own_token(request))
            return _told(request, text, {"declaration": draft.declaration if draft else None})
        except services.StoreUnavailable as failure:
            return _later(str(failure.message))
        except Http404:
            text = _("This page is no longer valid. Load it again, then go on; what you entered is still there.")
            return JsonResponse({"error": text}, status=404)

    return answer


def _later(error: str) -> JsonResponse:
    """503: the same may succeed in a moment."""
    return JsonResponse({"error": error}, status=503, headers={"Retry-After": "5"})


def _told(request: HttpRequest, error: str, context: dict[str, object]) -> JsonResponse:
    answer = {"error": error}
    if "phone_key" not in request.POST:
        about = {**context, "address": form_address(_own_token(request))}
        answer["html"] = render_to_string("registration/_draft_notice.html", about, request)
    return JsonResponse(answer, status=409)


def _own_token(request: HttpRequest) -> str:
    return cookies.read_token(request.POST.get("draft", ""))


def _draft(request: HttpRequest) -> Draft:
    """The draft that the request is about: by the form's token, or by the phone's key.

    Raises AlreadySubmitted once it is a declaration. A phone was invited into a stored draft: it makes none.
    """
    key = request.POST.get("phone_key", "")
    draft = services.find_draft(cookies.read_phone_key(key)) if key else services.open_draft(_own_token(request))
    if draft is None:
        raise Http404
    if draft.declaration_id is not None:
        raise services.AlreadySubmitted
    return draft


def _stored(request: HttpRequest, draft: Draft, answer: dict[str, object], status: int = 200) -> HttpResponse:
    """The answer to a page that has stored something: its browser holds the draft. A helping phone does not."""
    response = JsonResponse(answer, status=status)
    if "phone_key" not in request.POST:
        hold(request, response, draft.token)
    return response


def _kind(request: HttpRequest) -> str:
    kind = request.POST.get("kind", "")
    if kind not in PhotoKind.values:
        raise Http404
    return kind


def describe(photo: Attachment, phone_key: str = "") -> dict[str, object]:
    """A stored photo for the script. The phone gets no card data: it was given a way to send photos, not to read."""
    address = reverse("registration:draft_photo", args=[photo.token])
    said = cards.read_fields([photo.card])
    card = {
        "fields": {name: text for name, text in said.items() if name in cards.FILLABLE},
        "shown": cards.rows_of(said),
    }
    return {
        "kind": photo.kind,
        "token": photo.token,
        "label": str(PhotoKind(photo.kind).label),
        "url": f"{address}?chup={phone_key}" if phone_key else address,
        "width": photo.width,
        "height": photo.height,
        "size": photo.size,
        "sha256": photo.sha256,
        "warnings": photo.warnings(),
        "card": card if said and not phone_key else None,
    }


@_answers_json
def upload_photo(request: HttpRequest) -> HttpResponse:
    """Store one photo; 422 with a text for its field when it cannot be taken."""
    draft, kind = _draft(request), _kind(request)
    form = PhotoForm(request.POST, request.FILES, kind=kind, client=str(get_client_ip_address(request)))
    if not form.is_valid():
        error = " ".join(map(str, form.errors["photo"]))
        passes = any(form.has_error("photo", code) for code in PASSING)
        return _later(error) if passes else JsonResponse({"error": error}, status=422)
    photo = services.store_photo(draft, kind, form.accepted, read_page(request).id)
    return _stored(request, draft, describe(photo, request.POST.get("phone_key", "")), status=201)


@_answers_json
def remove_photo(request: HttpRequest) -> HttpResponse:
    """Take out the photo that the page shows; one that another page has put in its place stays."""
    shown = request.POST.get("shown", "")
    if shown != read_id(shown):
        raise Http404
    services.discard_photo(_draft(request), _kind(request), shown)
    return HttpResponse(status=204)


@_answers_json
def draft_state(request: HttpRequest) -> HttpResponse:
    """What the server has of this draft's photos, for a page that waits for the phone."""
    draft = services.find_draft(_own_token(request))
    if draft is not None and draft.declaration_id is not None:
        raise services.AlreadySubmitted
    stored = {kind: describe(photo) for kind, photo in draft.photos().items()} if draft else {}
    phone = "opened" if draft and draft.phone_opened_at else "waiting" if draft and draft.phone_linked_at else "none"
    return JsonResponse({"photos": {kind: stored.get(kind) for kind in PhotoKind.values}, "phone": phone})


@_answers_json
def save_draft(request: HttpRequest) -> HttpResponse:
    """Keep what has been typed so far. Answers with the code for another device and with each field's note.

    409 when another page of the same draft has saved other answers since this one was made.
    """
    draft, page = _draft(request), read_page(request)
    form = DeclarationForm(request.POST, draft=draft)
    services.save_answers(draft, services.typed_answers(form.data), page.id, page.seen)
    answer = {"code": services.resume_code(draft), "revision": draft.revision, "notes": _notes(form)}
    return _stored(request, draft, answer)


def _notes(form: DeclarationForm) -> dict[str, str]:
    """The notes at the fields, as the page itself shows them; empty where there is none."""
    notes = form.notes()
    template = "registration/_field_note.html"
    return {
        name: render_to_string(template, {"name": name, "note": note}).strip() if note.shows else ""
        for name, note in notes.items()
    }


@_answers_json
def phone_link(request: HttpRequest) -> HttpResponse:
    """A QR code that opens this draft's photo page on a phone for a quarter of an hour."""
    draft = _draft(request)
    services.link_phone(draft)
    address = request.build_absolute_uri(reverse("registration:phone", args=[cookies.make_phone_key(draft.token)]))
    path, side = qr_path(address)
    svg = render_to_string("registration/_phone_qr.html", {"path": path, "side": side}, request)
    return _stored(request, draft, {"svg": svg, "url": address, "minutes": cookies.PHONE_SECONDS // 60})


def _take(request: HttpRequest, draft: Draft, kind: str) -> str:
    """Store a photo that the phone's page has sent without the script; what is wrong with it, or nothing."""
    client = str(get_client_ip_address(request))
    form = PhotoForm(request.POST, {"photo": request.FILES[kind]}, kind=kind, client=client)
    if not form.is_valid():
        return " ".join(map(str, form.errors["photo"]))
    try:
        services.store_photo(draft, kind, form.accepted)
    except services.AlreadyDecided as error:
        raise Http404 from error
    except services.StoreUnavailable as failure:
        return str(failure.message)
    return ""


@require_http_methods(["GET", "HEAD", "POST"])
def phone(request: HttpRequest, key: str) -> HttpResponse:
    """The page on the phone: these photos only, none of what was typed."""
    draft = services.find_draft(cookies.read_phone_key(key))
    if draft is None or draft.declaration_id is not None:
        raise Http404
    services.mark_phone_opened(draft)
    errors: dict[str, str] = {}
    for kind in PhotoKind.values if request.method == "POST" else ():
        if kind in request.FILES and (error := _take(request, draft, kind)):
            errors[kind] = error
    stored = draft.photos()
    photos = [
        {"kind": kind.value, "label": kind.label, "attachment": stored.get(kind.value), "error": errors.get(kind.value)}
        for kind in PhotoKind
    ]
    context = {"phone_key": key, "photos": photos, "errors": errors}
    return render(request, "registration/phone.html", context, status=422 if errors else 200)
