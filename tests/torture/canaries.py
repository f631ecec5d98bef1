"""Marks that look like passwords and are left on every road that a password could take.

The search has to find each of them where it was left: one that cannot find them proves nothing. The mark of a road is
made from a seed that the run hands to its programs, so no program is told another's.
"""

import hashlib
import logging
import os

SEED = "TORTURE_SEED"
# The programs that leave marks in their logs and error reports.
PARTS = ("worker", "beat", "web")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
logger = logging.getLogger("torture")


def mark(road: str, seed: str = "") -> str:
    """The mark of this road: ten letters, as a password has."""
    digest = hashlib.sha256(f"{seed or os.environ[SEED]} {road}".encode()).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:10])


def leave_in_log(part: str) -> None:
    logger.debug("a mark %s", mark(f"log of {part}"))


def leave_in_report(part: str) -> None:
    """It stands in a local variable of a frame, nowhere in the error's words."""
    try:
        _stumble(mark(f"report of {part}"))
    except ZeroDivisionError:
        logger.exception("An error as the marks need one")


def _stumble(marked: str) -> float:
    return len(marked) / 0


def leave_in_broker() -> None:
    """As Celery sends it: base64 in JSON; and once more compressed. Nobody takes from that queue."""
    from celery import current_app

    for compression in ("", "gzip"):
        current_app.send_task(
            "torture.nobody", kwargs={"text": f"Mat khau: {mark(f'broker {compression}'.strip())}."},
            queue="torture", compression=compression or None,
        )  # fmt: skip


def leave_in_database() -> None:
    """A row that stays, and one that is gone at once: only the server's files know of that one."""
    from notifications.models import InboxMessage

    for place, road in enumerate(("database", "database, gone")):
        row = InboxMessage.objects.create(phone="+84900000000", text=f"({mark(road)})", request_id=f"mark-{place}")
        if place:
            row.delete()
