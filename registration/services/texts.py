"""The SMS of a declaration's way. The original is Vietnamese and unaccented, one segment each."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from notifications.enums import MessageKind
from notifications.services import NewMessage, queue_messages
from registration.models import Declaration


def send_messages(declarations: Sequence[Declaration], kind: MessageKind) -> None:
    """Queue the message of this kind about each. Called in the transaction that makes it true."""
    expires_at = timezone.now() + timedelta(days=settings.ONE_TIME_PASSWORD_DAYS)
    queue_messages(
        [
            NewMessage(
                kind=kind,
                phone=declaration.phone,
                body=message_text(declaration, kind),
                account=declaration.account,
                related_key=declaration.message_key,
                secret_expires_at=expires_at if kind == MessageKind.CREDENTIAL else None,
            )
            for declaration in declarations
        ]
    )


def message_text(declaration: Declaration, kind: MessageKind) -> str:
    """The text, with `{secret}` where a password comes."""
    context = {
        "number": declaration.bhxh_number,
        "reference": declaration.reference_text,
        "hotline": settings.HOTLINE,
        "date": timezone.localtime(declaration.expires_at).strftime("%d/%m/%Y"),
    }
    return " ".join(render_to_string(f"registration/sms/{kind}.txt", context).split())
