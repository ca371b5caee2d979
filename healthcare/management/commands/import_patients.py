"""manage.py import_patients: registers the patients of a CSV or Excel file."""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from departments.models import User
from healthcare.context import act
from healthcare.planner import renew_statistics
from healthcare.roles import may
from patients.imports import columns, importer, reading

#: So many problems are shown; all of them go to the file.
SHOWN = 20


class Command(BaseCommand):
    """Registers each row through the registration form's rules; running it again goes on where it stopped."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.csv|xlsx")
        parser.add_argument("--dry-run", action="store_true", help="check every row, save nothing")
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="FIELD=HEADING",
            help="a column that its heading does not tell",
        )
        parser.add_argument("--date-order", choices=[order for order, _label in columns.DATE_ORDERS])
        parser.add_argument(
            "--encoding",
            choices=[*reading.ENCODINGS],
            default="",
            help="how letters are written, if not UTF-8",
        )
        parser.add_argument("--accept-duplicates", action="store_true", help="register likely duplicates too")
        parser.add_argument("--as", dest="email", metavar="EMAIL", help="the administrator who answers for it")
        parser.add_argument(
            "--problems", type=Path, default=Path("var/import_patients_problems.csv"), help="all problems (%(default)s)"
        )

    def handle(self, *args: Any, file: Path, dry_run: bool, email: str | None, **options: Any) -> None:
        actor = User.objects.filter(email__iexact=email).first() if email else None
        if email and not may(actor, "patients.import"):
            raise CommandError(f"{email} is no administrator.")
        started = time.monotonic()
        try:
            with file.open("rb") as stream, act(user=actor, user_agent="manage.py import_patients"):
                layout = self.layout(importer.layout_of(stream, file.name, options["encoding"]), options)
                work = importer.Importer(
                    stream, file.name, layout, actor=actor, accept_duplicates=options["accept_duplicates"]
                )
                self.run(work, options["problems"], save=not dry_run)
        except (OSError, reading.UnreadableFile) as error:
            raise CommandError(str(error)) from error
        if not dry_run:
            renew_statistics()
        counts = work.counts
        self.stdout.write(
            _("%(good)s %(done)s, %(known)s known already, %(duplicate)s likely duplicates, %(wrong)s with errors.")
            % {
                "good": f"{counts[importer.GOOD]:,}",
                "done": _("would be registered") if dry_run else _("registered"),
                **{state: f"{counts[state]:,}" for state in (importer.KNOWN, importer.DUPLICATE, importer.WRONG)},
            }
        )
        self.stdout.write(f"{sum(counts.values()):,} rows in {time.monotonic() - started:.0f} s.")

    def layout(self, found: importer.Layout, options: dict[str, Any]) -> importer.Layout:
        """The columns as told by their headings and by the command line."""
        fields = dict(found.fields)
        for text in options["column"]:
            field, _sign, heading = text.partition("=")
            if field not in columns.OTHER_NAMES or heading not in found.headings:
                known = ", ".join(columns.OTHER_NAMES)
                raise CommandError(f"{text}: the fields are {known}; the headings {', '.join(found.headings)}.")
            fields[field] = found.headings.index(heading)
        for field, at in fields.items():
            self.stdout.write(f"  {field:<32} {found.headings[at]}")
        unused = [heading for at, heading in enumerate(found.headings) if at not in fields.values()]
        if unused:
            self.stdout.write(self.style.WARNING(f"  not used: {', '.join(unused)}"))
        return importer.Layout(found.headings, fields, options["date_order"] or found.date_order, found.encoding)

    def run(self, work: importer.Importer, path: Path, *, save: bool) -> None:
        """Every row; problems to the file, the first ones to the screen."""
        path.parent.mkdir(parents=True, exist_ok=True)
        shown, said = 0, time.monotonic()
        with path.open("w", newline="", encoding="utf-8") as stream:
            problems = csv.writer(stream)
            problems.writerow(["line", "state", "field", "problem"])
            for result in work.results(save=save):
                for label, message in result.problems if result.state != importer.GOOD else ():
                    problems.writerow([result.line, result.state, label, message])
                    shown += 1
                    if shown <= SHOWN:
                        self.stdout.write(f"line {result.line}: {f'{label}: ' if label else ''}{message}")
                if time.monotonic() - said > (0.5 if sys.stdout.isatty() else 5):
                    said = time.monotonic()
                    self.stdout.write(f"{sum(work.counts.values()):,} rows ...")
        if shown:
            self.stdout.write(f"{shown:,} problems: {path}")
