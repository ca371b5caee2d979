"""manage.py load_formulary: the shipped medication catalogue into the database; safe to repeat."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from clinical import formulary


class Command(BaseCommand):
    """Load the shipped catalogue."""

    help = "Loads the shipped medication catalogue. Running it again changes nothing that is up to date."

    def handle(self, *args: Any, **options: Any) -> None:
        added, changed = formulary.load()
        self.stdout.write(f"Medications: {added} added, {changed} changed.")
