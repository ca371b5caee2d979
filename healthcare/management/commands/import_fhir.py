"""Loads FHIR bundles into the clinic."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from healthcare.fhir.bundles import Staff, read, rows_of
from healthcare.synthea.command import ImportCommand
from healthcare.synthea.importer import import_index
from healthcare.synthea.reading import LAYOUTS, Index, Row
from healthcare.synthea.rejects import Ledger


class Command(ImportCommand):
    """`manage.py import_fhir FILE... [--rejects FILE]`."""

    help = (
        "Loads FHIR R4 bundles (patients with their visits, measurements, results, prescriptions, allergies, problems; "
        "practitioners with their roles), as Synthea writes them. Repeatable: what was imported before is left alone. "
        "What cannot be imported goes to a file, with reasons."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The bundles, and where rejects go."""
        parser.add_argument("files", metavar="FILE", type=Path, nargs="+", help="bundles, or folders of them")
        parser.add_argument(
            "--rejects",
            type=Path,
            default=Path("var/import_fhir_rejects.csv"),
            help="the CSV file for what is left out: kind, position, id, reason (%(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, then tell what became of it."""
        files = sorted(found for path in options["files"] for found in files_in(path))
        if not files:
            raise CommandError(_("There is no bundle."))
        self.carry_out(options["rejects"], lambda ledger: self.bring_in(files, ledger))

    def bring_in(self, files: list[Path], ledger: Ledger) -> None:
        """The bundles, and then what they hold."""
        index = Index()
        try:
            load(files, index, ledger)
            import_index(index, ledger, lambda what, done, of: None)
        finally:
            index.close()


def files_in(path: Path) -> Iterator[Path]:
    """A bundle, or the bundles of a folder."""
    yield from sorted(path.glob("*.json")) if path.is_dir() else [path]


def load(files: list[Path], index: Index, ledger: Ledger) -> None:
    """Every bundle's rows; practitioners first, because visits name them by number."""
    staff = Staff()
    for path in files:
        for resource in read(path):
            staff.note(resource)
    payers: set[str] = set()
    for path in files:
        for file, data, problem in rows_of(read(path), staff):
            if file == "payers.csv":
                if data["ID"] in payers:
                    continue
                payers.add(data["ID"])
            ledger.read[file] += 1
            row = Row(file, ledger.read[file], data)
            if problem or ("ID" in LAYOUTS[file].columns and not row.id):
                ledger.reject(row, problem or _("It has no id."))
            else:
                index.add(row)
