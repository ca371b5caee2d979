"""Rows through the registration form: checked only, or registered; running it again goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any
from uuid import UUID

from django.utils.translation import gettext as _

from healthcare.workflow import submit
from patients.forms.imports import ImportedPatientForm
from patients.imports import columns, reading
from patients.models import InsuranceProvider, Patient

#: States of a row; `known`: an earlier run registered it.
GOOD, KNOWN, DUPLICATE, WRONG = "good", "known", "duplicate", "wrong"
#: Stands for an insurer whom nobody knows, for the form to complain about.
NOBODY = UUID(int=0)
#: So many rows are looked at to tell how dates are written.
SAMPLE_ROWS = 1000
ROWS_AT_ONCE = 200


@dataclass(frozen=True)
class Result:
    """What became, or would become, of one row."""

    line: int
    state: str
    #: (field's label, what is wrong there).
    problems: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Layout:
    """How a file is to be read: field -> column, the order of dates, the encoding if it is not UTF-8."""

    headings: list[str]
    fields: dict[str, int]
    date_order: str
    encoding: str = ""


def layout_of(file: IO[bytes], name: str, encoding: str = "") -> Layout:
    """What the headings and the first rows tell. UnreadableFile if there is no table."""
    with reading.opened(file, name, encoding) as lines:
        _number, headings = next(lines, (0, []))
        if len(headings) < 2:
            raise reading.UnreadableFile(_("The first row must hold the names of the columns, and there is none."))
        fields = columns.matched(headings)
        born = fields.get("date_of_birth")
        rows = [cells for _line, cells in islice(lines, SAMPLE_ROWS)]
        sample = [cells[born] for cells in rows if born is not None and born < len(cells)]
    file.seek(0)
    return Layout(headings, fields, columns.date_order_of(sample), encoding)


class Importer:
    """One pass over a file."""

    def __init__(self, file: IO[bytes], name: str, layout: Layout, *, actor: Any, accept_duplicates: bool) -> None:
        self.file, self.name, self.layout, self.actor = file, name, layout, actor
        self.accept_duplicates = accept_duplicates
        self.counts: Counter[str] = Counter()
        self.insurers = {
            columns.plain(name): str(pk)
            for name, pk in InsuranceProvider.objects.filter(is_active=True).values_list("name", "pk")
        }
        #: Eight bytes for each row, to find a person who stands in the file twice while nothing is saved.
        self._seen: set[bytes] = set()
        self._numbers: set[str] = set()

    def results(self, *, save: bool, after_line: int = 0) -> Iterator[Result]:
        """Each row's fate; rows up to `after_line` were dealt with before."""
        with reading.opened(self.file, self.name, self.layout.encoding) as lines:
            next(lines, None)
            rows = ((line, self.data_of(cells)) for line, cells in lines if line > after_line)
            # What an earlier run registered is asked for many rows at once, so that going on is quick.
            while some := [(line, data, key_of(data)) for line, data in islice(rows, ROWS_AT_ONCE)]:
                keys = [key for _line, _data, key in some]
                known = set(Patient.objects.filter(pk__in=keys).values_list("pk", flat=True))
                for line, data, key in some:
                    if key in known:
                        result = Result(line, KNOWN)
                    else:
                        result = self.register(line, data, key) if save else self.check(line, data)
                    self.counts[result.state] += 1
                    yield result

    def data_of(self, cells: list[str]) -> dict[str, str]:
        """The row as it would be typed into the form."""
        data = {name: cells[at] for name, at in self.layout.fields.items() if at < len(cells) and cells[at]}
        if born := data.get("date_of_birth"):
            data["date_of_birth"] = columns.date_text(born, self.layout.date_order)
        if gender := data.get("gender"):
            data["gender"] = columns.GENDERS.get(gender.casefold().strip("."), gender)
        if insurer := data.get("insurance_provider"):
            data["insurance_provider"] = self.insurers.get(columns.plain(insurer), str(NOBODY))
        return data

    def check(self, line: int, data: dict[str, str]) -> Result:
        """What registering would say."""
        form = ImportedPatientForm(data=data, instance=Patient(), actor=self.actor)
        result = self.judge(line, form)
        same = ("first_name", "last_name", "date_of_birth", "patient_number")
        mark = hashlib.sha256(json.dumps([data.get(name, "").casefold() for name in same]).encode()).digest()[:8]
        if result.state == GOOD and mark in self._seen:
            return Result(line, DUPLICATE, [("", _("The same person stands further up in this file."))])
        number = form.cleaned_data.get("patient_number")
        if result.state == GOOD and number in self._numbers:
            label = str(form.fields["patient_number"].label)
            return Result(line, WRONG, [(label, _("This number stands further up in this file."))])
        self._seen.add(mark)
        if number:
            self._numbers.add(number)
        return result

    def register(self, line: int, data: dict[str, str], key: UUID) -> Result:
        """Register the row, by the door that the page uses; unless another process just did, or a line above."""
        if self.accept_duplicates:
            data = {**data, "acknowledge_warnings": "on", "override_reason": _("Imported from a file")}
        form = submit(ImportedPatientForm, actor=self.actor, data=data, new_id=key)
        return Result(line, KNOWN) if form.already_saved else self.judge(line, form)

    def judge(self, line: int, form: Any) -> Result:
        """The form's answer in a result."""
        errors = form.errors.as_data()
        codes = {error.code for found in errors.values() for error in found}
        if form.warnings and codes <= {"safety_warning"}:
            state = GOOD if self.accept_duplicates else DUPLICATE
            return Result(line, state, [("", warning.message) for warning in form.warnings])
        if not errors:
            return Result(line, GOOD)
        problems = []
        for name, messages in form.errors.items():
            label = str(form.fields[name].label or name) if name in form.fields else ""
            problems += [(label, str(message)) for message in messages]
        return Result(line, WRONG, problems)


def key_of(data: dict[str, str]) -> UUID:
    """The row's id, made of what it says: a second run finds what the first one registered."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False)
    return UUID(bytes=hashlib.sha256(f"import_patients {text}".encode()).digest()[:16], version=5)
