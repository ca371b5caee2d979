"""Rows of somebody's CSV file, none of which another row's quotation mark took in."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _


class StrayQuote(Exception):
    """Says which lines a quotation mark takes in that nobody closed."""


def rows_of(
    lines: Iterable[str], dialect: Any = csv.excel, *, gone_by: int = 0, **how: Any
) -> Iterator[tuple[int, list[str]]]:
    """The rows with the number of their last line. StrayQuote where whole rows would go missing in a cell."""
    seen: list[str] = []
    reader = csv.reader(noted(lines, seen), dialect, **how)
    width = 0
    for row in reader:
        last = gone_by + reader.line_num
        width = width or len(row)
        # A cell may hold several lines. One that looks like a row by itself was a row; the line that ends the cell
        # has one quotation mark too many for that.
        whole = (line for line in seen[1:] if line.count('"') % 2 == 0)
        if any(len(next(csv.reader([line], dialect, **how), [])) == width for line in whole):
            place = {"line": last - len(seen) + 1, "last": last}
            said = _('A quotation mark (") in line %(line)s takes in the lines up to %(last)s. Remove it or close it.')
            raise StrayQuote(said % place)
        seen.clear()
        yield last, row


def noted(lines: Iterable[str], seen: list[str]) -> Iterator[str]:
    """The lines, each noted as it goes by."""
    for line in lines:
        seen.append(line)
        yield line
