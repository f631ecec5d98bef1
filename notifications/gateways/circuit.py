"""Which provider is not worth asking just now: shared by all workers, kept in Redis, forgotten by itself.

A circuit opens when half of at least MIN_CALLS calls in the last minute failed, and closes after OPEN_SECONDS. It is
then on trial: one failure opens it again, one success ends the trial. Without Redis every circuit is closed.

A provider that says how long it wants to be left alone (Retry-After) is held for that time, the only one too.
"""

import logging
import time
from functools import cache

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

MIN_CALLS = 10
ERROR_RATE = 0.5
OPEN_SECONDS = 30
TRIAL_SECONDS = 90
BUCKET_SECONDS = 30
_PREFIX = "bhxh:circuit:"


def open_circuits(names: list[str]) -> set[str]:
    """Those of the providers that should be left alone for now."""
    try:
        states = _redis().mget([f"{_PREFIX}{name}:open" for name in names])
    except RedisError:
        return set()
    return {name for name, state in zip(names, states, strict=True) if state}


def note_call(name: str, *, failed: bool) -> None:
    """Count one call to the provider, and open its circuit when there have been too many failures."""
    try:
        _note(name, failed)
    except (RedisError, ValueError) as problem:
        # ValueError: something else than a count stands there.
        logger.info("The circuit of %s could not be kept: %s", name, type(problem).__name__)


def hold(name: str, seconds: float) -> None:
    """Nobody asks the provider for so many seconds. Nothing at all for 0."""
    if seconds <= 0:
        return
    logger.warning("%s wants to be left alone for %d s", name, seconds)
    try:
        _redis().set(f"{_PREFIX}{name}:held", 1, px=max(1, int(seconds * 1000)))
    except RedisError as problem:
        logger.info("The hold of %s could not be kept: %s", name, type(problem).__name__)


def held_seconds(names: list[str]) -> dict[str, float]:
    """For how long each provider is still held; those that are not are left out."""
    try:
        with _redis().pipeline(transaction=False) as pipe:
            for name in names:
                pipe.pttl(f"{_PREFIX}{name}:held")
            left = pipe.execute()
    except RedisError:
        return {}
    return {name: milliseconds / 1000 for name, milliseconds in zip(names, left, strict=True) if milliseconds > 0}


@cache
def _redis() -> "Redis":
    return Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


def _note(name: str, failed: bool) -> None:
    key, bucket = f"{_PREFIX}{name}", int(time.time() // BUCKET_SECONDS)
    with _redis().pipeline(transaction=False) as pipe:
        pipe.hincrby(f"{key}:{bucket}", "bad" if failed else "good", 1)
        pipe.expire(f"{key}:{bucket}", 3 * BUCKET_SECONDS)
        pipe.hgetall(f"{key}:{bucket}")
        pipe.hgetall(f"{key}:{bucket - 1}")
        pipe.exists(f"{key}:trial")
        _, _, now, before, on_trial = pipe.execute()
    if not failed:
        if on_trial:
            _redis().delete(f"{key}:trial")
        return
    bad, good = (sum(int(part.get(field, 0)) for part in (now, before)) for field in (b"bad", b"good"))
    if on_trial or (bad + good >= MIN_CALLS and bad >= ERROR_RATE * (bad + good)):
        _open(key, bucket)
        logger.warning("The circuit of %s is open for %s s", name, OPEN_SECONDS)


def _open(key: str, bucket: int) -> None:
    with _redis().pipeline() as pipe:
        pipe.set(f"{key}:open", 1, ex=OPEN_SECONDS)
        pipe.set(f"{key}:trial", 1, ex=TRIAL_SECONDS)
        pipe.delete(f"{key}:{bucket}", f"{key}:{bucket - 1}")
        pipe.execute()
