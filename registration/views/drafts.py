"""What a browser does with the drafts that it holds: go on with one by its code, delete one, see its photos."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from registration import cookies, services
from registration.files import send_private
from registration.held_drafts import go_to_form
from registration.lookup_forms import ResumeForm
from registration.models import Attachment
from registration.references import parse_reference
from registration.resume_codes import parse_resume_code


@require_http_methods(["GET", "HEAD", "POST"])
def resume(request: HttpRequest) -> HttpResponse:
    """Go on, on this device, with the draft of a code. It joins those that the browser holds."""
    form = ResumeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        draft = services.find_resumable(form.cleaned_data["code"])
        if draft is not None:
            return go_to_form(request, draft.token)
        form.add_error("code", _why_nothing(form.cleaned_data["code"]))
    return render(request, "registration/resume.html", {"form": form}, status=422 if form.errors else 200)


def _why_nothing(code: str) -> str:
    if parse_reference(code):
        return _("This is the reference of a declaration that was submitted. Look it up under “Track a declaration”.")
    if parse_resume_code(code) is None:
        return _("This code has 15 digits, for example 482-177-350-946-218. Compare it with the other device.")
    return _("No unfinished declaration has this code. Check it; after 24 hours it is deleted.")


@require_POST
def discard(request: HttpRequest) -> HttpResponse:
    """Delete an unfinished draft from the list that offers it; back to the page with that list."""
    token = cookies.read_token(request.POST.get("unfinished", ""))
    draft = services.find_draft(token)
    try:
        if draft is not None:
            services.discard_draft(draft)
        messages.success(request, _("The unfinished declaration has been deleted, its photos too."))
    except services.AlreadyDecided:
        messages.info(request, _("This declaration has already been submitted."))
    response = redirect("home" if "from-home" in request.POST else "registration:start")
    cookies.clear_cookie(response, token)
    return response


@require_safe
def draft_photo(request: HttpRequest, token: str) -> HttpResponseBase:
    """A photo of a draft that this browser, or this phone's key, holds; for anyone else it does not exist."""
    key = request.GET.get("chup", "")
    holders = [cookies.read_phone_key(key)] if key else cookies.held_tokens(request)
    if not holders:
        raise Http404
    photo = get_object_or_404(Attachment, draft__token__in=holders, token=token)
    return send_private(photo.file, content_type="image/jpeg", filename=f"{photo.kind}.jpg")
