"""The SMS of a declaration's way. The original is Vietnamese and unaccented, one segment each."""

import re
from collections.abc import Mapping, Sequence

from django.conf import settings
from django.template.loader import render_to_string

from common.days import day_of, end_of_day_in
from notifications.enums import MessageKind
from notifications.segments import GSM7_SINGLE, unaccent
from notifications.services import NewMessage, queue_messages
from registration.enums import Status
from registration.models import Declaration
from registration.services.emails import queue_emails

# Each has a template of its name.
MESSAGE_KINDS = (
    MessageKind.RECEIVED,
    MessageKind.CREDENTIAL,
    MessageKind.RETURNED,
    MessageKind.REJECTED,
    MessageKind.REMINDER,
    MessageKind.ACCESS_CODE,
    MessageKind.PHONE_CHANGED,
)
_BY_STATUS = {
    # What is awaited then is the correction, not the paper.
    (MessageKind.REMINDER, Status.RETURNED): "reminder_returned",
    # The paper itself was received, after the declaration had expired.
    (MessageKind.RECEIVED, Status.RECEIVED): "received_late",
}
_UNSENDABLE = re.compile(r"[^A-Za-z0-9 .,;:()/%+!?-]")
# A phone makes a link of "abc.vn" and "a://b"; nobody does of "abc. vn".
_JOINTS = re.compile(r"(\.(?=[A-Za-z])|:(?=/)|/(?=/))")


def send_messages(declarations: Sequence[Declaration], kind: MessageKind, *, hold: bool = False) -> None:
    """Queue the message of this kind about each. Called in the transaction that makes it true.

    With `hold` the SMS is recorded and not sent; so is one whose phone has had enough for the day.
    """
    expires_at = end_of_day_in(settings.ONE_TIME_PASSWORD_DAYS)
    queue_messages(
        [
            NewMessage(
                kind=kind,
                phone=declaration.phone,
                body=message_text(declaration, kind),
                account=declaration.account,
                related_key=declaration.message_key,
                secret_expires_at=expires_at if kind == MessageKind.CREDENTIAL else None,
                hold=hold,
            )
            for declaration in declarations
        ]
    )
    queue_emails(declarations, kind)


def send_phone_changed(declaration: Declaration, old_phone: str) -> None:
    """Tell the phone that the declaration had until now. Called in the transaction that changes it."""
    queue_messages(
        [
            NewMessage(
                kind=MessageKind.PHONE_CHANGED,
                phone=old_phone,
                body=message_text(declaration, MessageKind.PHONE_CHANGED),
                related_key=declaration.message_key,
            )
        ]
    )


def message_text(declaration: Declaration, kind: MessageKind) -> str:
    """The text, with `{secret}` where a password comes. As much of a reason as one segment has room for."""
    context = {
        "number": declaration.bhxh_number,
        "reference": declaration.reference_text,
        "hotline": settings.HOTLINE,
        "phone_end": declaration.phone[-3:],
        "date": day_of(declaration.expires_at).strftime("%d/%m/%Y"),
    }
    name = _BY_STATUS.get((kind, Status(declaration.status)), kind)
    room = GSM7_SINGLE - len(_render(name, context)) - len(" ")
    return _render(name, context | {"reason": shorten_reason(declaration.reason, room)})


def shorten_reason(reason: str, room: int) -> str:
    """An officer's words as an SMS can carry them: unaccented, without links, cut between words.

    A sentence of at most `room` characters (4 or more), all of them one wide in GSM-7. Empty when nothing is left.
    """
    plain = _UNSENDABLE.sub(" ", unaccent(reason))
    words = _JOINTS.sub(r"\1 ", plain).split()
    text = " ".join(words).strip(" .,;:")
    if len(text) < room:
        return f"{text}." if text else ""
    sentences, end, _rest = text[:room].rpartition(". ")
    if end and len(sentences) > room // 2:
        return f"{sentences}."
    # One character more than fits, to see whether the last word ends there.
    beginning = text[: max(room - 2, 0)]
    return (beginning.rpartition(" ")[0] or beginning[:-1]).rstrip(" .,;:") + "..."


def _render(name: str, context: Mapping[str, str]) -> str:
    return " ".join(render_to_string(f"registration/sms/{name}.txt", dict(context)).split())
