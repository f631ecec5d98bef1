"""What the program says at start-up when the machine or a setting would fail a citizen later."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils import timezone

from notifications import secrets
from notifications.segments import GSM7_SINGLE, is_gsm7
from registration.fonts import FAMILY, PACKAGE, missing_faces
from registration.models import Declaration
from registration.services.texts import MESSAGE_KINDS, message_text


@register()
def check_fonts(**_kwargs: Any) -> list[CheckMessage]:
    """registration.E001: the font of the printed declaration, with every Vietnamese letter, is not on this machine."""
    missing = missing_faces()
    if not missing:
        return []
    return [
        Error(
            f"The font of the printed declaration is missing or lacks Vietnamese: {FAMILY} ({', '.join(missing)}).",
            hint=f"Install it, for example: apt-get install -y {PACKAGE}. Until then no PDF is made.",
            id="registration.E001",
        )
    ]


@register()
def check_messages(**_kwargs: Any) -> list[CheckMessage]:
    """registration.E002: an SMS with this HOTLINE would not be one plain segment."""
    example = Declaration(
        reference="0" * 9, bhxh_number="0" * 12, phone="0" * 10, expires_at=timezone.now(), reason="x" * GSM7_SINGLE
    )
    password = "x" * secrets.SECRET_LENGTH
    texts = [message_text(example, kind).replace(secrets.PLACEHOLDER, password) for kind in MESSAGE_KINDS]
    if is_gsm7(settings.HOTLINE) and all(len(text) <= GSM7_SINGLE for text in texts):
        return []
    hint = "Use digits, spaces and plain letters, 20 characters at most."
    return [Error("HOTLINE does not fit into the SMS to citizens.", hint=hint, id="registration.E002")]
