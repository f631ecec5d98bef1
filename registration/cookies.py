"""The tokens of drafts between requests: signed, so that nobody makes up the draft of somebody else.

A browser holds one cookie for each of its drafts, so that two tabs that are answered at once do not overwrite each
other's list. An address names a draft by its key, which opens nothing without that cookie.
"""

import hashlib

from django.conf import settings
from django.core.signing import BadSignature, Signer, TimestampSigner
from django.http import Http404, HttpRequest, HttpResponse

from registration.models import make_token

# A draft's cookie is named "to_khai_<key>". Until 2026-11 a browser held a single one, under the bare name.
COOKIE = "to_khai"
_PREFIX = f"{COOKIE}_"
_KEY_LENGTH = 12
# A browser is never given more than this; whoever sends more has made them up.
_MOST_READ = 40
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


def draft_key(token: str) -> str:
    """How an address names the draft of this token: short, and of no use to a browser that does not hold it."""
    # The token is random and long: its hash gives nothing away, and outlives a change of the signing key.
    return hashlib.sha256(f"registration.draft-key:{token}".encode()).hexdigest()[:_KEY_LENGTH]


def held_tokens(request: HttpRequest) -> list[str]:
    """The tokens of the drafts that this browser holds; a damaged cookie counts as none."""
    names = [name for name in request.COOKIES if name.startswith(_PREFIX)][:_MOST_READ]
    tokens = [token for name in names if (token := held_token(request, name.removeprefix(_PREFIX)))]
    old = old_token(request)
    return [*tokens, old] if old and old not in tokens else tokens


def held_token(request: HttpRequest, key: str) -> str | None:
    """The token of the draft with this key, if this browser holds it."""
    for token in (_unsigned(request.COOKIES.get(f"{_PREFIX}{key}", "")), old_token(request)):
        if token and draft_key(token) == key:
            return token
    return None


def old_token(request: HttpRequest) -> str | None:
    """The token in the single cookie of earlier versions."""
    return _unsigned(request.COOKIES.get(COOKIE, ""))


def _unsigned(signed: str) -> str | None:
    try:
        return _signer.unsign(signed)
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
        f"{_PREFIX}{draft_key(token)}",
        sign_token(token),
        max_age=settings.DRAFT_HOURS * 3600,
        # The home page offers the draft, too.
        path="/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def clear_cookie(response: HttpResponse, token: str) -> None:
    """The browser lets this draft go."""
    response.delete_cookie(f"{_PREFIX}{draft_key(token)}", path="/", samesite="Lax")


def clear_old_cookie(response: HttpResponse) -> None:
    response.delete_cookie(COOKIE, path="/dang-ky/", samesite="Lax")
