"""Rows from somebody's Excel or CSV file: a dry run that says what would become of each, then all of it or nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, ClassVar

from django import forms
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from healthcare.csv_rows import StrayQuote, rows_of
from healthcare.generic import CreatePage
from healthcare.workflow import WorkflowForm, refuse
from healthcare.xlsx import opened

#: Seconds for which a dry run may be acted on.
LOOKED_AT = 3600


@dataclass
class Row:
    """One row of the file and what becomes of it."""

    number: int
    name: str
    outcome: Any = ""
    errors: str = ""


def plain(value: Any) -> str:
    """A cell as a person would type it."""
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    # What a spreadsheet holds as a binary fraction is meant as the decimal that it shows.
    if isinstance(value, int) or not hasattr(value, "is_integer"):
        return str(value).strip()
    return str(int(value)) if value.is_integer() else str(Decimal(repr(value)))


def lines_of(file: Any) -> Iterator[list[str]]:
    """The cells of an Excel or CSV file, line by line. Raises whatever the parts of its readers raise."""
    workbook = file.read(4) == b"PK\x03\x04"
    file.seek(0)
    if workbook:
        sheet = opened(file).worksheets[0]
        # How far it says that its cells go is not always true, and rows beyond would be lost.
        sheet.reset_dimensions()
        for line in sheet.iter_rows(values_only=True, max_col=40):
            yield [plain(cell) for cell in line]
        return
    text = file.read().decode("utf-8-sig")
    dialect = csv.excel if text.partition("\n")[0].count(",") else csv.Sniffer().sniff(text[:2000], ";\t")
    for _number, line in rows_of(io.StringIO(text, newline=""), dialect):
        yield [cell.strip() for cell in line]


class DryRunForm(WorkflowForm):
    """Bring a file in: what is shown row by row first is what is done afterwards, as a whole or not at all."""

    checked_by_model = False
    action = "import"
    submit_label = _("Import")
    #: Column -> headings by which it is known, and which of them there must be.
    columns: ClassVar[dict[str, tuple[str, ...]]]
    needed: ClassVar[tuple[str, ...]]
    most_rows: ClassVar[int]
    most_bytes: ClassVar[int]
    #: Signs the rows, so that no other import takes them.
    salt: ClassVar[str]
    #: What the page says above the file, and its table's columns: (attribute of a row, heading).
    hint: ClassVar[Any] = ""
    shown: ClassVar[tuple[tuple[str, Any], ...]] = (("name", _("Name")),)

    file = forms.FileField(label=_("Excel or CSV file"), error_messages={"required": _("Choose a file.")})
    #: The rows of the dry run, signed: what was looked at is what is imported.
    checked = forms.CharField(required=False, widget=forms.HiddenInput, max_length=4_000_000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].required = not self.data.get("checked")
        self.rows: list[Any] = []
        self.todo: list[Any] = []
        self.signed = ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if cleaned.get("file"):
            found = self.read(cleaned["file"])
        else:
            try:
                found = signing.loads(cleaned.get("checked", ""), salt=self.salt, max_age=LOOKED_AT)
            except signing.BadSignature as error:
                raise refuse(_("Choose a file."), code="required") from error
        self.signed = signing.dumps(found, salt=self.salt, compress=True)
        self.rows = self.look_at_all(found)
        if wrong := sum(bool(row.errors) for row in self.rows):
            words = ngettext(
                "%(count)s row cannot be imported. Nothing was changed.",
                "%(count)s rows cannot be imported. Nothing was changed.",
                wrong,
            )
            raise refuse(words, code="rows", count=wrong)
        return cleaned

    def read(self, file: Any) -> list[dict[str, str]]:
        """The rows by our columns' names. Raises ValidationError for a file that has none."""
        if file.size > self.most_bytes:
            raise refuse(_("The file is too large."), code="too_large")
        try:
            lines = lines_of(file)
            headings = [cell.casefold() for cell in next(lines, [])]
            filled = ((number, line) for number, line in enumerate(lines, start=2) if any(line))
            found = list(islice(filled, self.most_rows + 1))
        except StrayQuote as error:
            raise refuse(str(error), code="quotes") from error
        except Exception as error:  # openpyxl raises whatever its parts raise
            message = _("This is no Excel (.xlsx) or CSV file (UTF-8) that can be read.")
            raise refuse(message, code="unreadable") from error
        known = {name: column for column, names in self.columns.items() for name in names}
        places = {known[heading]: place for place, heading in enumerate(headings) if heading in known}
        if not places.keys() >= set(self.needed):
            names = ", ".join(self.columns[column][0].capitalize() for column in self.needed)
            raise refuse(_("The first row must name the columns %(names)s."), code="headings", names=names)
        if not found:
            raise refuse(_("The file has no rows."), code="empty")
        if len(found) > self.most_rows:
            raise refuse(_("The file has too many rows: at most %(most)s."), code="too_many", most=self.most_rows)
        rows = [
            {"line": str(number), **{column: line[place] for column, place in places.items() if place < len(line)}}
            for number, line in found
        ]
        # What stands in other columns only is a remark.
        return [row for row in rows if any(row[column] for column in places if column in row)]

    def look_at_all(self, found: list[dict[str, str]]) -> list[Any]:
        """What would become of the rows, in their order; what is to be done goes into `todo`."""
        raise NotImplementedError

    def shown_rows(self) -> list[dict[str, Any]]:
        """The rows of the page's table."""
        return [{"row": row, "cells": [(label, getattr(row, name)) for name, label in self.shown]} for row in self.rows]


class DryRunPage(CreatePage):
    """Look at what would be done with a file, then do it."""

    abstract = True
    template_name = "generic/dry_run.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "apply" in request.POST:
            return self.apply(request, *args, **kwargs)
        form = self.form_class(actor=request.user, data=request.POST, files=request.FILES)
        form.is_valid()
        return self.render_form(form)

    def apply(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Do what was looked at."""
        return super().post(request, *args, **kwargs)
