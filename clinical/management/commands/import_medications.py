"""manage.py import_medications FILE: a published catalogue of medications into ours; safe to repeat."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinical.medication_files import UnusableFile, load

#: So many rejected rows are named; the rest are counted.
SHOWN = 20


class Command(BaseCommand):
    """Load one file."""

    help = (
        "Loads medications from the FDA Orange Book (products.txt), the DrugCentral and EMA tables, or a CSV with our "
        "own columns (name, ingredients, form, strength ...). Repeatable: what is there stays, what is empty is filled."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file."""
        parser.add_argument("file", metavar="FILE", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = load(options["file"], lambda done: self.stdout.write(f"{done:,} rows read"))
        except UnusableFile as error:
            raise CommandError(str(error)) from error
        for line, reason in outcome.rejected[:SHOWN]:
            self.stderr.write(f"line {line}: {reason}")
        self.stdout.write(
            f"Medications: {outcome.added} added, {outcome.changed} completed, {outcome.unchanged} known already; "
            f"{outcome.left_out} rows left out as no longer sold, {len(outcome.rejected)} rejected."
        )
