"""`manage.py messages`: what operators see of the messages and do with them. No number, no text, no secret."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifications import heartbeat
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

    def handle(self, *args: Any, action: str | None, **options: Any) -> None:
        if action is None:
            self._show()
        elif action == "drain":
            left = operations.drain(options["seconds"], tell=lambda left: self.stdout.write(f"{left} left"))
            if left:
                raise CommandError(f"{left} messages are still waiting.")
        else:
            self._each(action, options)

    def _show(self) -> None:
        for standing in operations.standings():
            self.stdout.write(f"{standing.status:<10} {standing.count:>8}   oldest {_age(standing.oldest_seconds)}")
        self.stdout.write(f"oldest undelivered: {_age(operations.oldest_undelivered_seconds())}")
        self.stdout.write(f"receipts for unknown messages: {operations.unknown_receipts()}")
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
