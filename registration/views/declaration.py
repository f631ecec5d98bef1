"""Đăng ký: the object type, the Tờ khai, and the photos that its page shows."""

from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from registration import cards, cookies, services
from registration.answers import NAMES
from registration.enums import PhotoKind
from registration.files import send_private
from registration.forms import DeclarationForm
from registration.legal import LEGAL_BASES
from registration.lookup_forms import ResumeForm
from registration.models import Attachment, Declaration, Draft
from registration.validators import tidy


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Who registers: a person here, an organisation elsewhere."""
    kind = request.GET.get("doi-tuong", "")
    if kind == "ca-nhan":
        return redirect("registration:declaration")
    return render(request, "registration/start.html", {"unchosen": "tiep" in request.GET and not kind})


@require_http_methods(["GET", "HEAD", "POST"])
def declaration_form(request: HttpRequest) -> HttpResponse:
    """The Tờ khai: shown, corrected, and with Ghi nhận stored."""
    return _post(request) if request.method == "POST" else _get(request)


def _get(request: HttpRequest) -> HttpResponse:
    token = cookies.cookie_token(request)
    draft = services.find_draft(token) if token else None
    if token is None or (draft is not None and draft.declaration_id is not None):
        token, draft = cookies.new_token(), None
    answers = dict(draft.answers) if draft else {}
    if request.GET.get("agency"):
        # Back from the page with the agencies, which serves browsers without JavaScript. Shown, and stored with the
        # next press of a button: an address alone changes nothing.
        answers["agency"] = tidy(request.GET["agency"])[:5]
    form = DeclarationForm(initial=answers, draft=draft)
    return _page(request, form, token, draft)


def _post(request: HttpRequest) -> HttpResponse:
    token = cookies.read_token(request.POST.get("draft", ""))
    draft = services.open_draft(token)
    if draft.declaration is not None:
        # A double click, a reload or a retry: there is one declaration, and here it is.
        return _to_receipt(draft.declaration)
    if "start-over" in request.POST:
        return _start_over(draft)
    try:
        return _take(request, token, draft)
    except services.AlreadyDecided:
        # Another press of the same button was quicker, after our look.
        draft.refresh_from_db()
        return _to_receipt(get_object_or_404(Declaration, pk=draft.declaration_id))


def _take(request: HttpRequest, token: str, draft: Draft) -> HttpResponse:
    """Keep what was sent, then do what the pressed button says. Raises AlreadyDecided for a submitted draft."""
    form = DeclarationForm(request.POST, request.FILES, draft=draft)
    valid = form.is_valid()
    for kind, image in form.accepted.items():
        form.photo_field(kind).attachment = services.store_photo(draft, kind, image)
    filled = form.fill_from_cards(_said(form, new_only=True)) if not valid else {}
    services.save_answers(draft, {**services.typed_answers(request.POST), **filled})
    if "choose-agency" in request.POST:
        return _with_cookie(redirect(f"{reverse('agencies:tree')}?next={request.path}"), token)
    if request.POST.get("remove-photo") in PhotoKind.values:
        services.discard_photo(draft, request.POST["remove-photo"])
        return _with_cookie(redirect(f"{request.path}#id_{request.POST['remove-photo']}"), token)
    if "review" in request.POST:
        valid = False
    declaration = _submit(form, draft) if valid else None
    if declaration is not None:
        return _to_receipt(declaration)
    return _page(request, form, token, draft, status=200 if "review" in request.POST else 422, filled=filled)


def _said(form: DeclarationForm, *, new_only: bool = False) -> dict[str, str]:
    """What the cards in the stored photos say; with `new_only` those that came with this request."""
    photos = [form.photo_field(kind).attachment for kind in PhotoKind.values if kind in form.accepted or not new_only]
    return cards.read_fields([photo.card for photo in photos if photo])


def _notes(form: DeclarationForm, filled: Mapping[str, str]) -> dict[str, dict[str, object]]:
    """By field: whether the card filled it, and what the card says where it differs."""
    answers = {name: str(form[name].value() or "") for name in NAMES if name in form.fields}
    notes: dict[str, dict[str, object]] = {name: {"filled": True} for name in filled}
    for found in cards.mismatches(_said(form), answers):
        notes[found.field] = {"read": found.read}
    return notes


def _submit(form: DeclarationForm, draft: Draft) -> Declaration | None:
    """Ghi nhận. A refusal becomes an error at its field."""
    try:
        return services.submit_declaration(draft, form.answers(get_language() or "vi"))
    except services.NumberTaken as refusal:
        form.add_error("bhxh_number", str(refusal.message))
    except services.PhoneTaken as refusal:
        form.add_error("phone", str(refusal.message))
    except services.PhotosMissing as refusal:
        for kind in refusal.kinds:
            form.add_error(kind, str(refusal.message))
    except services.AlreadyDecided:
        form.add_error(None, _("The declaration can no longer be corrected: look it up under “Track a declaration”."))
    return None


def _start_over(draft: Draft) -> HttpResponse:
    services.discard_draft(draft)
    response = redirect("registration:declaration")
    cookies.clear_cookie(response)
    return response


def _to_receipt(declaration: Declaration) -> HttpResponse:
    response = redirect("registration:receipt", token=declaration.token)
    cookies.clear_cookie(response)
    return response


def _with_cookie(response: HttpResponseRedirect, token: str) -> HttpResponse:
    cookies.set_cookie(response, token)
    return response


def _page(
    request: HttpRequest,
    form: DeclarationForm,
    token: str,
    draft: Draft | None,
    status: int = 200,
    filled: Mapping[str, str] | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "agency": form.chosen_agency(),
        "draft_token": cookies.sign_token(token),
        "corrects": draft.corrects if draft else None,
        "legal_bases": LEGAL_BASES,
        "card_notes": _notes(form, filled or {}),
        "resume_code": services.resume_code(draft) if draft else "",
    }
    response = render(request, "registration/declaration.html", context, status=status)
    cookies.set_cookie(response, token)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def resume(request: HttpRequest) -> HttpResponse:
    """Go on, on this device, with the draft of a code."""
    form = ResumeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        draft = services.find_resumable(form.cleaned_data["code"])
        if draft is not None:
            return _with_cookie(redirect("registration:declaration"), draft.token)
        form.add_error("code", _("No unfinished declaration has this code. Check it; after 24 hours it is deleted."))
    return render(request, "registration/resume.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def draft_photo(request: HttpRequest, token: str) -> HttpResponseBase:
    """A stored photo of the draft that this browser, or this phone's key, holds; for anyone else it does not exist."""
    key = request.GET.get("chup", "")
    holder = cookies.read_phone_key(key) if key else cookies.cookie_token(request)
    if holder is None:
        raise Http404
    photo = get_object_or_404(Attachment, draft__token=holder, token=token)
    return send_private(photo.file, content_type="image/jpeg", filename=f"{photo.kind}.jpg")
