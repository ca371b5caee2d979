"""The files of a report: PDF and Excel, made of the same figures, put in place in one step."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from healthcare.clock import now
from healthcare.pdf import render_pdf
from healthcare.xlsx import CONTENT_TYPE, workbook
from reporting.charts import drawn
from reporting.figures import for_template, typed
from reporting.models import Report

CONTENT_TYPES = {"pdf": "application/pdf", "xlsx": CONTENT_TYPE}
FOLDER = "reports"
#: What no report names and is older than this was left by a worker that died.
ORPHAN_AFTER = timedelta(days=1)
#: How wide a column of each kind of values is in Excel.
WIDTHS = {"text": 34, "month": 12, "count": 14, "number": 14, "percent": 14}
#: How Excel shows values that are no plain numbers.
FORMATS = {"percent": "0.0", "minutes": "#,##0.0", "days": "#,##0.0", "count": "#,##0", "number": "#,##0"}
FORMATS |= {"month": "yyyy-mm"}


def path(report: Report, claimed: str, extension: str) -> str:
    """Where the worker that holds this claim puts a file."""
    return f"{FOLDER}/{report.pk}/{claimed}.{extension}"


def path_of(report: Report, extension: str) -> str:
    """Where a report's file lies in the storage."""
    return str(PurePosixPath(report.file_path).with_suffix(f".{extension}"))


def pdf(report: Report, result: dict[str, Any]) -> File[Any]:
    """The report on paper."""
    content = render_pdf(
        "reporting/pdf/report.html",
        {
            "document_title": report.report_name,
            "report": report,
            "figures": drawn(for_template(result)),
            "printed_at": now(),
            "printed_by": str(report.generated_by_user),
        },
    )
    return ContentFile(content)


def excel(report: Report, result: dict[str, Any]) -> File[Any]:
    """The report as a workbook: the summary, one sheet for each table, the filters, the definitions."""
    compared = bool(result["compared"])
    headings = (_("Figure"), _("Value"), *([_("Period before")] if compared else []))
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the storage's caller
    with workbook(file) as book:
        book.add_sheet(_("Summary"), headings, summary_lines(result, compared), widths=(40, 20, 20))
        for table in result["tables"]:
            kinds = [heading["kind"] for heading in table["headings"]]
            labels = [heading["label"] for heading in table["headings"]]
            book.add_sheet(
                table["title"],
                labels,
                ([typed(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in table["rows"]),
                widths=[max(WIDTHS.get(k, 18), min(40, len(text) + 4)) for k, text in zip(kinds, labels, strict=True)],
                totals=[typed(value, kind) for value, kind in zip(table["totals"], kinds, strict=False)],
                formats=[FORMATS.get(kind, "") for kind in kinds],
            )
        book.add_sheet(_("Filters"), (_("Filter"), _("Choice")), filters(report, result), widths=(34, 44))
        book.add_sheet(
            _("Definitions"), (_("What counts as what"),), ([text] for text in result["definitions"]), (120,)
        )
    return File(file)


def summary_lines(result: dict[str, Any], compared: bool) -> Iterator[tuple[Any, ...]]:
    """The figures on top, with those of the period before."""
    for f in result["summary"]:
        yield f["label"], typed(f["value"], f["kind"]), *([typed(f["before"], f["kind"])] if compared else [])


def filters(report: Report, result: dict[str, Any]) -> list[tuple[Any, Any]]:
    """What was asked for, by whom, and when it was made."""
    narrowed = dict(result["narrowed"])
    return [
        (_("Report"), report.report_name),
        (_("Type"), report.get_report_type_display()),
        (_("From"), report.start_date),
        (_("To"), report.end_date),
        *([(_("Compared with"), " - ".join(result["compared"]))] if result["compared"] else []),
        *((label, narrowed.get(label, _("All"))) for label in (_("Doctor"), _("Department"), _("Insurance provider"))),
        (_("Requested by"), str(report.generated_by_user)),
        (_("Made at"), now()),
    ]


def remove(path: str) -> None:
    """Take a report's files away; the path is that of any of them."""
    for extension in CONTENT_TYPES:
        name = str(PurePosixPath(path).with_suffix(f".{extension}"))
        default_storage.delete(name)
        default_storage.delete(f"{name}.part")


def remove_orphans() -> None:
    """Take away what dead workers left behind."""
    if not default_storage.exists(FOLDER):
        return
    before = now() - ORPHAN_AFTER
    for key in default_storage.listdir(FOLDER)[0]:
        folder = f"{FOLDER}/{key}"
        for name in default_storage.listdir(folder)[1]:
            file = f"{folder}/{name}"
            if default_storage.get_modified_time(file) < before and not named(file):
                default_storage.delete(file)


def named(file: str) -> bool:
    """Whether a report names this file, or the PDF beside it."""
    return Report.objects.filter(file_path=str(PurePosixPath(file).with_suffix(".pdf"))).exists()
