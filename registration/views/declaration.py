"""Đăng ký: the object type, and the Tờ khai, which belongs to one draft."""

from collections.abc import Mapping

from axes.helpers import get_client_ip_address
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_cookie

from common.text import tidy
from registration import cards, cookies, services
from registration.enums import PhotoKind
from registration.forms import DeclarationForm
from registration.grants import open_after_submission
from registration.held_drafts import KEY_NAME, form_address, go_to_form, hold, offers
from registration.legal import LEGAL_BASES
from registration.models import Declaration, Draft
from registration.views.conflicts import changed_page, read_page, sent_page, split

# A press, and once more when another one came between our look and our write.
_TRIES = 3


@require_safe
@vary_on_cookie
def start(request: HttpRequest) -> HttpResponse:
    """Who registers: a person here, an organisation elsewhere. Tiếp begins a new declaration each time."""
    kind = request.GET.get("doi-tuong", "")
    if kind == "ca-nhan":
        return go_to_form(request, cookies.new_token())
    context = {"unchosen": "tiep" in request.GET and not kind, "offers": offers(request)}
    return render(request, "registration/start.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_cookie
def declaration_form(request: HttpRequest) -> HttpResponse:
    """The Tờ khai: shown, corrected, and with Ghi nhận stored. The address names the draft, a bare one a new one."""
    return _post(request) if request.method == "POST" else _get(request)


def _get(request: HttpRequest) -> HttpResponse:
    key = request.GET.get(KEY_NAME, "")
    held = cookies.held_token(request, key) if key else None
    draft = services.find_draft(held) if held else None
    if draft is not None and draft.declaration is not None:
        return sent_page(request, draft)
    if draft is not None and services.is_over(draft):
        # What it corrects has ended meanwhile.
        held = draft = None
    answers = dict(draft.answers) if draft else {}
    if request.GET.get("agency"):
        # Back from the page with the agencies, which serves browsers without JavaScript. Shown, and stored with the
        # next press of a button: an address alone changes nothing.
        answers["agency"] = tidy(request.GET["agency"])[:5]
    form = DeclarationForm(initial=answers, draft=draft)
    context = {} if held else {"offers": offers(request), "is_elsewhere": bool(key)}
    return form_page(request, form, held or cookies.new_token(), draft, context=context)


def _post(request: HttpRequest) -> HttpResponse:
    token = cookies.read_token(request.POST.get("draft", ""))
    draft = services.open_draft(token)
    form = DeclarationForm(request.POST, request.FILES, draft=draft, client=str(get_client_ip_address(request)))
    form.is_valid()
    try:
        return _act(request, form, draft)
    except services.StoreUnavailable as failure:
        form.add_error(None, str(failure.message))
        return form_page(request, form, token, draft, status=503)


def _act(request: HttpRequest, form: DeclarationForm, draft: Draft) -> HttpResponse:
    token = draft.token
    for _try in range(_TRIES):
        if draft.declaration is not None:
            return _after_submission(request, form, draft, draft.declaration)
        try:
            return _press(request, form, draft)
        except (services.AlreadyDecided, services.AlreadySubmitted):
            draft = services.open_draft(token)
    raise Http404


def _after_submission(
    request: HttpRequest, form: DeclarationForm, draft: Draft, declaration: Declaration
) -> HttpResponse:
    """The same again leads to the same receipt; anything else is told that there is one declaration already."""
    page = read_page(request)
    if "split" in request.POST:
        return split(request, draft, page, form.accepted)
    is_whole = len(form.accepted) == sum(kind in request.FILES for kind in PhotoKind.values)
    if is_whole and services.is_resent(draft, page, form.accepted):
        return _to_receipt(request, draft, declaration, again=True)
    return sent_page(request, draft, services.keep_images(draft, page, form.accepted))


def _press(request: HttpRequest, form: DeclarationForm, draft: Draft) -> HttpResponse:
    """What the pressed button says. Raises AlreadyDecided or AlreadySubmitted for a submitted draft."""
    page = read_page(request)
    if "start-over" in request.POST:
        return _start_over(draft)
    if "split" in request.POST:
        return split(request, draft, page, form.accepted)
    if "one-person" in request.POST:
        # What was typed there, with the photos that are stored: both are shown before anything is submitted.
        services.save_answers(draft, page.answers, page.id)
        return go_to_form(request, draft.token)
    try:
        services.check_page(draft, page, form.accepted)
        return _take(request, form, draft, page)
    except services.PageOutdated:
        stored = {kind: form.stored[kind] for kind in form.fresh}
        images = {kind: image for kind, image in form.accepted.items() if kind not in stored}
        return changed_page(request, draft, services.keep_images(draft, page.showing(stored), images))


def _take(request: HttpRequest, form: DeclarationForm, draft: Draft, page: services.FormPage) -> HttpResponse:
    """Keep what was sent, then go where the pressed button leads. Raises PageOutdated as long as another page acts."""
    for kind, image in form.accepted.items():
        try:
            form.show_stored(services.store_photo(draft, kind, image, page.id))
        except services.StoreUnavailable as failure:
            form.add_error(kind, str(failure.message))
    filled = form.fill_from_cards(_newly_said(form)) if form.errors else {}
    services.save_answers(draft, {**services.typed_answers(form.data), **filled}, page.id, page.seen)
    if "choose-agency" in request.POST:
        agencies = reverse("agencies:tree", query={"next": form_address(draft.token)})
        return _with_cookie(request, agencies, draft.token)
    removed = request.POST.get("remove-photo")
    if removed in PhotoKind.values:
        services.discard_photo(draft, removed)
        return go_to_form(request, draft.token, anchor=f"#id_{removed}")
    only_looks = "review" in request.POST or form.pressed_offer
    if not form.errors and not only_looks:
        fresh = {kind: form.stored[kind] for kind in form.fresh}
        declaration = _submit(request, form, draft, page if page.photos is None else page.showing(fresh))
        if declaration is not None:
            return _to_receipt(request, draft, declaration)
    return form_page(request, form, draft.token, draft, status=200 if only_looks else 422, filled=filled)


def _newly_said(form: DeclarationForm) -> dict[str, str]:
    """What the cards in the photos of this request say."""
    photos = [form.photo_field(kind).attachment for kind in PhotoKind.values if kind in form.accepted]
    return cards.read_fields([photo.card for photo in photos if photo])


def _submit(request: HttpRequest, form: DeclarationForm, draft: Draft, page: services.FormPage) -> Declaration | None:
    """Ghi nhận. A refusal becomes an error at its field."""
    try:
        address = str(get_client_ip_address(request))
        return services.submit_declaration(draft, form.answers(get_language() or "vi"), page, address=address)
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
    cookies.clear_cookie(response, draft.token)
    return response


def _to_receipt(request: HttpRequest, draft: Draft, declaration: Declaration, *, again: bool = False) -> HttpResponse:
    """Where Ghi nhận leads. The browser keeps the draft's cookie: going back says that it was submitted."""
    # Sent again, it opens the dossier for the browser that still holds the draft: not once it was closed there, and not
    # for another browser into which somebody has carried the page.
    if not again or draft.token in cookies.held_tokens(request):
        open_after_submission(request, draft)
    return redirect("registration:receipt", token=declaration.token)


def _with_cookie(request: HttpRequest, address: str, token: str) -> HttpResponse:
    response = redirect(address)
    hold(request, response, token)
    return response


def form_page(
    request: HttpRequest,
    form: DeclarationForm,
    token: str,
    draft: Draft | None,
    status: int = 200,
    filled: Mapping[str, str] | None = None,
    context: Mapping[str, object] | None = None,
) -> HttpResponse:
    """The Tờ khai with `form`; its browser holds the draft of `token` from then on."""
    about = {
        "form": form,
        "page_address": form_address(token),
        "agency": form.chosen_agency(),
        "draft_token": cookies.sign_token(token),
        "new_token": cookies.sign_token(cookies.new_token()),
        # A page that comes back from its own button is the same page.
        "page_id": read_page(request).id or cookies.new_token(),
        "revision": draft.revision if draft else 0,
        "phone_linked": bool(draft and draft.phone_linked_at),
        "corrects": draft.corrects if draft else None,
        "legal_bases": LEGAL_BASES,
        "draft_hours": settings.DRAFT_HOURS,
        "card_notes": form.notes(filled or {}),
        "resume_code": services.resume_code(draft) if draft else "",
    }
    response = render(request, "registration/declaration.html", {**about, **(context or {})}, status=status)
    hold(request, response, token)
    return response
