"""The worker's consumer: a task that cannot be read is put aside, told, and everything goes on.

Celery 5.7 ends the worker over some (headers that are no object, a body that is a number), takes others for a broken
connection and meets them again without end (no id), and writes what it cannot read into the log, word by word.
"""

from collections.abc import Callable
from typing import Any

from celery.worker.consumer import Consumer
from kombu.message import Message
from kombu.utils.json import dumps
from redis.exceptions import RedisError

from notifications import dead_letters
from notifications.faults import place_of
from portal.envelopes import task_fault


class TaskConsumer(Consumer):
    def create_task_handler(self, *args: Any, **kwargs: Any) -> Callable[[Message], None]:
        """What is called with each message."""
        work = super().create_task_handler(*args, **kwargs)

        def handle(message: Message) -> None:
            try:
                fault = task_fault(message.headers, message.decode, self.app.tasks)
                if not fault:
                    work(message)
                    return
            except (RedisError, OSError):
                # The broker is away: the worker connects anew.
                raise
            except Exception as problem:
                fault = place_of(problem)
            self._put_aside(message, fault)

        return handle

    def on_decode_error(self, message: Message, exc: Exception) -> None:
        self._put_aside(message, type(exc).__name__)

    def on_unknown_message(self, body: object, message: Message) -> None:
        self._put_aside(message, "no task")

    def on_unknown_task(self, body: object, message: Message, exc: Exception) -> None:
        self._put_aside(message, "no task of ours")

    def on_invalid_task(self, body: object, message: Message, exc: Exception) -> None:
        self._put_aside(message, type(exc).__name__)

    def _put_aside(self, message: Message, reason: str) -> None:
        info = message.delivery_info if isinstance(message.delivery_info, dict) else {}
        content = dumps(getattr(message, "_raw", None)).encode()
        dead_letters.put_aside(str(info.get("routing_key", "")), content, reason)
        if not message.acknowledged:
            message.reject()
