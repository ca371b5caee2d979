"""What became of every row: imported, known already, or rejected with a reason."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from healthcare.synthea.reading import LAYOUTS, Row


@dataclass
class Outcome:
    """What becomes of the rows of one transaction; counts only once that is committed."""

    imported: list[Row] = field(default_factory=list)
    known: list[Row] = field(default_factory=list)
    rejected: list[tuple[Row, str]] = field(default_factory=list)

    def take(self, row: Row) -> None:
        """The row is imported."""
        self.imported.append(row)

    def skip(self, row: Row) -> None:
        """The row was imported by an earlier run."""
        self.known.append(row)

    def reject(self, row: Row, reason: Any) -> None:
        """The row is left out, for this reason."""
        self.rejected.append((row, str(reason)))

    def join(self, part: Outcome) -> None:
        """What became of some of the rows."""
        self.imported += part.imported
        self.known += part.known
        self.rejected += part.rejected


class Ledger:
    """Counts per file, and the CSV file of rejects."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.stream = path.open("w", newline="", encoding="utf-8", errors="backslashreplace")
        self.writer = csv.writer(self.stream)
        self.writer.writerow(["file", "line", "id", "reason"])
        self.read: Counter[str] = Counter()
        self.imported: Counter[str] = Counter()
        self.known: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()

    def reject(self, row: Row, reason: Any) -> None:
        """Note a row that is left out."""
        if LAYOUTS[row.file].auxiliary:
            return
        self.rejected[row.file] += 1
        self.writer.writerow([row.file, row.line, _plain(row.label), _plain(str(reason))])

    def settle(self, outcome: Outcome) -> None:
        """Count what a committed transaction did."""
        for row in outcome.imported:
            self.imported[row.file] += 1
        for row in outcome.known:
            self.known[row.file] += 1
        for row, reason in outcome.rejected:
            self.reject(row, reason)

    def close(self) -> None:
        """Write the file's rest."""
        self.stream.close()

    def table(self) -> str:
        """The summary: one line per file."""
        heads = (_("file"), _("rows"), _("imported"), _("known"), _("rejected"))
        lines: list[tuple[str, ...]] = [heads]
        for name, layout in LAYOUTS.items():
            if not layout.auxiliary and (self.read[name] or self.rejected[name]):
                counts = (self.read[name], self.imported[name], self.known[name], self.rejected[name])
                lines.append((name, *(f"{count:,}" for count in counts)))
        widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if not position else cell.rjust(width)
                for position, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            for line in lines
        )


def _plain(text: str) -> str:
    """Short, on one line, and never a formula when the file is opened in a spreadsheet."""
    flat = " ".join(text.replace("\x00", "\\0").split())[:300]
    return f"'{flat}" if flat[:1] in {"=", "+", "-", "@"} else flat
