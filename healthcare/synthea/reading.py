"""The files: their columns in each layout, a temporary index of their rows by patient, and typed values."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from healthcare.clock import local, zone
from healthcare.text import no_control_characters

#: Longer cells are not read: the longest text that any table takes is a hundredth of it.
LARGEST_CELL = 1_000_000
#: All ids are made from the source's ids in this namespace, so that a second run finds its rows again.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "synthea.invalid")

_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,12})?", re.ASCII)
_SPACES = re.compile(r"[ \t\r\n]+")
_TAG = re.compile(r"\s*\(([a-z/ ]+)\)$")


class Unusable(Exception):
    """A row, or a value in it, that cannot be imported; its text is the reason."""


class UnusableFile(Exception):
    """A file that cannot be read at all; its text says why."""


@dataclass(frozen=True)
class Layout:
    """A file: the columns that every layout has (`A|B`: either), and the one that names the patient."""

    columns: tuple[str, ...]
    patient: str = ""
    required: bool = False
    #: Read to explain other rows; holds nothing of its own to import.
    auxiliary: bool = False


#: The files that are read, in the order in which they are told about.
LAYOUTS = {
    "payers.csv": Layout(("ID", "NAME")),
    "providers.csv": Layout(("ID", "NAME", "ORGANIZATION", "SPECIALITY", "ENCOUNTERS|UTILIZATION"), required=True),
    "patients.csv": Layout(
        ("ID", "BIRTHDATE", "DEATHDATE", "FIRST", "LAST", "GENDER", "ADDRESS", "CITY", "STATE", "ZIP"),
        patient="ID",
        required=True,
    ),
    "payer_transitions.csv": Layout(("PATIENT", "START_DATE|START_YEAR", "PAYER"), patient="PATIENT", auxiliary=True),
    "encounters.csv": Layout(
        (
            "ID",
            "START",
            "STOP",
            "PATIENT",
            "PROVIDER",
            "PAYER",
            "ENCOUNTERCLASS",
            "CODE",
            "DESCRIPTION",
            "REASONDESCRIPTION",
        ),
        patient="PATIENT",
        required=True,
    ),
    "conditions.csv": Layout(("START", "STOP", "PATIENT", "ENCOUNTER", "DESCRIPTION"), patient="PATIENT"),
    "allergies.csv": Layout(("START", "STOP", "PATIENT", "ENCOUNTER", "DESCRIPTION"), patient="PATIENT"),
    "observations.csv": Layout(
        ("DATE", "PATIENT", "ENCOUNTER", "CODE", "DESCRIPTION", "VALUE", "UNITS", "TYPE"), patient="PATIENT"
    ),
    "medications.csv": Layout(("START", "STOP", "PATIENT", "ENCOUNTER", "CODE", "DESCRIPTION"), patient="PATIENT"),
    "procedures.csv": Layout(
        ("START|DATE", "PATIENT", "ENCOUNTER", "CODE", "DESCRIPTION", "BASE_COST"), patient="PATIENT"
    ),
    "immunizations.csv": Layout(
        ("DATE", "PATIENT", "ENCOUNTER", "CODE", "DESCRIPTION", "BASE_COST"), patient="PATIENT"
    ),
    "claims.csv": Layout(("ID", "PATIENTID", "APPOINTMENTID"), patient="PATIENTID"),
    "claims_transactions.csv": Layout(
        (
            "ID",
            "CLAIMID",
            "PATIENTID",
            "TYPE",
            "AMOUNT",
            "METHOD",
            "FROMDATE",
            "PROCEDURECODE",
            "NOTES",
            "UNITS",
            "UNITAMOUNT",
            "PAYMENTS",
        ),
        patient="PATIENTID",
    ),
}


@dataclass(frozen=True)
class Row:
    """One row of a file, with the line on which it ends."""

    file: str
    line: int
    data: dict[str, str]

    def __getitem__(self, columns: str) -> str:
        """The text of a column, or of the first of `A|B` that the layout has; empty if it has none."""
        for column in columns.split("|"):
            if column in self.data:
                return self.data[column]
        return ""

    @property
    def id(self) -> str:
        """The source's id, in lower case; empty for rows that have none."""
        return self["ID"].lower()

    @property
    def label(self) -> str:
        """What a person finds the row by: its id, or its visit and code."""
        return self.id or " ".join(part for part in (self["ENCOUNTER"], self["CODE"]) if part)


