"""How often somebody may try: counters in Redis, or in this process while Redis is away."""

import logging
from functools import cache
from typing import cast

from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


@cache
def _limiter() -> FixedWindowRateLimiter:
    options = {"socket_connect_timeout": 1, "socket_timeout": 1}
    # The same function makes storages for asyncio, from other URLs than ours.
    return FixedWindowRateLimiter(cast("Storage", storage_from_string(settings.REDIS_URL, **options)))


@cache
def _stand_in() -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(MemoryStorage())


@cache
def _limit(scope: str) -> RateLimitItem:
    return parse(settings.RATE_LIMITS[scope])


def allow(scope: str, *identifiers: str, cost: int = 1) -> bool:
    """Count one try, or `cost`, in this scope of `settings.RATE_LIMITS`; False when there have been too many."""
    try:
        return bool(_limiter().hit(_limit(scope), scope, *identifiers, cost=cost))
    except RedisError:
        logger.warning("Redis is away: the limits of this process alone hold")
        return bool(_stand_in().hit(_limit(scope), scope, *identifiers, cost=cost))


def allowed(scope: str, *identifiers: str) -> bool:
    """Whether another try would be let through, without counting one."""
    try:
        return bool(_limiter().test(_limit(scope), scope, *identifiers))
    except RedisError:
        return bool(_stand_in().test(_limit(scope), scope, *identifiers))
