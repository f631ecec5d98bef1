"""The look of the staff desk: settings of its theme."""

from typing import Any

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Registration desk"),
    "SITE_HEADER": _("Registration desk"),
    "SITE_URL": "/",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "6px",
    # Asked for at each request: in production the file's name carries its hash.
    "STYLES": [lambda request: static("css/desk.css")],
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/mark.svg")}],
    "SIDEBAR": {"navigation": "portal.navigation.sidebar"},
    # The same deep blue as the public pages (static/css/tokens.css).
    "COLORS": {
        "primary": {
            "50": "#eef4fb",
            "100": "#d8e6f5",
            "200": "#b4cfec",
            "300": "#84b0de",
            "400": "#4f8acb",
            "500": "#2a6ab3",
            "600": "#15549a",
            "700": "#0f4480",
            "800": "#0d3869",
            "900": "#0b2d55",
            "950": "#071d38",
        }
    },
}
