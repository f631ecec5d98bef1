"""Putting a new secret into force: into the message's row and into the account it opens, both or neither."""

from functools import partial

from django.db import connection, transaction
from django.db.models import QuerySet

from notifications.enums import MessageStatus
from notifications.models import Message
from notifications.secrets import NewSecret, RowUpdate, encrypt
from notifications.services.statements import open_cursor, patiently


class ClaimLost(Exception):
    """The message is another worker's by now, or nobody's any more."""


def still_taken(message: Message) -> QuerySet[Message]:
    """The row, while it still carries the claim that `message` was taken by."""
    return Message.objects.filter(pk=message.pk, status=MessageStatus.SENDING, attempts=message.attempts)


def keep_secret(message: Message, new: NewSecret) -> None:
    """Writes the secret down, encrypted, and puts it into force, while the message is still this worker's.

    Raises ClaimLost, or the SecretUnavailable of `new.row` when that could not be changed: nothing is written then.
    """
    # It may be done twice, where nobody knows whether a broken line had done it: it writes the same again.
    patiently(partial(_keep, message, new.row, encrypt(new.secret)))


def _keep(message: Message, row: RowUpdate | None, token: str) -> None:
    if row and connection.vendor == "postgresql":
        is_mine, is_in_force = _keep_at_once(message, row, token)
    else:
        is_mine, is_in_force = _keep_step_by_step(message, row, token)
    if not is_mine:
        raise ClaimLost
    if row and not is_in_force:
        raise row.refusal()


# One statement, one round trip, one commit. The message is locked first: a claim that is over changes no account.
_KEEP = """
    WITH mine AS (
        SELECT id FROM notifications_message WHERE id = %s AND status = 'sending' AND attempts = %s FOR UPDATE
    ), written AS (
        {row} AND EXISTS (SELECT 1 FROM mine) RETURNING 1
    ), kept AS (
        UPDATE notifications_message SET secret_encrypted = %s WHERE id = %s AND EXISTS (SELECT 1 FROM written)
    )
    SELECT EXISTS (SELECT 1 FROM mine), EXISTS (SELECT 1 FROM written)
"""


def _keep_at_once(message: Message, row: RowUpdate, token: str) -> tuple[bool, bool]:
    with open_cursor() as cursor:
        cursor.execute(_KEEP.format(row=row.sql), [message.pk, message.attempts, *row.params, token, message.pk])
        is_mine, is_in_force = cursor.fetchone()
    return is_mine, is_in_force


def _keep_step_by_step(message: Message, row: RowUpdate | None, token: str) -> tuple[bool, bool]:
    with transaction.atomic(durable=True):
        if not still_taken(message).update(secret_encrypted=token):
            return False, False
        if row and not _write(row):
            transaction.set_rollback(True)
            return True, False
    return True, True


def _write(row: RowUpdate) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(row.sql, row.params)
        return bool(cursor.rowcount)
