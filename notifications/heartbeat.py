"""Signs of life of worker and beat, in Redis: times alone. Connected when Celery starts them (portal.celery)."""

import logging
import time

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

PARTS = ("worker", "beat")
_KEY = "bhxh:heartbeat:{}"
_KEEP_SECONDS = 7 * 24 * 3600


def beat(part: str) -> None:
    """`part` is alive now. Without Redis nothing is written: that is found out elsewhere."""
    try:
        with _redis() as client:
            client.set(_KEY.format(part), int(time.time()), ex=_KEEP_SECONDS)
    except RedisError:
        logger.debug("no heartbeat written")


def seconds_since() -> dict[str, int | None]:
    """Seconds since each part's last sign of life; None where there has been none, or Redis is away."""
    try:
        with _redis() as client:
            times = client.mget([_KEY.format(part) for part in PARTS])
    except RedisError:
        times = [None] * len(PARTS)
    now = time.time()
    # What is no time is a sign of nothing.
    known = {part: int(at) for part, at in zip(PARTS, times, strict=True) if at and at.isdigit()}
    return {part: max(0, int(now - known[part])) if part in known else None for part in PARTS}


def _redis() -> "Redis":
    return Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=None)
