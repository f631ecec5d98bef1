"""`manage.py import_agencies FILE`: load or update the agency tree from a CSV."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agencies.csv_rows import AgencyImportError
from agencies.services import ImportResult, import_agencies


class Command(BaseCommand):
    help = "Loads and updates agencies from a CSV file, all or nothing. FILE may be - for standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = self._import(options["file"])
        except AgencyImportError as error:
            for line, reason in error.problems:
                self.stderr.write(f"line {line}: {reason}")
            raise CommandError(f"nothing was imported: {len(error.problems)} problem(s)") from None
        except OSError as error:
            raise CommandError(f"cannot read {options['file']}: {error.strerror}") from None
        self.stdout.write(f"agencies: {result.created} created, {result.updated} updated, {result.unchanged} unchanged")

    def _import(self, name: str) -> ImportResult:
        if name == "-":
            return import_agencies(sys.stdin.buffer)
        with Path(name).open("rb") as file:
            return import_agencies(file)
