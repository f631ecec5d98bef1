"""Handing out private files, to whoever a view has already let through."""

import re

from django.conf import settings
from django.core.files.base import File
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from registration.services.errors import StoreUnavailable
from registration.services.storing import log_failure

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)


def send_private(file: FieldFile, *, content_type: str, filename: str, download: bool = False) -> HttpResponseBase:
    """The stored file, by nginx where `X_ACCEL_PREFIX` is set. Raises Http404 when the file is gone."""
    if settings.X_ACCEL_PREFIX:
        headers = {
            "Content-Disposition": content_disposition_header(download, filename) or "inline",
            "X-Accel-Redirect": f"{settings.X_ACCEL_PREFIX.rstrip('/')}/{file.name}",
        }
        return HttpResponse(content_type=content_type, headers=headers)
    stored = _opened(file)
    return FileResponse(stored, content_type=content_type, as_attachment=download, filename=filename)


def send_document(
    request: HttpRequest, file: FieldFile, *, sha256: str, size: int, filename: str, download: bool = False
) -> HttpResponseBase:
    """A stored PDF of `size` bytes whose hash is `sha256`: the ETag, by which a broken download goes on.

    Answers 304, and one range at a time with 206 or 416 (RFC 9110, 13 and 14); several at once get the whole file,
    as the RFC allows. With `X_ACCEL_PREFIX` nginx does all that. Raises Http404 when the file is gone.
    """
    if settings.X_ACCEL_PREFIX:
        return send_private(file, content_type="application/pdf", filename=filename, download=download)
    etag = f'"{sha256}"'
    # Asked before anything is opened: who has the file already costs no reading.
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    if response is None:
        part = _asked_part(request, etag, size)
        if part is None:
            response = send_private(file, content_type="application/pdf", filename=filename, download=download)
        else:
            response = _part(file, part, size, content_disposition_header(download, filename) or "inline")
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = etag
    return response


def _opened(file: FieldFile) -> File[bytes]:
    """Raises Http404 where the file is gone, StoreUnavailable where it cannot be read now."""
    try:
        return file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    except Exception as error:  # the disk's OSError, an object store's own kinds
        log_failure("read", str(file.name), error)
        raise StoreUnavailable from error


def _asked_part(request: HttpRequest, etag: str, size: int) -> range | None:
    """The bytes asked for: empty where the file has none of them, None where the whole file is wanted."""
    asked = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    # Somebody who began with another file must not get the end of this one.
    if asked is None or asked[0] == "bytes=-" or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = asked[1], asked[2]
    if not first:
        return range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return range(min(int(first), size), min(int(last) + 1 if last else size, size))


def _part(file: FieldFile, part: range, size: int, disposition: str) -> HttpResponse:
    if not part:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    with _opened(file) as stored:
        stored.seek(part.start)
        content = stored.read(len(part))
    headers = {
        "Content-Range": f"bytes {part.start}-{part.stop - 1}/{size}",
        "Content-Disposition": disposition,
    }
    return HttpResponse(content, status=206, content_type="application/pdf", headers=headers)
