"""The pages of last resort: each is whole in itself, in Vietnamese and English, with the hotline.

They need no static file, no database, no session and no context processor: any of these may be what is broken.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from csp.constants import NONE
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.context import about_portal

Text = Promise | str
_HOME = ("/", _("Go to the home page"))
_DESK = ("/admin/", _("Go to the registration desk"))


@dataclass(frozen=True)
class ErrorText:
    title: Text
    lead: Text
    advice: tuple[Text, ...] = ()
    links: tuple[tuple[str, Text], ...] = (_HOME,)


PAGES: dict[str, ErrorText] = {
    "400": ErrorText(
        _("The portal could not read this request"),
        _("Something in what your browser sent was damaged on the way."),
        (_("Please go back, reload the page and try again."),),
    ),
    "403": ErrorText(
        _("You may not open this page"),
        _("This page belongs to someone else, or you have to sign in first."),
        links=(("/tai-khoan/dang-nhap/", _("Sign in")), _HOME),
    ),
    "404": ErrorText(
        _("Page not found"),
        _("There is no page at this address. It may have been typed wrongly, or the page is no longer there."),
        (_("If you typed the address, please check it. To see a declaration again, track it with its reference."),),
        (_HOME, ("/tra-cuu/", _("Track a declaration"))),
    ),
    "413": ErrorText(
        _("What you sent is too large"),
        _("A photo may have 10 MB at most. Nothing that you sent before is lost."),
        (_("Go back, choose a smaller photo, or take it again on this page, and send it once more."),),
    ),
    "csrf": ErrorText(
        _("Your answers were not sent"),
        _(
            "The page had been open too long, or your browser does not keep cookies. To protect you we did not accept "
            "what was sent."
        ),
        (
            _("If there is a button “Send it again”, press it. Otherwise go back, reload the page and send it again."),
            _("If this page comes up again, allow cookies for this site in the settings of your browser."),
        ),
    ),
    "500": ErrorText(
        _("Something went wrong on our side"),
        _("It is not your fault. Please wait a few minutes, then go back and try again."),
    ),
    "503": ErrorText(
        _("This cannot be done just now"),
        _("It is not your fault: files cannot be stored or read at the moment. What you saved is kept."),
        (_("Please go back and try again in a few minutes."),),
    ),
    "502": ErrorText(
        _("The portal is being worked on"),
        _("It will be back soon. Please wait a few minutes, then reload this page. What you saved is kept."),
    ),
}
# What nginx answers while the program cannot: written into files by `manage.py error_pages`.
STATIC_PAGES = ("413", "502")


def error_page(
    request: HttpRequest | None, name: str, status: int, again: Sequence[tuple[str, str]] | None = None
) -> HttpResponse:
    """The page `name` of PAGES. The language that the browser's cookie names comes first.

    `again`: fields that a button sends to the same address once more.
    """
    english = request is not None and request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) == "en"
    at_desk = request is not None and request.path_info.startswith("/admin/")
    # With it every page of ours sets a cookie: a browser that brings none to the next one keeps none (portal.senders).
    token = get_token(request) if request is not None else ""
    form: dict[str, object] | None = {"token": token, "fields": again} if again is not None else None
    response = HttpResponse(error_html(name, english_first=english, at_desk=at_desk, form=form), status=status)
    response.headers["Content-Language"] = "en" if english else "vi"
    response._csp_replace = {  # type: ignore[attr-defined]
        "default-src": [NONE],
        "script-src": [NONE],
        "style-src": [style_hash()],
        "frame-ancestors": [NONE],
    }
    return response


def error_html(
    name: str, *, english_first: bool = False, at_desk: bool = False, form: dict[str, object] | None = None
) -> str:
    """The whole page."""
    languages = ("en", "vi") if english_first else ("vi", "en")
    versions = [_version(PAGES[name], language, at_desk) for language in languages]
    return render_to_string("portal/error.html", {"portal": about_portal(), "versions": versions, "form": form})


@lru_cache(maxsize=1)
def style_hash() -> str:
    """The page's one style, as a policy (CSP) lets it through."""
    digest = hashlib.sha256(render_to_string("portal/error.css").encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _version(text: ErrorText, language: str, at_desk: bool) -> dict[str, Any]:
    with translation.override(language):
        return {
            "language": language,
            "title": str(text.title),
            "lead": str(text.lead),
            "advice": [str(line) for line in text.advice],
            "help": translation.gettext("If it happens again, call"),
            "again": translation.gettext("Send it again"),
            "links": [(url, str(label)) for url, label in ((_DESK,) if at_desk else text.links)],
        }
