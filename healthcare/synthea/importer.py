"""The whole import: files into an index, people first, then one patient after the other."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext as _

from healthcare.constraints import refusal_of
from healthcare.synthea.claims import PriceList
from healthcare.synthea.history import Clinic, History
from healthcare.synthea.orders import Catalogue
from healthcare.synthea.people import Doctors, Insurers
from healthcare.synthea.reading import LAYOUTS, Index, Unusable
from healthcare.synthea.rejects import Ledger, Outcome
from healthcare.synthea.visits import unusable_times
from healthcare.synthea.writing import write

#: Tells a person how far it is: (what, done, of).
Progress = Callable[[str, int, int], None]


def run(directory: Path, ledger: Ledger, progress: Progress, limit: int | None = None) -> None:
    """Import a directory. UnusableFile if a file cannot be read; bad rows go to the ledger.

    A patient is written in one transaction, so that an interrupted import is completed by the next run.
    Memory holds one patient's rows and, per encounter, its provider and times.
    """
    index = Index()
    try:
        for position, name in enumerate(LAYOUTS):
            progress(_("reading %(file)s") % {"file": name}, position, len(LAYOUTS))
            ledger.read[name] = index.load(directory, name, ledger.reject)
        import_index(index, ledger, progress, limit)
    finally:
        index.close()


def import_index(index: Index, ledger: Ledger, progress: Progress, limit: int | None = None) -> None:
    """Import the rows of an index, wherever they were read."""
    index.finish()
    for row in index.strangers():
        ledger.reject(row, _("patients.csv has no such patient."))
    clinic = _people(index, ledger)
    _patients(index, clinic, ledger, progress, limit)


def _people(index: Index, ledger: Ledger) -> Clinic:
    """Insurers and doctors, whom the patients' rows refer to."""
    insurers, doctors, outcome = Insurers(), Doctors(), Outcome()
    new = [
        *insurers.read(index.of_file("payers.csv"), outcome),
        *doctors.read(index.of_file("providers.csv"), outcome),
    ]
    with transaction.atomic():
        write(new)
    ledger.settle(outcome)
    return Clinic(insurers, doctors, Catalogue(), PriceList(), unusable_times(index.of_file("encounters.csv"), doctors))


def _patients(index: Index, clinic: Clinic, ledger: Ledger, progress: Progress, limit: int | None) -> None:
    total = min(ledger.read["patients.csv"], limit or ledger.read["patients.csv"])
    seen: set[str] = set()
    for done, row in enumerate(islice(index.of_file("patients.csv"), limit)):
        progress(_("patients"), done, total)
        if row.id in seen:
            ledger.reject(row, _("An earlier row has this id."))
            continue
        seen.add(row.id)
        history = History(row, index.of_patient(row.id), clinic)
        try:
            history.read()
            history.write()
            outcome = history.outcome
        except (Unusable, IntegrityError, DataError) as error:
            clinic.prices.forget()
            outcome = _nothing_of(history, _reason(error))
        ledger.settle(outcome)
    progress(_("patients"), total, total)


def _reason(error: Exception) -> str:
    return str(refusal_of(error).message) if isinstance(error, IntegrityError) else str(error).splitlines()[0]


def _nothing_of(history: History, reason: str) -> Outcome:
    """The patient could not be written, and so none of the patient's rows were."""
    outcome = Outcome()
    for rows in history.rows.values():
        for row in rows:
            if row.file != "patients.csv":
                outcome.reject(row, _("The patient was not imported: %(reason)s") % {"reason": reason})
    outcome.reject(history.row, reason)
    return outcome
