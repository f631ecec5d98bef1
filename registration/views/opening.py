"""Opening a dossier with a code: by SMS to the phone on record, or from the office."""

from axes.helpers import get_client_ip_address
from django.contrib import messages
from django.core.signing import SignatureExpired
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from registration import grants, services
from registration.enums import OPENABLE_STATUSES
from registration.lookup_forms import CodeForm
from registration.models import Declaration
from registration.views.progress import KEY_SECONDS, mask_phone, read_key, sign_key


@require_POST
def send_code(request: HttpRequest) -> HttpResponse:
    """Send a code to the phone on record. The page is the same when none could be sent; a line on it says so."""
    declaration_id = _named(request)
    if declaration_id is None:
        return _look_up_again(request)
    asking, address = grants.asking_of(request.session), str(get_client_ip_address(request))
    grants.note_asked(request.session, declaration_id)
    try:
        services.request_access_code(declaration_id, asking=asking, address=address)
    except services.CodesExhausted as refusal:
        messages.warning(request, str(refusal.message))
    except (services.AlreadyDecided, Declaration.DoesNotExist):
        return _look_up_again(request)
    return redirect("registration:access_code")


@sensitive_variables()
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def access_code(request: HttpRequest) -> HttpResponse:
    """Where the code is typed. Without one in it, a POST from the tracking page only shows the page."""
    declaration_id = grants.asked_for(request.session) if request.method != "POST" else _named(request)
    if declaration_id is None:
        return _look_up_again(request)
    declaration = get_object_or_404(Declaration.objects.select_related("agency"), pk=declaration_id)
    if declaration.status not in OPENABLE_STATUSES:
        return _look_up_again(request)
    asking = grants.asking_of(request.session)
    grants.note_asked(request.session, declaration_id)
    if "code" not in request.POST:
        return _page(request, declaration, CodeForm())
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, declaration, form)
    try:
        declaration = services.open_with_code(declaration_id, form.cleaned_data["code"], asking=asking)
    except services.CodeRefused as refusal:
        form.add_error("code", str(refusal.message))
        return _page(request, declaration, form)
    grants.open_dossier(request.session, declaration, timezone.now() + grants.AFTER_CODE)
    return redirect("registration:receipt", declaration.token)


def _named(request: HttpRequest) -> int | None:
    """The declaration that the page's form names, or None when the page has stood too long.

    The code page goes on with what its session has asked for, however long that page has stood.
    """
    if "key" not in request.POST:
        return grants.asked_for(request.session)
    try:
        return read_key(request.POST["key"], max_age=KEY_SECONDS)
    except SignatureExpired:
        named, asked = read_key(request.POST["key"]), grants.asked_for(request.session)
        return named if named == asked else None


def _look_up_again(request: HttpRequest) -> HttpResponse:
    messages.info(request, _("Look the dossier up first; a code for it is sent from there."))
    return redirect("registration:track")


def _page(request: HttpRequest, declaration: Declaration, form: CodeForm) -> HttpResponse:
    context = {
        "form": form,
        "declaration": declaration,
        "masked_phone": mask_phone(declaration.phone),
        "key": sign_key(declaration.pk),
    }
    return render(request, "registration/access_code.html", context, status=422 if form.errors else 200)
