"""Tra cứu hồ sơ: where a declaration stands, for whoever knows its reference and the end of its phone number.

Both stand on the paper, so nothing else is shown or done for them: that takes a code (views.opening) or the browser
that submitted (registration.grants).
"""

from axes.helpers import get_client_ip_address
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from registration import cookies, services
from registration.grants import Access, access_to
from registration.held_drafts import go_to_form
from registration.lookup_forms import TrackForm
from registration.models import Declaration
from registration.throttle import allow, allowed
from registration.views.progress import progress, read_key

# A dossier that has ended meanwhile is refused by the service, and its page then says how it stands.
_IN_HAND = (Access.OPEN, Access.STATUS)


@require_http_methods(["GET", "HEAD", "POST"])
def track(request: HttpRequest) -> HttpResponse:
    """The form and, on the same address so that nothing personal stands in it, the answer."""
    if request.method != "POST":
        scanned = cookies.scanned_reference(request)
        form = TrackForm(initial={"reference": scanned})
        return render(request, "registration/track.html", {"form": form, "staff_url": _staff_url(scanned)})
    form = TrackForm(request.POST)
    found = _find(form, str(get_client_ip_address(request))) if form.is_valid() else None
    if found is None:
        if form.is_valid():
            form.add_error(
                None,
                _(
                    "No declaration has this reference together with this phone number. Check both on the printed "
                    "declaration; after several tries please wait an hour or call the hotline."
                ),
            )
        return render(request, "registration/track.html", {"form": form}, status=422)
    context = progress(found, access_to(request, found)) | {"scanned_version": form.scanned_version}
    return render(request, "registration/tracked.html", context)


def _staff_url(scanned: str) -> str:
    """Where an officer signs in and comes to the dossier: one whose session is over is sent to this page, too."""
    return reverse("admin:login", query={"next": reverse("registration:scan", args=[scanned])}) if scanned else ""


def _find(form: TrackForm, address: str) -> Declaration | None:
    """The declaration, or None: one query and one comparison whether the reference or the phone is wrong.

    Guessing the four digits of a known reference ends after some tries an hour; that refusal looks the same too. An
    address is stopped long before the reference is, so that a stranger does not stop its owner.
    """
    reference, phone_end = form.cleaned_data["reference"], form.cleaned_data["phone_end"]
    may_try = allowed("track-reference", reference, address) and allowed("track-anywhere", reference)
    declaration = Declaration.objects.select_related("agency", "account").filter(reference=reference).first()
    is_right = constant_time_compare(declaration.phone[-4:] if declaration else "none", phone_end)
    if may_try and is_right and declaration:
        return declaration
    if allow("track-reference", reference, address):
        allow("track-anywhere", reference)
    return None


@require_POST
def correct(request: HttpRequest) -> HttpResponse:
    """Open the form with a returned declaration's answers and photos."""
    declaration = _named(request)
    if access_to(request, declaration) not in _IN_HAND:
        return _refused(request, declaration)
    try:
        draft = services.begin_correction(declaration)
    except services.AlreadyDecided:
        messages.error(request, _("The dossier has changed meanwhile: here is its present state."))
        return redirect("registration:receipt", declaration.token)
    except services.StoreUnavailable:
        messages.error(request, _("The correction cannot be opened just now. Please try again in a few minutes."))
        return redirect("registration:receipt", declaration.token)
    return go_to_form(request, draft.token)


@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    """The citizen takes the declaration back."""
    declaration = _named(request)
    if access_to(request, declaration) not in _IN_HAND:
        return _refused(request, declaration)
    try:
        services.withdraw_declaration(declaration.pk)
    except services.AlreadyDecided as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The dossier has been withdrawn. You can register again at any time."))
    return redirect("registration:receipt", declaration.token)


def _named(request: HttpRequest) -> Declaration:
    return get_object_or_404(Declaration, pk=read_key(request.POST.get("key", "")))


def _refused(request: HttpRequest, declaration: Declaration) -> HttpResponse:
    """Not, or no longer, open in this browser. Whoever has the key has seen the reference."""
    messages.error(request, _("The dossier is closed on this device. Look it up, then open it with a code."))
    response = redirect("registration:track")
    cookies.remember_reference(response, declaration.reference_text)
    return response
