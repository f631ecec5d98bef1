"""What every page may say about the portal itself."""

from django.conf import settings
from django.http import HttpRequest

from portal.senders import keeps_no_cookies


def about_portal() -> dict[str, object]:
    """Name, office, hotline, and whether this is a development server: settings only, no database."""
    return {
        "name": settings.PORTAL_NAME,
        "office": settings.OFFICE_NAME,
        "hotline": settings.HOTLINE,
        "hotline_price": settings.HOTLINE_PRICE,
        "hotline_tel": "".join(letter for letter in settings.HOTLINE if letter.isdigit() or letter == "+"),
        "desk_contact": settings.DESK_CONTACT,
        "debug": settings.DEBUG,
    }


def portal(request: HttpRequest) -> dict[str, object]:
    """Context processor: `portal.name`, `.office` (may be blank), `.hotline`, `.hotline_price`, `.hotline_tel`,
    `.debug`. And `cookies_off`: this browser keeps no cookies, so that no form can be sent."""
    return {"portal": about_portal(), "cookies_off": keeps_no_cookies(request)}