class Index:
    """Every row of a directory in a temporary database file, so that memory holds one patient at a time.

    The file is removed by SQLite itself when the index is closed or the process dies.
    """

    def __init__(self) -> None:
        self.database = sqlite3.connect("")
        self.database.execute("CREATE TABLE row (file TEXT, line INTEGER, patient TEXT, data TEXT)")

    def close(self) -> None:
        """Remove the temporary file."""
        self.database.close()

    def load(self, directory: Path, name: str, refuse: Any) -> int:
        """Read a file; `refuse(row, reason)` takes the rows that are no rows. Returns how many lines held one."""
        layout = LAYOUTS[name]
        path = directory / name
        if not path.exists():
            if layout.required:
                raise UnusableFile(_("%(file)s is missing in %(folder)s.") % {"file": name, "folder": directory})
            return 0
        read = 0
        batch: list[tuple[str, int, str, str]] = []
        try:
            for row, problem in _rows(path, name, layout):
                read += 1
                if problem:
                    refuse(row, problem)
                else:
                    patient = row[layout.patient].lower() if layout.patient else ""
                    batch.append((name, row.line, patient, json.dumps(row.data)))
                if len(batch) >= 2000:
                    self._insert(batch)
            self._insert(batch)
        except OSError as error:
            raise UnusableFile(_("%(file)s cannot be read: %(error)s") % {"file": name, "error": error}) from error
        return read

    def add(self, row: Row) -> None:
        """A row that was read elsewhere."""
        layout = LAYOUTS[row.file]
        patient = row[layout.patient].lower() if layout.patient else ""
        self._insert([(row.file, row.line, patient, json.dumps(row.data))])

    def _insert(self, batch: list[tuple[str, int, str, str]]) -> None:
        self.database.executemany("INSERT INTO row VALUES (?, ?, ?, ?)", batch)
        batch.clear()

    def finish(self) -> None:
        """Make lookups fast; called once after the last file."""
        self.database.execute("CREATE INDEX row_by_patient ON row (patient, file, line)")
        self.database.execute("CREATE INDEX row_by_file ON row (file, line)")

    def of_file(self, name: str) -> Iterator[Row]:
        """A file's rows, in its order."""
        yield from self._select("WHERE file = ? ORDER BY line", name)

    def of_patient(self, patient: str) -> dict[str, list[Row]]:
        """A patient's rows by file, each in its order."""
        found: dict[str, list[Row]] = {name: [] for name in LAYOUTS}
        for row in self._select("WHERE patient = ? ORDER BY line", patient):
            found[row.file].append(row)
        return found

    def strangers(self) -> Iterator[Row]:
        """Rows about a patient whom patients.csv does not have."""
        yield from self._select(
            "WHERE file NOT IN ('patients.csv', 'payers.csv', 'providers.csv') AND patient NOT IN "
            "(SELECT patient FROM row WHERE file = ?) ORDER BY file, line",
            "patients.csv",
        )

    def _select(self, where: str, *parameters: str) -> Iterator[Row]:
        # `where` is one of the constants above.
        for file, line, data in self.database.execute(f"SELECT file, line, data FROM row {where}", parameters):  # noqa: S608
            yield Row(file, line, json.loads(data))


