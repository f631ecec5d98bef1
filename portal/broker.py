"""A worker that outlives its broker: what kombu 5.7 and Celery 5.7 do not do when Redis goes away in mid-task, or holds
what they cannot read."""

import logging
import select
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from importlib import import_module
from queue import Empty
from typing import Any, TypeVar

from kombu.asynchronous.hub import Hub
from kombu.utils.json import dumps, loads
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from notifications import dead_letters
from notifications.faults import place_of
from portal.envelopes import envelope_fault

logger = logging.getLogger(__name__)

# Untyped: its stubs lack most of what is amended here.
transport: Any = import_module("kombu.transport.redis")
Found = TypeVar("Found")

# For the results that were being read when the broker was lost: their writers are at it.
READ_SECONDS = 2.0
# Of a row in kombu's table of queues: route, pattern, queue.
BINDING_PARTS = 3


class Deliveries(transport.QoS):  # type: ignore[misc]
    """The tasks that a channel has handed out and that wait to be acknowledged; those of a closed one wait no more.

    Such a task comes again by the visibility timeout if Redis still has it. Its row comes again by beat's sweep, and
    finds what was done: the database is the truth.
    """

    # On its way to reconnecting the worker would put what it holds back on the queue that is gone, and die of it.
    restore_at_shutdown = False

    def append(self, message: Any, delivery_tag: str) -> None:
        self._with_keys(partial(super().append, message, delivery_tag))

    def ack(self, delivery_tag: str) -> None:
        """The worker would die of this too: a closed channel knows no server any more (AttributeError)."""
        if self._is_over():
            return
        self._with_keys(partial(super().ack, delivery_tag))

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if self._is_over():
            return
        self._with_keys(partial(super().reject, delivery_tag, requeue=requeue))

    def restore_visible(self, *args: Any, **kwargs: Any) -> None:
        self._with_keys(partial(super().restore_visible, *args, **kwargs))

    def restore_by_tag(self, tag: str, client: Any = None, leftmost: bool = False) -> None:
        """Back on its queue. What cannot be read is put aside: the worker would not start over it, or would meet it
        first each time, and those behind it never."""
        with self.channel.conn_or_acquire(client) as client:
            kept = client.hget(self.unacked_key, tag)
            if kept is not None and (fault := _kept_fault(kept)):
                dead_letters.put_aside(self.unacked_key, kept, fault)
                self._remove_from_indices(tag).execute()
                return
            super().restore_by_tag(tag, client, leftmost)

    def _with_keys(self, work: Callable[[], Found]) -> Found:
        """`work`, once more where a key of ours held something else than its kind."""
        kinds = {self.unacked_key: "hash", self.unacked_index_key: "zset"}
        found: Found = self.channel.with_keys(work, kinds)
        return found

    def _is_over(self) -> bool:
        if self.channel.closed:
            logger.info("A task ended after its broker was gone: it may come again")
        return bool(self.channel.closed)


class ReadingClient(transport.PrefixedStrictRedis):  # type: ignore[misc]
    """Hands on only what kombu can read; to kombu the rest looks as if nothing had come."""

    def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        answer = super().parse_response(connection, command_name, **options)
        if command_name == "BRPOP" and answer:
            queue, content = answer
            if fault := envelope_fault(content):
                dead_letters.put_aside(queue.decode(errors="replace"), content, fault)
                return None
        return answer


class ReadingChannel(transport.Channel):  # type: ignore[misc]
    """Puts aside what is no task, and keys that are not what they should be; kombu would end the worker over both."""

    QoS = Deliveries

    def with_keys(self, work: Callable[[], Found], kinds: dict[str, str]) -> Found:
        """`work`, once more when one of the keys (name -> kind) held something else, which is put aside."""
        try:
            return work()
        except ResponseError as problem:
            # In the middle of what redis-py says where the command was one of several.
            if "WRONGTYPE" not in str(problem):
                raise
            with Redis(connection_pool=self.pool) as client:
                for key, kind in kinds.items():
                    dead_letters.put_key_aside(client, f"{self.global_keyprefix}{key}", kind)
        return work()

    def get_table(self, exchange: str) -> list[tuple[str, ...]]:
        """The queues of an exchange: route, pattern, queue. Anything else is left out.

        A table that was lost is as Celery makes it: a queue is named like its exchange and its route.
        """
        found = self.with_keys(partial(self._bindings, exchange), self._table(exchange))
        is_direct = self.typeof(exchange).type == "direct"
        return found or ([(exchange, "", exchange)] if is_direct else [])

    def _bindings(self, exchange: str) -> list[tuple[str, ...]]:
        with self.conn_or_acquire() as client:
            members = client.smembers(self.keyprefix_queue % (exchange,))
        rows = (member.decode(errors="replace").split(self.sep) for member in members)
        return [tuple(row) for row in rows if len(row) == BINDING_PARTS]

    def _get_client(self) -> Callable[..., ReadingClient]:
        super()._get_client()
        return partial(ReadingClient, global_keyprefix=self.global_keyprefix)

    def _queue_bind(self, exchange: str, *args: Any) -> None:
        self.with_keys(partial(super()._queue_bind, exchange, *args), self._table(exchange))

    def _table(self, exchange: str) -> dict[str, str]:
        return {each % (exchange,): "set" for each in (self.keyprefix_queue, self.keyprefix_binding_permanent)}

    def _brpop_read(self, **options: Any) -> Any:
        queues = [self._q_for_pri(queue, step) for queue in self.active_queues for step in self.priority_steps]
        steps: list[Callable[[], Any]] = [partial(super()._brpop_read, **options), _nothing_came]
        return self.with_keys(lambda: steps.pop(0)(), dict.fromkeys(queues, "list"))

    def _receive_one(self, client: Any) -> Any:
        """What the workers tell each other, over another way than tasks."""
        try:
            return super()._receive_one(client)
        except (RedisError, OSError, Empty):
            raise
        except Exception as problem:
            dead_letters.put_aside("broadcast", b"", place_of(problem))
            raise Empty from None


def _nothing_came() -> None:
    raise Empty


def _kept_fault(kept: bytes) -> str:
    """Why a task that waits to be acknowledged cannot be put back, "" when it can."""
    try:
        envelope, exchange, routing_key = loads(kept.decode())
        is_addressed = isinstance(exchange, str) and isinstance(routing_key, str)
        return envelope_fault(dumps(envelope).encode()) if is_addressed else "no address"
    except Exception:  # whatever its words make the reader do
        return "no JSON"


def install() -> None:
    """For all connections of this process."""
    transport.Transport.Channel = ReadingChannel


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
