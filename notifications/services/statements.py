"""The statements that every message goes through, written by hand, and a database that comes and goes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, connection
from django.db.backends.utils import CursorWrapper

Found = TypeVar("Found")

# A database that restarts is waited for, in seconds between tries: what is known should not have to be sent again.
PAUSES = (0.2, 1, 3)


@contextmanager
def open_cursor() -> Iterator[CursorWrapper]:
    """A cursor on which PostgreSQL reads and plans a statement once a connection, not once a message.

    That saves a third of the database's time. Only for statements that find their rows by id: a plan that does not
    know its values cannot use a partial index, which is why Django's own queries are not sent in this way.
    """
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            yield cursor
        return
    # As connection.cursor() does, with another kind of cursor.
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    with wrap(_server_cursor()) as cursor:
        yield cursor


def _server_cursor() -> Any:
    from psycopg import Cursor

    return Cursor(connection.connection)


def patiently(work: Callable[[], Found]) -> Found:
    """`work`, which may be done twice, again on a new connection while the database does not answer."""
    for pause in PAUSES:
        try:
            return work()
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(pause)
    return work()


def on_new_line(work: Callable[[], Found]) -> Found:
    """`work`, once more on a new connection when the one that was kept is broken."""
    try:
        return work()
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
    return work()