def _rows(path: Path, name: str, layout: Layout) -> Iterator[tuple[Row, str]]:
    """(row, problem) for each row; the problem is empty for a whole row."""
    csv.field_size_limit(LARGEST_CELL)
    # Bytes that are no UTF-8 become surrogates, which the forms refuse in the row that holds them.
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as stream:
        reader = csv.reader(stream)
        try:
            header = [cell.strip().upper() for cell in next(reader, [])]
        except csv.Error as error:
            raise UnusableFile(_("%(file)s is no CSV file: %(error)s") % {"file": name, "error": error}) from error
        missing = [names for names in layout.columns if not set(names.split("|")) & set(header)]
        if missing:
            raise UnusableFile(
                _("%(file)s lacks the columns %(columns)s.")
                % {"file": name, "columns": ", ".join(names.replace("|", _(" or ")) for names in missing)}
            )
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(name, reader.line_num, {}), _("The line cannot be read: %(error)s.") % {"error": error}
                continue
            if not cells:
                continue
            row = Row(name, reader.line_num, dict(zip(header, (cell.strip() for cell in cells), strict=False)))
            if len(cells) != len(header):
                yield (
                    row,
                    _("The row has %(cells)s cells where the header has %(columns)s.")
                    % {"cells": len(cells), "columns": len(header)},
                )
            elif "ID" in layout.columns and not row.id:
                yield row, _("The row has no id.")
            else:
                yield row, ""


# -- values ----------------------------------------------------------------------------------


def identity(kind: str, *source: Any) -> uuid.UUID:
    """The id of the row that is made from these ids of the source: the same in every run."""
    return uuid.uuid5(NAMESPACE, ":".join([kind, *(str(part) for part in source)]))


def ordered_identity(position: int, kind: str, *source: Any) -> uuid.UUID:
    """As `identity`, and sorting by position: for rows that are listed by their id."""
    return uuid.UUID(bytes=position.to_bytes(4, "big") + identity(kind, *source).bytes[4:])


def moment(row: Row, columns: str) -> datetime:
    """A time stamp, aware; a mere date is its first minute. Unusable if it is neither."""
    text = row[columns]
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise Unusable(_("%(column)s is no date: %(text)s") % {"column": columns, "text": text[:40]})
    if not 1850 <= value.year <= 2200:
        raise Unusable(_("%(column)s is out of range: %(text)s") % {"column": columns, "text": text[:40]})
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def has_time(text: str) -> bool:
    """Whether a time stamp has more than its date (the old layout's often have not)."""
    return len(text) > 10


def day(row: Row, columns: str) -> date:
    """The date of a time stamp on the clinic's calendar; a mere date stays itself."""
    value = moment(row, columns)
    return wall_clock(value).date() if has_time(row[columns]) else value.date()


def wall_clock(value: datetime) -> datetime:
    """The moment on the clinic's wall clock, naive."""
    return local(value).replace(tzinfo=None)


def at_midnight(value: date) -> datetime:
    """The first moment of a day on the clinic's calendar, aware."""
    return timezone.make_aware(datetime.combine(value, time.min), zone())


def number(row: Row, column: str, places: str = "1") -> Decimal:
    """A decimal rounded half up to `places` ("1", "0.1", "0.01"). Unusable if it is no plain number."""
    text = row[column]
    if not _NUMBER.fullmatch(text):
        raise Unusable(_("%(column)s is no number: %(text)s") % {"column": column, "text": text[:40]})
    try:
        return Decimal(text).quantize(Decimal(places), rounding=ROUND_HALF_UP)
    except InvalidOperation:
        raise Unusable(_("%(column)s is out of range: %(text)s") % {"column": column, "text": text[:40]})


def words(row: Row, columns: str, longest: int = 300) -> str:
    """A text on one line. Unusable if it is too long or holds control characters."""
    text = _SPACES.sub(" ", row[columns])
    if len(text) > longest:
        raise Unusable(
            _("%(column)s has %(length)s characters; %(longest)s are taken.")
            % {"column": columns, "length": len(text), "longest": longest}
        )
    try:
        no_control_characters(text)
    except ValidationError as error:
        raise Unusable(f"{columns}: {error.messages[0]}")
    return text


def without_digits(name: str) -> str:
    """A Synthea name as a person would bear it: `Rentería94` is Rentería."""
    return " ".join(re.sub(r"[0-9]", "", name).split())


def tag(description: str) -> str:
    """The kind that SNOMED CT writes behind a description: disorder, finding, procedure ...; may be empty."""
    match = _TAG.search(description)
    return match[1] if match else ""


def untagged(description: str) -> str:
    """The description without that kind."""
    return " ".join(_TAG.sub("", description).split())
