"""Handing out private files, to whoever a view has already let through."""

from django.conf import settings
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header


def send_private(file: FieldFile, *, content_type: str, filename: str, download: bool = False) -> HttpResponseBase:
    """The stored file, by nginx where `X_ACCEL_PREFIX` is set. Raises Http404 when the file is gone."""
    if settings.X_ACCEL_PREFIX:
        headers = {
            "Content-Disposition": content_disposition_header(download, filename) or "inline",
            "X-Accel-Redirect": f"{settings.X_ACCEL_PREFIX.rstrip('/')}/{file.name}",
        }
        return HttpResponse(content_type=content_type, headers=headers)
    try:
        stored = file.open("rb")
    except OSError as error:
        raise Http404 from error
    return FileResponse(stored, content_type=content_type, as_attachment=download, filename=filename)
