"""manage.py downtime_pack: a day's lists and blank forms on paper, for when nothing else works."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinical import downtime
from healthcare.clock import today


class Command(BaseCommand):
    """Writes the pack of tomorrow, or of `--day`, into the media storage or into a file."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--day", type=date.fromisoformat, help="YYYY-MM-DD (default: tomorrow)")
        parser.add_argument("--to", type=Path, metavar="FILE.pdf", help="instead of the media storage")

    def handle(self, *args: Any, day: date | None, to: Path | None, **options: Any) -> None:
        if day is None and to is None:
            downtime.nightly()
            self.stdout.write(downtime.path_of(today() + timedelta(days=1)))
            return
        day = day or today() + timedelta(days=1)
        target = to or Path(f"downtime-{day}.pdf")
        try:
            target.write_bytes(downtime.make(day))
        except OSError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(str(target))
