"""A worker that outlives its broker: what kombu 5.7 and Celery 5.7 do not do when Redis goes away in mid-task."""

import logging
import select
import time
from collections.abc import Generator
from contextlib import suppress
from typing import Any

from kombu.asynchronous.hub import Hub
from kombu.transport.redis import Channel, QoS

logger = logging.getLogger(__name__)

# For the results that were being read when the broker was lost: their writers are at it.
READ_SECONDS = 2.0


class Deliveries(QoS):
    """The tasks that a channel has handed out and that wait to be acknowledged; those of a closed one wait no more.

    Such a task comes again by the visibility timeout if Redis still has it. Its row comes again by beat's sweep, and
    finds what was done: the database is the truth.
    """

    # On its way to reconnecting the worker would put what it holds back on the queue that is gone, and die of it.
    restore_at_shutdown = False

    def ack(self, delivery_tag: str) -> None:
        """The worker would die of this too: a closed channel knows no server any more (AttributeError)."""
        if self._is_over():
            return
        super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if self._is_over():
            return
        super().reject(delivery_tag, requeue=requeue)

    def _is_over(self) -> bool:
        if self.channel.closed:
            logger.info("A task ended after its broker was gone: it may come again")
        return bool(self.channel.closed)


def install() -> None:
    """For all connections of this process."""
    Channel.QoS = Deliveries


def finish_reading_before_reset(hub: Hub) -> None:
    """Lets `hub` read to its end what it has begun to read of its processes' results, before it forgets its readers.

    Celery resets the hub when the broker is lost. The rest of a result would then be taken for the next one's length,
    and the process that sent it never heard again: it keeps its place and does nothing, until the time limit of the
    task that it has long finished kills it (CELERY_TASK_TIME_LIMIT). Results are large, and read in parts, when a task
    has failed.
    """
    reset = hub.reset

    def finish_and_reset() -> None:
        readers: dict[int, Any] = hub.readers
        for file, registered in list(readers.items()):
            reading = registered and registered[0]
            # The pool is the only one that reads by generators, and has one only in the middle of a result.
            if isinstance(reading, Generator):
                _finish(file, reading)
        reset()

    hub.reset = finish_and_reset  # type: ignore[method-assign]


def _finish(file: int, reading: Generator[Any, Any, Any]) -> None:
    deadline = time.monotonic() + READ_SECONDS
    while time.monotonic() < deadline:
        try:
            next(reading)
        except StopIteration:
            return
        except Exception as problem:
            # All of it was read, and what was to be done about it needs the broker.
            logger.info("A result came while the broker was away: %s", type(problem).__name__)
            return
        with suppress(OSError, ValueError):
            select.select([file], [], [], deadline - time.monotonic())
    logger.error("A result could not be read to its end within %s s", READ_SECONDS)
