"""Tra cứu hồ sơ: where a declaration stands, for whoever knows its reference and the end of its phone number."""

from django.contrib import messages
from django.core.signing import BadSignature, TimestampSigner
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from notifications.services import message_state
from registration import cookies, services
from registration.enums import Status
from registration.lookup_forms import TrackForm
from registration.models import Declaration
from registration.throttle import allow, allowed
from registration.validators import national_phone

_signer = TimestampSigner(salt="registration.tracked")
_KEY_SECONDS = 1800


@require_http_methods(["GET", "HEAD", "POST"])
def track(request: HttpRequest) -> HttpResponse:
    """The form and, on the same address so that nothing personal stands in it, the answer."""
    if request.method != "POST":
        scanned = cookies.scanned_reference(request)
        form = TrackForm(initial={"reference": scanned})
        return render(request, "registration/track.html", {"form": form, "staff_url": _staff_url(scanned)})
    form = TrackForm(request.POST)
    found = _find(form) if form.is_valid() else None
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
    return render(request, "registration/tracked.html", progress(found) | {"scanned_version": form.scanned_version})


def _staff_url(scanned: str) -> str:
    """Where an officer signs in and comes to the dossier: one whose session is over is sent to this page, too."""
    return reverse("admin:login", query={"next": reverse("registration:scan", args=[scanned])}) if scanned else ""


def _find(form: TrackForm) -> Declaration | None:
    """The declaration, or None: one query and one comparison whether the reference or the phone is wrong.

    Guessing the four digits of a known reference ends after some tries an hour; that refusal looks the same too.
    """
    reference, phone_end = form.cleaned_data["reference"], form.cleaned_data["phone_end"]
    may_try = allowed("track-reference", reference)
    declaration = Declaration.objects.select_related("agency", "account").filter(reference=reference).first()
    is_right = constant_time_compare(declaration.phone[-4:] if declaration else "none", phone_end)
    if may_try and is_right and declaration:
        return declaration
    allow("track-reference", reference)
    return None


def progress(declaration: Declaration) -> dict[str, object]:
    """What the pages show of a declaration's way."""
    return {
        "declaration": declaration,
        "changes": declaration.changes.all(),
        "credential": message_state(declaration.message_key, kind="credential"),
        "can_correct": declaration.status == Status.RETURNED,
        "can_withdraw": declaration.status in (Status.SUBMITTED, Status.RETURNED),
        "national_phone": national_phone(declaration.phone),
        "masked_phone": f"•••• ••• {declaration.phone[-3:]}",
        "key": _signer.sign(str(declaration.pk)),
    }


def _opened(request: HttpRequest) -> Declaration:
    try:
        pk = _signer.unsign(request.POST.get("key", ""), max_age=_KEY_SECONDS)
    except BadSignature as error:
        raise Http404 from error
    return get_object_or_404(Declaration, pk=int(pk))


@require_POST
def correct(request: HttpRequest) -> HttpResponse:
    """Open the form with a returned declaration's answers and photos."""
    try:
        draft = services.begin_correction(_opened(request))
    except services.AlreadyDecided:
        messages.error(request, _("The declaration has changed meanwhile. Look it up again."))
        return redirect("registration:track")
    response = redirect("registration:declaration")
    cookies.set_cookie(response, draft.token)
    return response


@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    """The citizen takes the declaration back."""
    try:
        services.withdraw_declaration(_opened(request).pk)
    except services.AlreadyDecided as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The declaration has been withdrawn. You can register again at any time."))
    return redirect("registration:track")
