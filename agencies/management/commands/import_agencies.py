"""`manage.py import_agencies FILE`: load or update the agency tree from a CSV."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from django.core.management.base import BaseCommand, CommandError

from agencies.csv_rows import AgencyImportError
from agencies.enums import Surprise
from agencies.services import ImportResult, SurprisingImport, import_agencies, preview_agencies
from agencies.surprises import Accepted, Finding

Result = TypeVar("Result")
KINDS = ", ".join(Surprise.values)


class Command(BaseCommand):
    help = (
        "Loads and updates agencies from a CSV file, all or nothing. FILE may be - for standard input. What is not to "
        "be expected of a list of offices (texts in a wrong encoding, known names under other codes, and the like) is "
        "shown and refused until it is confirmed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="show what would change, store nothing")
        parser.add_argument("--confirm", action="store_true", help="every surprise has been looked at and is right")
        parser.add_argument(
            "--accept",
            action="append",
            default=[],
            metavar="KIND|LINE",
            type=_kind_or_line,
            help=f"surprises of this kind ({KINDS}), or of this line of the file, are right; may be repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["dry_run"]:
                self._preview(options["file"])
            else:
                result = _with_file(options["file"], lambda file: import_agencies(file, accepted=_accepted(options)))
                self.stdout.write(f"agencies: {_counts(result)}")
        except AgencyImportError as error:
            for line, reason in error.problems:
                self.stderr.write(f"line {line}: {reason}")
            raise CommandError(f"nothing was imported: {len(error.problems)} problem(s)") from None
        except SurprisingImport as error:
            self._show(error.findings, self.stderr.write)
            raise CommandError(
                f"nothing was imported: {len(error.findings)} surprising change(s). Where they are right, repeat with "
                "--confirm, or with --accept KIND or --accept LINE for those that are."
            ) from None
        except OSError as error:
            raise CommandError(f"cannot read {options['file']}: {error.strerror}") from None

    def _preview(self, name: str) -> None:
        preview = _with_file(name, preview_agencies)
        self._show(preview.findings, self.stdout.write)
        self.stdout.write(
            f"would be: {_counts(preview.result)}; {len(preview.findings)} surprising. Nothing was stored."
        )

    def _show(self, findings: Iterable[Finding], write: Callable[[str], object]) -> None:
        """A table a kind: line, code, what it is."""
        for kind, group in groupby(findings, key=lambda finding: finding.kind):
            rows = list(group)
            write(f"{kind.value} ({len(rows)}): {kind.label}")
            for row in rows:
                write(f"  {f'line {row.line}' if row.line else '-':<10} {row.code:<6} {row.text}")


def _kind_or_line(text: str) -> str:
    if text in Surprise.values or (text.isascii() and text.isdecimal()):
        return text
    raise ArgumentTypeError(f"{text}: neither a kind ({KINDS}) nor the number of a line")


def _accepted(options: dict[str, Any]) -> Accepted:
    given = options["accept"]
    lines = frozenset(int(text) for text in given if text.isdecimal())
    return Accepted(options["confirm"], frozenset(given) - {str(line) for line in lines}, lines - {0})


def _counts(result: ImportResult) -> str:
    return f"{result.created} created, {result.updated} updated, {result.unchanged} unchanged"


def _with_file(name: str, use: Callable[[BinaryIO], Result]) -> Result:
    if name == "-":
        return use(sys.stdin.buffer)
    with Path(name).open("rb") as file:
        return use(file)
