"""Excel files: typed cells, frozen header, no formula from user text, constant memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.http import FileResponse
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Excel holds no more text in a cell.
LONGEST_TEXT = 32_767
_FORMATS = {Decimal: "#,##0.00", datetime: "yyyy-mm-dd hh:mm", date: "yyyy-mm-dd", time: "hh:mm"}


def cell(sheet: Any, value: Any) -> Any:
    """A cell of the value's own type; text is always text, never a formula."""
    if value is None or isinstance(value, (bool, int, float)):
        return WriteOnlyCell(sheet, value=value)
    if isinstance(value, datetime) and timezone.is_aware(value):
        value = timezone.localtime(value, timezone.get_default_timezone()).replace(tzinfo=None)
    for kind, number_format in _FORMATS.items():
        if isinstance(value, kind):
            written = WriteOnlyCell(sheet, value=value)
            written.number_format = number_format
            return written
    written = WriteOnlyCell(sheet, value="")
    written._value = ILLEGAL_CHARACTERS_RE.sub("", str(value))[:LONGEST_TEXT]
    written.data_type = "s"
    return written


def add_sheet(
    book: Workbook,
    title: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[Any]],
    widths: Sequence[int] = (),
    totals: Sequence[Any] = (),
) -> None:
    """A sheet with a bold frozen header, the rows, streamed, and a bold last line of totals."""
    sheet = book.create_sheet("".join(c for c in title if c not in "[]:*?/\\")[:31] or "Sheet")
    sheet.freeze_panes = "A2"
    for number, heading in enumerate(headings, start=1):
        width = widths[number - 1] if number <= len(widths) else max(12, min(40, len(heading) + 6))
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.append(bold(sheet, headings))
    for row in rows:
        sheet.append([cell(sheet, value) for value in row])
    if totals:
        sheet.append(bold(sheet, totals))


def bold(sheet: Any, values: Sequence[Any]) -> list[Any]:
    """A line of bold cells."""
    cells = [cell(sheet, value) for value in values]
    for written in cells:
        written.font = Font(bold=True)
    return cells


def workbook_response(
    filename: str, title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]
) -> FileResponse:
    """A one-sheet workbook as a download."""
    book = Workbook(write_only=True)
    add_sheet(book, title, headings, rows)
    return download(filename, book)


def download(filename: str, book: Workbook) -> FileResponse:
    """A workbook as a download."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - FileResponse closes it
    book.save(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=filename, content_type=CONTENT_TYPE)
