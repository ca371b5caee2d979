"""Rows of a CSV or Excel file one by one, whatever its size."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import PurePath
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from openpyxl import load_workbook

from healthcare.csv_rows import StrayQuote, rows_of

#: A cell that is longer is no field of a patient; the csv module refuses it.
LONGEST_CELL = 131_072
SAMPLE = 64 * 1024
#: A first line that tells Excel, and nobody else, what separates the columns.
EXCELS_HINT = re.compile(rb'"?sep=([,;\t|])"?\s*', re.IGNORECASE)

#: How letters are written in files that are no UTF-8: the code pages of Windows.
ENCODINGS = {
    "cp1252": _lazy("Western European (Windows-1252)"),
    "cp1250": _lazy("Central European (Windows-1250)"),
    "cp1254": _lazy("Turkish (Windows-1254)"),
    "cp1257": _lazy("Baltic (Windows-1257)"),
    "cp1251": _lazy("Cyrillic (Windows-1251)"),
    "cp1253": _lazy("Greek (Windows-1253)"),
}
#: A file that these read alike needs no telling.
ALIKE = ("cp1252", "cp1250", "cp1254")
#: What stands between the words of a line.
BETWEEN = re.compile(rb'[\s,;|"]+')

Line = tuple[int, list[str]]


class UnreadableFile(Exception):
    """Why a file cannot be read as a table, in words for the person who chose it."""


@contextmanager
def opened(file: IO[bytes], name: str, encoding: str = "") -> Iterator[Iterator[Line]]:
    """The lines of the file with their numbers, the heading first; empty lines are left out."""
    lines = excel_lines(file) if PurePath(name).suffix.lower() == ".xlsx" else csv_lines(file, encoding)
    with closing(lines):
        yield lines


def excel_lines(file: IO[bytes]) -> Generator[Line, None, None]:
    """The first sheet's rows as text."""
    try:
        with closing(load_workbook(file, read_only=True, data_only=True)) as book:
            sheet = book.worksheets[0]
            # How far it says that its cells go is not always true, and rows beyond would be lost.
            sheet.reset_dimensions()
            for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
                cells = [text_of(value) for value in row]
                if any(cells):
                    yield number, cells
    except Exception as error:  # openpyxl raises whatever its parts raise
        raise UnreadableFile(_("This is no Excel workbook (.xlsx) that can be read.")) from error


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


def csv_lines(file: IO[bytes], encoding: str) -> Generator[Line, None, None]:
    """A CSV file's rows; separated by comma, semicolon or tab."""
    head = file.read(SAMPLE)
    if b"\0" in head:
        raise UnreadableFile(_("This is no text file. Save the table as CSV (UTF-8) or as .xlsx."))
    file.seek(0)
    first = (head.removeprefix(codecs.BOM_UTF8).splitlines() or [b""])[0]
    told = EXCELS_HINT.fullmatch(first)
    delimiter = told[1].decode() if told else max(",;\t|", key=lambda sign: first.count(sign.encode()))
    text = io.TextIOWrapper(file, encoding=encoding or encoding_of(file), newline="")
    line = 0
    try:
        if told:
            next(text)
        for line, row in rows_of(text, gone_by=int(bool(told)), delimiter=delimiter):
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield line, cells
    except StrayQuote as error:
        raise UnreadableFile(str(error)) from error
    except csv.Error as error:
        raise UnreadableFile(_("Line %(line)s is no CSV: %(error)s") % {"line": line + 1, "error": error}) from error
    except UnicodeDecodeError as error:
        raise UnreadableFile(_("The file holds letters that are written in another way than was said.")) from error
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
        file.seek(0)
        refuse_doubtful_letters(file)
        return ALIKE[0]
    finally:
        file.seek(0)
    return "utf-8-sig"


def refuse_doubtful_letters(file: IO[bytes]) -> None:
    """Complain of a file whose names are other names in another code page: `Dvořák` would become `Dvoøák`."""
    for line in file:
        if line.isascii():
            continue
        for word in BETWEEN.split(line):
            read = {name: word.decode(name, "replace") for name in ALIKE}
            if len(set(read.values())) > 1:
                samples = "; ".join(f"{ENCODINGS[name]}: {text}" for name, text in read.items())
                said = _("The file is not UTF-8: say how its letters are written, or save it as UTF-8. %(samples)s")
                raise UnreadableFile(said % {"samples": samples})
