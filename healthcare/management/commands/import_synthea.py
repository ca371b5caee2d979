"""Loads a directory of Synthea CSV files into the clinic."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from healthcare.synthea.command import ImportCommand
from healthcare.synthea.importer import run

#: Seconds between two words about the progress where nobody watches a terminal.
QUIET = 5.0


class Command(ImportCommand):
    """`manage.py import_synthea DIR [--rejects FILE] [--limit-patients N]`."""

    help = (
        "Loads Synthea's CSV files (patients, payers, providers, encounters, observations, medications, allergies, "
        "conditions, procedures, immunizations, claims with their transactions), in the newest and in older layouts. "
        "Repeatable: what was imported before is left alone. Rows that cannot be imported go to a file, with reasons."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The directory, where rejects go, and how many patients."""
        parser.add_argument("directory", metavar="DIR", type=Path, help="where patients.csv and the other files are")
        parser.add_argument(
            "--rejects",
            type=Path,
            default=Path("var/import_synthea_rejects.csv"),
            help="the CSV file for rows that are left out: file, line, id, reason (%(default)s)",
        )
        parser.add_argument("--limit-patients", type=int, metavar="N", help="the first N patients only")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, then tell what became of the rows."""
        directory, limit = options["directory"], options["limit_patients"]
        if not directory.is_dir():
            raise CommandError(_("%(path)s is no directory.") % {"path": directory})
        if limit is not None and limit < 1:
            raise CommandError(_("--limit-patients needs a number from 1."))
        began, self._said = time.monotonic(), 0.0
        self.carry_out(options["rejects"], lambda ledger: run(directory, ledger, self._progress, limit))
        self.stdout.write(self.style.SUCCESS(_("Done in %(seconds).0f s.") % {"seconds": time.monotonic() - began}))

    def _progress(self, what: str, done: int, total: int) -> None:
        watched = sys.stdout.isatty()
        if not watched and done < total and time.monotonic() - self._said < QUIET:
            return
        self._said = time.monotonic()
        text = f"{what}: {done:,} / {total:,}"
        self.stdout.write(f"\r{text:<60}" if watched else text, ending="" if watched and done < total else "\n")
        self.stdout.flush()
