"""The receipt of a declaration, its document and its photos, for whoever holds the receipt's address."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from registration import services
from registration.enums import Status
from registration.files import send_private
from registration.models import Declaration


@require_GET
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """What was registered, what happens next, and the PDF."""
    declaration = get_object_or_404(Declaration.objects.select_related("agency"), token=token)
    context = {
        "declaration": declaration,
        "photos": declaration.current_attachments(),
        "waiting": declaration.status == Status.SUBMITTED,
    }
    return render(request, "registration/receipt.html", context)


@require_GET
def receipt_document(request: HttpRequest, token: str) -> HttpResponseBase:
    """The PDF of the present version; `?tai-ve` asks the browser to save it."""
    declaration = get_object_or_404(Declaration, token=token)
    document = services.ensure_document(declaration)
    return send_private(
        document.file,
        content_type="application/pdf",
        filename=f"to-khai-{declaration.reference_text}.pdf",
        download="tai-ve" in request.GET,
    )


@require_GET
def receipt_photo(request: HttpRequest, token: str, kind: str) -> HttpResponseBase:
    """One stored photo, as the proof of what was received."""
    declaration = get_object_or_404(Declaration, token=token)
    photo = get_object_or_404(declaration.current_attachments(), kind=kind)
    return send_private(photo.file, content_type="image/jpeg", filename=f"{kind}.jpg")
