"""The files of a report: PDF and Excel, made of the same figures, put in place in one step."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from openpyxl import Workbook

from healthcare.clock import now
from healthcare.pdf import render_pdf
from healthcare.xlsx import CONTENT_TYPE, add_sheet
from reporting.charts import drawings
from reporting.figures import for_template, typed
from reporting.models import Report

CONTENT_TYPES = {"pdf": "application/pdf", "xlsx": CONTENT_TYPE}


def path_of(report: Report, extension: str) -> str:
    """Where a report's file lies in the storage."""
    return f"reports/{report.pk}.{extension}"


def pdf(report: Report, result: dict[str, Any]) -> File[Any]:
    """The report on paper."""
    content = render_pdf(
        "reporting/pdf/report.html",
        {
            "document_title": report.report_name,
            "report": report,
            "figures": for_template(result),
            "charts": drawings(result["charts"]),
            "printed_at": now(),
            "printed_by": str(report.generated_by_user),
        },
    )
    return ContentFile(content)


def excel(report: Report, result: dict[str, Any]) -> File[Any]:
    """The report as a workbook: a summary, one sheet for each table, the definitions."""
    book = Workbook(write_only=True)
    summary: list[tuple[Any, Any]] = [
        (_("Report"), report.report_name),
        (_("Type"), report.get_report_type_display()),
        (_("From"), report.start_date),
        (_("To"), report.end_date),
        *((label, value) for label, value in result["narrowed"]),
        (_("Requested by"), str(report.generated_by_user)),
        (_("Made at"), now()),
        *((figure["label"], typed(figure["value"], figure["kind"])) for figure in result["summary"]),
    ]
    add_sheet(book, _("Summary"), (_("Figure"), _("Value")), summary, widths=(34, 34))
    for table in result["tables"]:
        kinds = [heading["kind"] for heading in table["headings"]]
        add_sheet(
            book,
            table["title"],
            [heading["label"] for heading in table["headings"]],
            ([typed(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in table["rows"]),
            widths=[34 if kind == "text" else 18 for kind in kinds],
            totals=[typed(value, kind) for value, kind in zip(table["totals"], kinds, strict=False)],
        )
    add_sheet(book, _("Definitions"), (_("What counts as what"),), ([text] for text in result["definitions"]), (120,))
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the storage's caller
    book.save(file)
    file.seek(0)
    return File(file)


def keep(name: str, content: File[Any], attempt: int) -> None:
    """Put a file in its place in one step: a reader meets the old one or the new one, never a part."""
    part = f"{name}.{attempt}.part"
    default_storage.delete(part)
    with content:
        part = default_storage.save(part, content)
        try:
            source, target = default_storage.path(part), default_storage.path(name)
        except NotImplementedError:
            # An object store shows an object only when it is whole, and cannot rename.
            content.seek(0)
            default_storage.delete(name)
            default_storage.save(name, content)
            default_storage.delete(part)
        else:
            Path(source).replace(target)
