"""Photos sent one at a time: by the form's own script, or by the phone that helps a desktop."""

from collections.abc import Callable
from functools import wraps

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
from registration.models import Attachment, Draft

_View = Callable[[HttpRequest], HttpResponse]


def _answers_json(view: _View) -> _View:
    """A draft or key that does not exist is told in JSON, which the script can show."""

    @wraps(view)
    @require_POST
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except (Http404, services.AlreadyDecided):
            text = _("This page is no longer valid. Load it again, then go on; what you entered is still there.")
            return JsonResponse({"error": text}, status=404)

    return answer


def _draft(request: HttpRequest) -> Draft:
    """The draft that the request may add photos to: by the form's token, or by the phone's key."""
    key = request.POST.get("phone_key", "")
    token = cookies.read_phone_key(key) if key else cookies.read_token(request.POST.get("draft", ""))
    draft = services.open_draft(token)
    if draft.declaration_id is not None:
        raise Http404
    return draft


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
    form = PhotoForm(request.POST, request.FILES, kind=kind)
    if not form.is_valid():
        return JsonResponse({"error": " ".join(map(str, form.errors["photo"]))}, status=422)
    photo = services.store_photo(draft, kind, form.accepted)
    return JsonResponse(describe(photo, request.POST.get("phone_key", "")), status=201)


@_answers_json
def remove_photo(request: HttpRequest) -> HttpResponse:
    services.discard_photo(_draft(request), _kind(request))
    return HttpResponse(status=204)


@_answers_json
def draft_state(request: HttpRequest) -> HttpResponse:
    """What the server has of this draft's photos, for a page that waits for the phone."""
    draft = services.open_draft(cookies.read_token(request.POST.get("draft", "")))
    stored = {photo.kind: describe(photo) for photo in draft.attachments.all()}
    phone = "opened" if draft.phone_opened_at else "waiting" if draft.phone_linked_at else "none"
    return JsonResponse({"photos": {kind: stored.get(kind) for kind in PhotoKind.values}, "phone": phone})


@_answers_json
def save_draft(request: HttpRequest) -> HttpResponse:
    """Keep what has been typed so far. Answers with the code for another device and with each field's note."""
    draft = services.open_draft(cookies.read_token(request.POST.get("draft", "")))
    form = DeclarationForm(request.POST, draft=draft)
    services.save_answers(draft, services.typed_answers(form.data))
    response = JsonResponse({"code": services.resume_code(draft), "notes": _notes(form)})
    cookies.set_cookie(response, draft.token)
    return response


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
    draft = services.open_draft(cookies.read_token(request.POST.get("draft", "")))
    services.link_phone(draft)
    address = request.build_absolute_uri(reverse("registration:phone", args=[cookies.make_phone_key(draft.token)]))
    path, side = qr_path(address)
    svg = render_to_string("registration/_phone_qr.html", {"path": path, "side": side}, request)
    return JsonResponse({"svg": svg, "url": address, "minutes": cookies.PHONE_SECONDS // 60})


def _store(draft: Draft, kind: str, form: PhotoForm) -> None:
    try:
        services.store_photo(draft, kind, form.accepted)
    except services.AlreadyDecided as error:
        raise Http404 from error


@require_http_methods(["GET", "HEAD", "POST"])
def phone(request: HttpRequest, key: str) -> HttpResponse:
    """The page on the phone: these photos only, none of what was typed."""
    draft = services.open_draft(cookies.read_phone_key(key))
    if draft.declaration_id is not None:
        raise Http404
    services.mark_phone_opened(draft)
    errors: dict[str, str] = {}
    for kind in PhotoKind.values if request.method == "POST" else ():
        if kind in request.FILES:
            form = PhotoForm(request.POST, {"photo": request.FILES[kind]}, kind=kind)
            if form.is_valid():
                _store(draft, kind, form)
            else:
                errors[kind] = " ".join(map(str, form.errors["photo"]))
    stored = {photo.kind: photo for photo in draft.attachments.all()}
    photos = [
        {"kind": kind.value, "label": kind.label, "attachment": stored.get(kind.value), "error": errors.get(kind.value)}
        for kind in PhotoKind
    ]
    context = {"phone_key": key, "photos": photos, "errors": errors}
    return render(request, "registration/phone.html", context, status=422 if errors else 200)
