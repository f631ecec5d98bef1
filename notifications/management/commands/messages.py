"""`manage.py messages`: what operators see of the messages and do with them. No number, no text, no secret."""

from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from redis.exceptions import RedisError

from notifications import dead_letters, heartbeat
from notifications.gateways import circuit
from notifications.services import cancel_message, operations


class Command(BaseCommand):
    help = "Counts by state and age (without an action); retry, cancel or drain."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action")
        retry = actions.add_parser("retry", help="try messages again now")
        retry.add_argument("ids", nargs="*", type=int)
        retry.add_argument("--dead-since-hours", type=float, help="all that were given up within so many hours")
        cancel = actions.add_parser("cancel", help="call messages off that no provider has taken")
        cancel.add_argument("ids", nargs="+", type=int)
        drain = actions.add_parser("drain", help="hurry everything that waits, and watch until nothing is left")
        drain.add_argument("--seconds", type=float, default=300)
        unreadable = actions.add_parser("unreadable", help="tasks that no worker could read: when, where, why")
        unreadable.add_argument("--forget", action="store_true", help="remove them, and count from 0 again")

    def handle(self, *args: Any, action: str | None, **options: Any) -> None:
        if action is None:
            self._show()
        elif action == "drain":
            left = operations.drain(options["seconds"], tell=lambda left: self.stdout.write(f"{left} left"))
            if left:
                raise CommandError(f"{left} messages are still waiting.")
        elif action == "unreadable":
            self._unreadable(forget=options["forget"])
        else:
            self._each(action, options)

    def _unreadable(self, *, forget: bool) -> None:
        try:
            for letter in dead_letters.latest():
                at = datetime.fromtimestamp(letter.at, UTC).isoformat(" ")
                self.stdout.write(f"{at}  {letter.queue:<12} {letter.size:>8} bytes  {letter.reason}")
            if forget:
                dead_letters.forget()
        except RedisError as problem:
            raise CommandError(f"Redis cannot be asked: {type(problem).__name__}") from None

    def _show(self) -> None:
        for standing in operations.standings():
            self.stdout.write(f"{standing.status:<10} {standing.count:>8}   oldest {_age(standing.oldest_seconds)}")
        self.stdout.write(f"oldest undelivered: {_age(operations.oldest_undelivered_seconds())}")
        self.stdout.write(f"receipts for unknown messages: {operations.unknown_receipts()}")
        unreadable = dead_letters.total()
        self.stdout.write(f"unreadable tasks put aside: {'not known' if unreadable is None else unreadable}")
        for name, left in circuit.held_seconds(settings.SMS_GATEWAYS).items():
            self.stdout.write(f"{name}: wants to be left alone for {_age(int(left))}")
        for part, seconds in heartbeat.seconds_since().items():
            self.stdout.write(f"{part}: {'no sign of life' if seconds is None else f'alive {_age(seconds)} ago'}")

    def _each(self, action: str, options: dict[str, Any]) -> None:
        ids: list[int] = options["ids"]
        if action == "retry" and options["dead_since_hours"] is not None:
            ids = ids + operations.given_up_since(timedelta(hours=options["dead_since_hours"]))
        act = operations.retry_message if action == "retry" else cancel_message
        refused = [message_id for message_id in ids if not act(message_id)]
        self.stdout.write(f"{action}: {len(ids) - len(refused)} of {len(ids)}")
        if refused:
            raise CommandError(f"Not possible for: {', '.join(map(str, refused))}")


def _age(seconds: int) -> str:
    return str(timedelta(seconds=seconds))
