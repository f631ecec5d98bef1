"""What the machine that watches this program asks: can it serve people right now?"""

import logging
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import redis
from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from notifications import dead_letters, heartbeat
from notifications.services import operations
from portal.static_files import missing_static_files
from registration.fonts import FontMissing, missing_faces
from registration.services import measure_backlogs

logger = logging.getLogger(__name__)
REDIS_TIMEOUT_SECONDS = 1


def readiness() -> dict[str, str]:
    """Each part by name, "ok" or "failed". The reason goes to the log only."""
    return {name: _outcome(name, check) for name, check in CHECKS.items()}


def delivery() -> dict[str, int | None]:
    """Seconds: the age of the oldest message that no provider has taken, and since worker and beat were last seen.

    For whoever watches; it decides nothing about readiness, because pages are served without a worker too. None is
    "never seen" or "not known now".
    """
    signs = {f"{part}_seen_seconds": seconds for part, seconds in heartbeat.seconds_since().items()}
    oldest: int | None = None
    with suppress(DatabaseError):
        oldest = operations.oldest_undelivered_seconds()
    return {"oldest_undelivered_seconds": oldest, **signs}


def metrics() -> str:
    """The same, messages by state and the work of the clock that is due, in Prometheus' format. No personal data."""
    lines = [f"portal_{name} {value}" for name, value in delivery().items() if value is not None]
    for standing in operations.standings():
        labels = f'{{status="{standing.status}"}}'
        lines.append(f"portal_messages{labels} {standing.count}")
        lines.append(f"portal_messages_oldest_seconds{labels} {standing.oldest_seconds}")
    lines.append(f"portal_receipts_unknown {operations.unknown_receipts()}")
    if (unreadable := dead_letters.total()) is not None:
        lines.append(f"portal_tasks_unreadable {unreadable}")
    for backlog in measure_backlogs():
        labels = f'{{work="{backlog.kind}"}}'
        lines.append(f"portal_backlog{labels} {backlog.count}")
        lines.append(f"portal_backlog_oldest_seconds{labels} {backlog.oldest_seconds}")
        lines.append(f"portal_backlog_set_back{labels} {backlog.set_back}")
    return "\n".join(lines) + "\n"


def _outcome(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except Exception as error:  # whatever went wrong, the answer is "failed"
        logger.warning("health check %s failed: %s", name, type(error).__name__)
        return "failed"
    return "ok"


def _check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _check_migrations() -> None:
    applied = set(MigrationRecorder(connection).applied_migrations())
    missing = _migrations_on_disk() - applied
    if missing:
        raise RuntimeError(f"{len(missing)} migrations are not applied")


@lru_cache(maxsize=1)
def _migrations_on_disk() -> frozenset[tuple[str, str]]:
    """Read once: a running program's files do not change. Squashed ones count through what they replace."""
    migrations = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    return frozenset(key for key, migration in migrations.items() if not migration.replaces)


def _check_redis() -> None:
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        retry=None,
    )
    with client:
        client.ping()


def _check_storage() -> None:
    storage = storages["private"]
    if isinstance(storage, FileSystemStorage):
        root = Path(storage.location)
        root.mkdir(mode=settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root) as file:
            file.write(b"ok")
    else:
        storage.exists("health")


def _check_static() -> None:
    if missing := missing_static_files():
        raise RuntimeError(f"{len(missing)} static files are not collected")


def _check_fonts() -> None:
    """Every Vietnamese letter is in the very files that documents are drawn with."""
    if missing := missing_faces():
        raise FontMissing(", ".join(missing))


CHECKS: dict[str, Callable[[], None]] = {
    "database": _check_database,
    "migrations": _check_migrations,
    "redis": _check_redis,
    "storage": _check_storage,
    "static": _check_static,
    "fonts": _check_fonts,
}
