"""How fast each provider may be asked (settings.SMS_RATES), counted over all workers in Redis."""

import logging
from functools import cache
from typing import cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def take_turn(name: str) -> bool:
    """Whether the provider may be asked once more now; if so, that call is counted.

    While Redis is away each process keeps the pace alone.
    """
    rate: str = settings.SMS_RATES.get(name, "")
    if not rate:
        return True
    try:
        return bool(_limiter().hit(_limit(rate), "sms", name))
    except RedisError:
        return bool(_stand_in().hit(_limit(rate), "sms", name))


def check_rates(known: list[str]) -> None:
    """Raises ImproperlyConfigured, which names the provider, for a rate that is none or for one that is not used."""
    for name, rate in settings.SMS_RATES.items():
        if name not in known:
            raise ImproperlyConfigured(f"SMS_RATES names {name}, which SMS_GATEWAYS does not.")
        try:
            amount = parse(rate).amount
        except ValueError:
            amount = 0
        if amount <= 0:
            raise ImproperlyConfigured(f"SMS_RATES: {name} must be like 10/second, not {rate!r}.")


@cache
def _limit(rate: str) -> RateLimitItem:
    return parse(rate)


@cache
def _limiter() -> MovingWindowRateLimiter:
    options = {"socket_connect_timeout": 1, "socket_timeout": 1}
    return MovingWindowRateLimiter(cast("Storage", storage_from_string(settings.REDIS_URL, **options)))


@cache
def _stand_in() -> MovingWindowRateLimiter:
    logger.warning("Redis is away: each process keeps the providers' pace alone")
    return MovingWindowRateLimiter(MemoryStorage())
