"""What came over the queue and cannot be read: put aside in Redis, with a bound, so that it is not lost unseen.

Nothing that the portal needs is in it: the rows in the database say what is to be done, and beat's sweeps find them.
"""

import base64
import json
import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# How many are kept, the newest, and how much of each.
KEPT = 100
KEPT_BYTES = 4096
# For how long a key is kept that is not what its name says.
KEY_SECONDS = 7 * 24 * 3600
_LIST = "bhxh:dead-letters"
_TOTAL = "bhxh:dead-letters:total"


@dataclass(frozen=True)
class DeadLetter:
    """When it was put aside (seconds since 1970), from which queue, why, and how long it was in bytes."""

    at: int
    queue: str
    reason: str
    size: int


def put_aside(queue: str, content: bytes, reason: str) -> None:
    """Keeps `content`, counts it, and says so in the log, without a word of the content."""
    logger.error("A task on the queue %.40r could not be read (%s, %d bytes): put aside", queue, reason, len(content))
    letter = {"at": int(time.time()), "queue": queue[:40], "reason": reason, "size": len(content)}
    letter["content"] = base64.b64encode(content[:KEPT_BYTES]).decode()
    try:
        with _redis() as client, client.pipeline() as pipe:
            pipe.lpush(_LIST, json.dumps(letter))
            pipe.ltrim(_LIST, 0, KEPT - 1)
            pipe.incr(_TOTAL)
            pipe.execute()
    except RedisError as problem:
        logger.error("It could not be kept: %s", type(problem).__name__)


def put_key_aside(client: "Redis", key: str, kind: str) -> bool:
    """Renames `key` to `<key>:unreadable` for KEY_SECONDS unless it is of this kind ("list"); whether it was not."""
    found = cast("bytes", client.type(key)).decode()
    if found in (kind, "none"):
        return False
    with client.pipeline() as pipe:
        pipe.rename(key, f"{key}:unreadable")
        pipe.expire(f"{key}:unreadable", KEY_SECONDS)
        pipe.incr(_TOTAL)
        pipe.execute()
    logger.error("The key %s was a %s and no %s: put aside", key, found, kind)
    return True


def total() -> int | None:
    """How many were put aside since somebody last forgot them; None when Redis is away."""
    try:
        with _redis() as client:
            found = client.get(_TOTAL)
    except RedisError:
        return None
    return int(found) if found and found.isdigit() else 0


def latest(count: int = KEPT) -> list[DeadLetter]:
    """The newest ones that are kept. Raises RedisError."""
    with _redis() as client:
        found = client.lrange(_LIST, 0, count - 1)
    letters = []
    for text in found:
        with suppress(ValueError, TypeError, KeyError):
            values = json.loads(text)
            letters.append(DeadLetter(int(values["at"]), values["queue"], values["reason"], int(values["size"])))
    return letters


def forget() -> None:
    """Removes what is kept, and counts from 0 again. Raises RedisError."""
    with _redis() as client:
        client.delete(_LIST, _TOTAL)


def _redis() -> "Redis":
    return Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=None)
