"""The draft's token between requests: signed, so that nobody makes up the draft of somebody else."""

from django.conf import settings
from django.core.signing import BadSignature, Signer, TimestampSigner
from django.http import Http404, HttpRequest, HttpResponse

from registration.models import make_token

COOKIE = "to_khai"
# A phone that helps with the photos may do so for this long.
PHONE_SECONDS = 15 * 60
_signer = Signer(salt="registration.draft")
_phone_signer = TimestampSigner(salt="registration.phone")


def sign_token(token: str) -> str:
    """The form in which a draft's token travels in the page."""
    return _signer.sign(token)


def read_token(signed: str) -> str:
    """The token in a signed one. Raises Http404 for anything that this portal has not signed."""
    try:
        return _signer.unsign(signed)
    except BadSignature as error:
        raise Http404 from error


def cookie_token(request: HttpRequest) -> str | None:
    """The token of the browser's present draft; a damaged cookie counts as none."""
    try:
        return _signer.unsign(request.COOKIES.get(COOKIE, ""))
    except BadSignature:
        return None


def make_phone_key(token: str) -> str:
    """A key with which a phone adds photos to this draft, and nothing else, for `PHONE_SECONDS`."""
    return _phone_signer.sign(token)


def read_phone_key(key: str) -> str:
    """The draft's token in a phone's key. Raises Http404 for a made-up or outdated one."""
    try:
        return _phone_signer.unsign(key, max_age=PHONE_SECONDS)
    except BadSignature as error:
        raise Http404 from error


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
