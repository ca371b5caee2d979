"""Rows of a CSV or Excel file one by one, whatever its size."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import PurePath
from typing import IO, Any

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

#: A cell that is longer is no field of a patient; the csv module refuses it.
LONGEST_CELL = 131_072
SAMPLE = 64 * 1024
#: A first line that tells Excel, and nobody else, what separates the columns.
EXCELS_HINT = re.compile(rb'"?sep=([,;\t|])"?\s*', re.IGNORECASE)

Line = tuple[int, list[str]]


class UnreadableFile(Exception):
    """Why a file cannot be read as a table, in words for the person who chose it."""


@contextmanager
def opened(file: IO[bytes], name: str) -> Iterator[Iterator[Line]]:
    """The lines of the file with their numbers, the heading first; empty lines are left out."""
    if PurePath(name).suffix.lower() == ".xlsx":
        try:
            book = load_workbook(file, read_only=True, data_only=True)
        except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError, ValueError) as error:
            raise UnreadableFile(_("This is no Excel workbook (.xlsx).")) from error
        try:
            yield excel_lines(book.worksheets[0])
        finally:
            book.close()
    else:
        with closing(csv_lines(file)) as lines:
            yield lines


def excel_lines(sheet: Any) -> Iterator[Line]:
    """The first sheet's rows as text."""
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = [text_of(value) for value in row]
        if any(cells):
            yield number, cells


def text_of(value: Any) -> str:
    """A cell as somebody would have typed it: whole numbers without a point, dates as YYYY-MM-DD."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def csv_lines(file: IO[bytes]) -> Generator[Line, None, None]:
    """A CSV file's rows: UTF-8 or, where it is none, Windows' Latin; separated by comma, semicolon or tab."""
    head = file.read(SAMPLE)
    if b"\0" in head:
        raise UnreadableFile(_("This is no text file. Save the table as CSV (UTF-8) or as .xlsx."))
    file.seek(0)
    first = (head.removeprefix(codecs.BOM_UTF8).splitlines() or [b""])[0]
    told = EXCELS_HINT.fullmatch(first)
    delimiter = told[1].decode() if told else max(",;\t|", key=lambda sign: first.count(sign.encode()))
    text = io.TextIOWrapper(file, encoding=encoding_of(file), errors="replace", newline="")
    try:
        reader = csv.reader(text, delimiter=delimiter)
        try:
            if told:
                next(reader)
            for row in reader:
                cells = [cell.strip() for cell in row]
                if any(cells):
                    yield reader.line_num, cells
        except csv.Error as error:
            raise UnreadableFile(_("Line %(line)s is no CSV: %(error)s") % {"line": reader.line_num, "error": error})
    finally:
        text.detach()


def encoding_of(file: IO[bytes]) -> str:
    """UTF-8 unless some byte says otherwise; reads the file once through, a piece at a time."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        while piece := file.read(1 << 20):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        file.seek(0)
    return "utf-8-sig"
