"""One dossier's page, its document and its photos: for the browser in which Ghi nhận was pressed, for a while, and for
whoever has opened it with a code. The address alone opens nothing."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from registration import cookies, services
from registration.answers import stored_answers
from registration.cards import compare
from registration.doubts import doubts_of
from registration.enums import Status
from registration.files import send_document, send_private
from registration.grants import Access, access_to, close_dossier, held_before, may_hold_any
from registration.held_drafts import let_go
from registration.models import Attachment, Declaration
from registration.views.progress import progress

# While the document cannot be made the page asks again after so many seconds.
RETRY_SECONDS = 20


@require_safe
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """The dossier's state, what is to be done next, and the PDF, which is made here if nobody has asked for it before.

    Ghi nhận leads here, and what it stored is safe by then: a document that cannot be made only shows as one
    that is still to come.
    """
    declaration, access = _find(request, token)
    if declaration is None or access == Access.NONE:
        return _closed(request, declaration)
    context = progress(declaration, access)
    document = services.offer_document(declaration) if context["shows_document"] else None
    photos = list(declaration.current_attachments()) if context["shows_photos"] else []
    context |= {"document": document, "photos": photos, "is_new": declaration.status == Status.SUBMITTED}
    context |= _remarks(declaration, photos) if context["is_new"] else {}
    response = render(request, "registration/receipt.html", context)
    if document is None and context["shows_document"] and not declaration.unprintable:
        response.headers["Refresh"] = str(RETRY_SECONDS)
    return response


def _remarks(declaration: Declaration, photos: list[Attachment]) -> dict[str, object]:
    """What is unusual or not as on the card: the last moment to see it before the paper is printed."""
    answers = stored_answers(declaration)
    return {
        "doubts": doubts_of(answers),
        "differs": compare((photo.card for photo in photos), answers)["differs"],
    }


@require_safe
def receipt_document(request: HttpRequest, token: str) -> HttpResponseBase:
    """The PDF of the present version; `?tai-ve` asks the browser to save it. While there is none, the dossier's page:
    it is not made yet, or no longer valid."""
    declaration, access = _find(request, token)
    if declaration is None or access == Access.NONE:
        return _closed(request, declaration)
    is_shown = progress(declaration, access)["shows_document"]
    document = services.offer_document(declaration) if is_shown else None
    if document is None:
        return redirect("registration:receipt", token)
    return send_document(
        request,
        document.file,
        sha256=document.sha256,
        size=document.size,
        filename=f"to-khai-{declaration.reference_text}.pdf",
        download="tai-ve" in request.GET,
    )


@require_safe
def receipt_photo(request: HttpRequest, token: str, kind: str) -> HttpResponseBase:
    """One stored photo, as the proof of what was received."""
    declaration, access = _find(request, token)
    if declaration is None or access == Access.NONE:
        return _closed(request, declaration)
    if not progress(declaration, access)["shows_photos"]:
        raise Http404
    photo = get_object_or_404(declaration.current_attachments(), kind=kind)
    return send_private(photo.file, content_type="image/jpeg", filename=f"{kind}.jpg")


@require_POST
def close(request: HttpRequest, token: str) -> HttpResponse:
    """End what this browser may see of the dossier, at once: the computer is somebody else's."""
    declaration, access = _find(request, token)
    response = redirect("registration:track")
    cookies.forget_reference(response)
    if declaration is not None and access != Access.NONE:
        close_dossier(request.session, declaration)
        let_go(request, response, declaration)
        messages.success(request, _("The dossier is closed on this device. To open it again a code is needed."))
    return response


def _find(request: HttpRequest, token: str) -> tuple[Declaration | None, Access]:
    """The dossier of this address and what may be seen of it. A stranger's address is not even looked up."""
    if not may_hold_any(request):
        return None, Access.NONE
    dossiers: QuerySet[Declaration] = Declaration.objects.select_related("agency", "agency__parent")
    declaration = dossiers.filter(token=token).first()
    return declaration, access_to(request, declaration) if declaration else Access.NONE


def _closed(request: HttpRequest, declaration: Declaration | None) -> HttpResponse:
    """The same page for every address, whether there is a dossier behind it or not.

    A browser that had it open finds its reference in the tracking form.
    """
    response = render(request, "registration/closed.html", status=403)
    if declaration is not None and held_before(request.session, declaration):
        cookies.remember_reference(response, declaration.reference_text)
    return response
