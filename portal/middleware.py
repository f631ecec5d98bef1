"""Small pieces around every request."""

from collections.abc import Callable

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed, SuspiciousOperation
from django.core.handlers.exception import get_exception_response
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.middleware.locale import LocaleMiddleware
from django.urls import Resolver404, get_resolver, get_urlconf, resolve
from django.utils import translation

from portal.error_pages import error_page
from portal.network import client_ip
from portal.views import bad_request, too_many_requests
from registration.services.errors import StoreUnavailable
from registration.throttle import allow

# Providers' receipts are read as bytes, whatever encoding their server names (see notifications.bodies).
_BYTES_PREFIX = "/sms/bao-phat/"


# Characters of an address, its query and one header: more than gunicorn and nginx let through, and than any page sends.
_MAX_HEAD = 8192


def _is_large(request: HttpRequest) -> bool:
    """Whether the head of the request is beyond what anything may be read from."""
    parts = (value for name, value in request.META.items() if name.startswith(("HTTP_", "CONTENT_")))
    sizes = (len(str(value)) for value in (request.path_info, request.META.get("QUERY_STRING", ""), *parts))
    return any(size > _MAX_HEAD for size in sizes)


class PlainTextMiddleware:
    """400 for what no browser sends and no database or page takes: another encoding than UTF-8, a NUL in a cookie,
    an address or a header of more than 8,192 characters, whichever server stands in front.

    Python knows codecs that are no encodings of text ("rot13") and one that makes lone surrogates ("utf-7").
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _is_large(request):
            return bad_request(request, SuspiciousOperation("too large a head"))
        charset = (request.content_params or {}).get("charset", "utf-8")
        is_other = charset.lower() not in {"utf-8", "utf8"}
        if is_other:
            request.encoding = "utf-8"
        takes_any = request.path_info.startswith(_BYTES_PREFIX)
        if (is_other and not takes_any) or any("\0" in value for value in request.COOKIES.values()):
            return bad_request(request, SuspiciousOperation("not plain text"))
        return self.get_response(request)


class CookieLocaleMiddleware(LocaleMiddleware):
    """Vietnamese unless the person has chosen English with the switch.

    The browser's own list is not asked: many phones in Vietnam are left on English by people who do not read it.
    """

    def process_request(self, request: HttpRequest) -> None:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = language

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        return response


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """The strict policy everywhere but under /admin/, whose library needs a looser one (see settings)."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.path_info.startswith("/admin/") and not hasattr(response, "_csp_replace"):
            response._csp_replace = settings.ADMIN_CONTENT_SECURITY_POLICY["DIRECTIVES"]  # type: ignore[attr-defined]
        answer: HttpResponseBase = super().process_response(request, response)
        return answer


class PageCompressionMiddleware(GZipMiddleware):
    """Compresses pages, not files: photos and PDFs are compressed by nature, and are streamed.

    Django's middleware adds random bytes, so that the length tells nothing about secrets in a page (BREACH).
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_page = response.headers.get("Content-Type", "").startswith(("text/html", "application/json"))
        return super().process_response(request, response) if is_page and not response.streaming else response


# Pages that are the same for everybody who comes to them first: search engines may show the way to these.
_FOR_EVERYONE = {"/", "/huong-dan/", "/dang-ky/", "/dang-ky/to-khai/", "/tra-cuu/", "/kiem-tra/"}


# Where an address names one dossier or draft: it is told to no other page, of ours neither, whose log might keep it.
# The browser must still send an origin, which forms are checked by.
_SECRET_PLACES = ("/dang-ky/ho-so/", "/dang-ky/chup/")


class PrivateResponseMiddleware:
    """No shared cache and no search engine keeps a page that a program made: most show one person's data."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers.setdefault("Permissions-Policy", "geolocation=(), microphone=(), payment=()")
        if request.path_info.startswith(_SECRET_PLACES):
            response.headers.setdefault("Referrer-Policy", "strict-origin")
        if request.path_info not in _FOR_EVERYONE:
            response.headers.setdefault("X-Robots-Tag", "noindex")
        return response


class RateLimitMiddleware:
    """Limits the tries of one address on the views named in `settings.RATE_LIMITED_VIEWS`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *args: object) -> HttpResponse | None:
        match = request.resolver_match
        scope = settings.RATE_LIMITED_VIEWS.get((str(request.method), match.view_name if match else ""))
        if scope is None or allow(scope, client_ip(request)):
            return None
        return too_many_requests(request)


class StoreFailureMiddleware:
    """503 where a file cannot be stored or read and no page has said so at its place."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return error_page(request, "503", 503) if isinstance(exception, StoreUnavailable) else None


class OwnNotFoundMiddleware:
    """With DEBUG on, too, people see the portal's own 404, not Django's list of addresses."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.DEBUG:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            resolve(request.path_info)
        except Resolver404 as missing:
            return self._page(request, missing)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return self._page(request, exception) if isinstance(exception, Http404) else None

    def _page(self, request: HttpRequest, missing: Http404) -> HttpResponse:
        return get_exception_response(request, get_resolver(get_urlconf()), 404, missing)
