"""The draft's token between requests: signed, so that nobody makes up the draft of somebody else."""

from django.conf import settings
from django.core.signing import BadSignature, Signer, TimestampSigner
from django.http import Http404, HttpRequest, HttpResponse

from registration.models import make_token

COOKIE = "to_khai"
# A phone that helps with the photos may do so for this long.
PHONE_SECONDS = 15 * 60
# A scanned reference fills the tracking form for this long: the address itself stays free of it.
SCANNED_COOKIE = "ma_ho_so"
SCANNED_SECONDS = 10 * 60
# ValueError: signed text without a time in it, and signs that cannot be encoded.
_FORGED = (BadSignature, ValueError)
_signer = Signer(salt="registration.draft")
_phone_signer = TimestampSigner(salt="registration.phone")
_scanned_signer = TimestampSigner(salt="registration.scanned")


def sign_token(token: str) -> str:
    """The form in which a draft's token travels in the page."""
    return _signer.sign(token)


def read_token(signed: str) -> str:
    """The token in a signed one. Raises Http404 for anything that this portal has not signed."""
    try:
        return _signer.unsign(signed)
    except _FORGED as error:
        raise Http404 from error


def cookie_token(request: HttpRequest) -> str | None:
    """The token of the browser's present draft; a damaged cookie counts as none."""
    try:
        return _signer.unsign(request.COOKIES.get(COOKIE, ""))
    except _FORGED:
        return None


def make_phone_key(token: str) -> str:
    """A key with which a phone adds photos to this draft, and nothing else, for `PHONE_SECONDS`."""
    return _phone_signer.sign(token)


def read_phone_key(key: str) -> str:
    """The draft's token in a phone's key. Raises Http404 for a made-up or outdated one."""
    try:
        return _phone_signer.unsign(key, max_age=PHONE_SECONDS)
    except _FORGED as error:
        raise Http404 from error


def remember_reference(response: HttpResponse, reference: str) -> None:
    """Keep a scanned reference for the tracking form, and for nothing else."""
    response.set_cookie(
        SCANNED_COOKIE,
        _scanned_signer.sign(reference),
        max_age=SCANNED_SECONDS,
        path="/tra-cuu/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget_reference(response: HttpResponse) -> None:
    response.delete_cookie(SCANNED_COOKIE, path="/tra-cuu/", samesite="Lax")


def scanned_reference(request: HttpRequest) -> str:
    """The reference that was scanned just now; empty without one, or where this portal has not signed it."""
    try:
        return _scanned_signer.unsign(request.COOKIES.get(SCANNED_COOKIE, ""), max_age=SCANNED_SECONDS)
    except BadSignature:
        return ""


def new_token() -> str:
    return make_token()


def set_cookie(response: HttpResponse, token: str) -> None:
    """Keep the draft's token in the browser for as long as the draft itself is kept."""
    response.set_cookie(
        COOKIE,
        sign_token(token),
        max_age=settings.DRAFT_HOURS * 3600,
        path="/dang-ky/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def clear_cookie(response: HttpResponse) -> None:
    response.delete_cookie(COOKIE, path="/dang-ky/", samesite="Lax")
