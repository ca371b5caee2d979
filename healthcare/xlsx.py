"""Excel files: typed cells, frozen header, no formula from user text, constant memory."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.http import FileResponse
from django.utils import timezone
from xlsxwriter import Workbook

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Excel holds no more text in a cell, and no more rows in a sheet.
LONGEST_TEXT, MOST_ROWS = 32_767, 1_048_576
#: What XML cannot say.
UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: Its calendar begins here; an earlier day is written as text.
FIRST_YEAR = 1900
NUMBER_FORMATS = {Decimal: "#,##0.00", datetime: "yyyy-mm-dd hh:mm", date: "yyyy-mm-dd", time: "hh:mm"}


class Book:
    """A workbook that is written row by row, straight to the disk."""

    def __init__(self, file: Any) -> None:
        self.book = Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
        self.known: dict[tuple[str, bool], Any] = {}

    def look(self, number_format: str, bold: bool) -> Any:
        """A cell's format, made once for the whole workbook."""
        key = (number_format, bold)
        if key not in self.known:
            said = ({"num_format": number_format} if number_format else {}) | ({"bold": True} if bold else {})
            self.known[key] = self.book.add_format(said) if said else None
        return self.known[key]

    def write(self, sheet: Any, row: int, column: int, value: Any, number_format: str = "", bold: bool = False) -> None:
        """A cell of the value's own type; text is always text, never a formula."""
        if value is None or value == "":
            return
        if isinstance(value, bool):
            sheet.write_boolean(row, column, value, self.look("", bold))
        elif isinstance(value, (int, float)):
            sheet.write_number(row, column, value, self.look(number_format, bold))
        elif isinstance(value, Decimal):
            sheet.write_number(row, column, value, self.look(number_format or NUMBER_FORMATS[Decimal], bold))
        elif isinstance(value, time) or (isinstance(value, date) and value.year >= FIRST_YEAR):
            if isinstance(value, datetime) and timezone.is_aware(value):
                value = timezone.localtime(value, timezone.get_default_timezone()).replace(tzinfo=None)
            look = self.look(number_format or NUMBER_FORMATS[type(value)], bold)
            sheet.write_datetime(row, column, value, look)
        else:
            text = UNSPEAKABLE.sub("", str(value))[:LONGEST_TEXT]
            sheet.write_string(row, column, text, self.look("", bold))

    def add_sheet(
        self,
        title: Any,
        headings: Sequence[Any],
        rows: Iterable[Sequence[Any]],
        widths: Sequence[int] = (),
        totals: Sequence[Any] = (),
        formats: Sequence[str] = (),
    ) -> None:
        """A sheet with a bold frozen header, the rows, and a bold last line of totals; more sheets if one is full."""
        formats = formats or [""] * len(headings)
        remaining = iter(rows)
        part = 1
        while True:
            name = str(title) if part == 1 else f"{str(title)[:24]} ({part})"
            sheet = self.book.add_worksheet(re.sub(r"[\[\]:*?/\\']", "", name)[:31].strip() or f"Sheet {part}")
            sheet.freeze_panes(1, 0)
            for column, heading in enumerate(headings):
                width = widths[column] if column < len(widths) else max(12, min(40, len(str(heading)) + 6))
                sheet.set_column(column, column, width)
                self.write(sheet, 0, column, heading, bold=True)
            line = 0
            for line, values in enumerate(remaining, start=1):
                for column, value in enumerate(values):
                    self.write(sheet, line, column, value, formats[column])
                if line == MOST_ROWS - 2:
                    break
            if line < MOST_ROWS - 2:
                break
            part += 1
        for column, value in enumerate(totals):
            self.write(sheet, line + 1, column, value, formats[column], bold=True)


@contextmanager
def workbook(file: Any) -> Iterator[Book]:
    """A workbook that is complete in the file at the end."""
    book = Book(file)
    yield book
    book.book.close()
    file.seek(0)


def workbook_response(
    filename: str, title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]
) -> FileResponse:
    """A one-sheet workbook as a download."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - FileResponse closes it
    with workbook(file) as book:
        book.add_sheet(title, headings, rows)
    return FileResponse(file, as_attachment=True, filename=filename, content_type=CONTENT_TYPE)
