"""`manage.py error_pages FOLDER`: the pages that nginx shows while the program cannot answer."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.error_pages import STATIC_PAGES, error_html


class Command(BaseCommand):
    help = "Writes 413.html and 502.html with this portal's name and hotline, for deploy/nginx.conf."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name in STATIC_PAGES:
                (folder / f"{name}.html").write_text(error_html(name), encoding="utf-8")
        except OSError as problem:
            raise CommandError(f"{folder}: {problem.strerror}") from None
        self.stdout.write(f"{', '.join(f'{name}.html' for name in STATIC_PAGES)} in {folder}")
