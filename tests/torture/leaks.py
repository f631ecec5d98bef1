"""Faults that the torture has to find: `--leak ROAD` makes the workers careless. A run with one must fail.

They sit where every text passes in the clear, around the gateway's `send`.
"""

import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notifications.gateways.base import OutgoingMessage, SendResult
    from notifications.gateways.esms import EsmsGateway

CHOSEN = "TORTURE_LEAKS"
logger = logging.getLogger("torture")


def into_broker(message: "OutgoingMessage") -> None:
    """The text as an argument of a task that is due much later."""
    from celery import current_app

    current_app.send_task("torture.nobody", kwargs={"text": message.text}, queue="torture", countdown=3600)


def into_log(message: "OutgoingMessage") -> None:
    logger.debug("sending %s", message.text)


def into_database(message: "OutgoingMessage") -> None:
    """A row that is gone again at once."""
    from notifications.models import InboxMessage

    request_id = f"{message.request_id}{os.urandom(4).hex()}"
    InboxMessage.objects.create(phone=message.phone, text=message.text, request_id=request_id).delete()


def into_report(message: "OutgoingMessage") -> None:
    """The text in a local variable where something goes wrong."""
    text = message.text
    try:
        raise RuntimeError(f"a text of {len(text)} characters")
    except RuntimeError:
        logger.exception("The gateway stumbled")


LEAKS: dict[str, Callable[["OutgoingMessage"], None]] = {
    "broker": into_broker,
    "log": into_log,
    "database": into_database,
    "report": into_report,
}


def install() -> None:
    """Those that the environment names."""
    from notifications.gateways.esms import EsmsGateway

    chosen = [LEAKS[name] for name in os.environ.get(CHOSEN, "").split(",") if name in LEAKS]
    send = EsmsGateway.send

    def careless(gateway: "EsmsGateway", message: "OutgoingMessage") -> "SendResult":
        for leak in chosen:
            leak(message)
        return send(gateway, message)

    if chosen:
        EsmsGateway.send = careless
