"""The receipt of a declaration, its document and its photos, for whoever holds the receipt's address."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from registration import services
from registration.enums import Status
from registration.files import send_document, send_private
from registration.models import Declaration

# While the document cannot be made the page asks again after so many seconds.
RETRY_SECONDS = 20


@require_safe
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """What was registered, what happens next, and the PDF, which is made here if nobody has asked for it before.

    Ghi nhận leads here, and what it stored is safe by then: a document that cannot be made only shows as one
    that is still to come.
    """
    declaration = get_object_or_404(Declaration.objects.select_related("agency", "agency__parent"), token=token)
    document = services.offer_document(declaration)
    context = {
        "declaration": declaration,
        "document": document,
        "photos": declaration.current_attachments(),
        "waiting": declaration.status == Status.SUBMITTED,
    }
    response = render(request, "registration/receipt.html", context)
    if document is None and not declaration.unprintable:
        response.headers["Refresh"] = str(RETRY_SECONDS)
    return response


@require_safe
def receipt_document(request: HttpRequest, token: str) -> HttpResponseBase:
    """The PDF of the present version; `?tai-ve` asks the browser to save it. While there is none, the receipt."""
    declaration = get_object_or_404(Declaration.objects.select_related("agency__parent"), token=token)
    document = services.offer_document(declaration)
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
    declaration = get_object_or_404(Declaration, token=token)
    photo = get_object_or_404(declaration.current_attachments(), kind=kind)
    return send_private(photo.file, content_type="image/jpeg", filename=f"{kind}.jpg")
