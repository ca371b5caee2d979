"""Excel files: typed cells, frozen header, no formula from user text, constant memory."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from itertools import count, islice
from typing import Any
from zipfile import ZipFile

from django.http import FileResponse
from django.utils import timezone
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from healthcare.clock import zone

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Excel holds no more text in a cell, and no more rows in a sheet.
LONGEST_TEXT, MOST_ROWS = 32_767, 1_048_576
#: No list that people bring is larger once unpacked; a bomb is.
MOST_UNPACKED = 50_000_000
#: What XML cannot say.
UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: What a sheet's name must not hold.
UNNAMEABLE = re.compile(r"[\[\]:*?/\\']")
#: Its calendar begins here; an earlier day is written as text.
FIRST_YEAR = 1900
BOLD = Font(bold=True)


def opened(file: Any) -> Any:
    """Somebody's workbook, to be read row by row. ValueError if it unpacks to more than MOST_UNPACKED."""
    if sum(part.file_size for part in ZipFile(file).infolist()) > MOST_UNPACKED:
        raise ValueError("too large")
    file.seek(0)
    return load_workbook(file, read_only=True, data_only=True)


def words(value: Any) -> str:
    """A value as text; several in a row."""
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def cell(sheet: Any, value: Any, number_format: str = "", bold: bool = False) -> WriteOnlyCell | None:
    """A cell of the value's own type; text is always text, never a formula."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        value = timezone.make_naive(value, zone()) if timezone.is_aware(value) else value
        number_format = number_format or "yyyy-mm-dd hh:mm"
    elif isinstance(value, date) and value.year >= FIRST_YEAR:
        number_format = number_format or "yyyy-mm-dd"
    elif isinstance(value, time):
        number_format = number_format or "hh:mm"
    elif isinstance(value, Decimal):
        number_format = number_format or "#,##0.00"
    elif not isinstance(value, (bool, int, float)):
        written = WriteOnlyCell(sheet, value="")
        # Past the setter, which would take "=1+1" for a formula.
        written._value, written.data_type = UNSPEAKABLE.sub("", words(value))[:LONGEST_TEXT], "s"
        if bold:
            written.font = BOLD
        return written
    written = WriteOnlyCell(sheet, value=value)
    if number_format and not isinstance(value, bool):
        written.number_format = number_format
    if bold:
        written.font = BOLD
    return written


class Book:
    """A workbook that is written row by row, straight to the disk."""

    def __init__(self) -> None:
        self.book = Workbook(write_only=True)

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
        for part in count(1):
            name = str(title) if part == 1 else f"{str(title)[:24]} ({part})"
            sheet = self.book.create_sheet(UNNAMEABLE.sub("", name)[:31].strip() or f"Sheet {part}")
            sheet.freeze_panes = "A2"
            for column, heading in enumerate(headings):
                width = widths[column] if column < len(widths) else max(12, min(40, len(str(heading)) + 6))
                sheet.column_dimensions[get_column_letter(column + 1)].width = width
            sheet.append([cell(sheet, heading, bold=True) for heading in headings])
            written = 0
            for values in islice(remaining, MOST_ROWS - 2):
                sheet.append([cell(sheet, *one) for one in zip(values, formats, strict=False)])
                written += 1
            if written < MOST_ROWS - 2:
                break
        if totals:
            sheet.append([cell(sheet, *one, bold=True) for one in zip(totals, formats, strict=False)])

    def save(self, file: Any) -> None:
        """Into an open file, which then stands at its beginning."""
        self.book.save(file)
        file.seek(0)


@contextmanager
def workbook(file: Any) -> Iterator[Book]:
    """A workbook that is complete in the file at the end."""
    book = Book()
    yield book
    book.save(file)


def download(filename: str, book: Book) -> FileResponse:
    """A workbook as a download."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - FileResponse closes it
    book.save(file)
    return FileResponse(file, as_attachment=True, filename=filename, content_type=CONTENT_TYPE)


def workbook_response(
    filename: str, title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]
) -> FileResponse:
    """A one-sheet workbook as a download."""
    book = Book()
    book.add_sheet(title, headings, rows)
    return download(filename, book)
