"""A report's figures: computed once, kept as JSON, shown the same on the screen, in PDF and in Excel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils.translation import gettext as _

from departments.models import Department, User
from healthcare.roles import may
from healthcare.templatetags.display import NOTHING, money, number
from reporting.models import Report
from reporting.periods import Period
from reporting.reports import KINDS

#: Kinds of values that stand at the right of their column.
NUMERIC = frozenset({"count", "money", "number", "percent", "minutes", "days"})


@contextmanager
def snapshot() -> Iterator[None]:
    """All queries within see the database at one moment, so that the tables agree with each other.

    Nothing is locked and nobody waits: PostgreSQL reads a snapshot, SQLite its write-ahead log.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # Not `atomic`, which would begin IMMEDIATE and keep every writer out.
        connection.ensure_connection()
        connection.connection.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            connection.connection.rollback()


def compute(report: Report) -> dict[str, Any]:
    """The report's figures as plain JSON values."""
    parameters = report.parameters or {}
    with snapshot():
        doctor = User.objects.filter(pk=parameters.get("doctor_id")).first()
        department = Department.objects.filter(pk=parameters.get("department_id")).first()
        kind = KINDS[report.report_type](
            Period(report.start_date, report.end_date),  # type: ignore[arg-type]
            doctor=doctor,
            department=department,
            money=may(report.generated_by_user, "invoices.view"),
        )
        tables = {table.name: table for table in kind.tables()}
    chosen = [(_("Doctor"), doctor), (_("Department"), department)]
    result = {
        "narrowed": [[label, str(row)] for label, row in chosen if row is not None],
        "definitions": [str(text) for text in kind.definitions],
        "summary": [{"label": f.label, "value": f.value, "kind": f.kind} for f in kind.summary(tables)],
        "charts": [
            {
                "title": chart.title,
                "labels": list(chart.labels),
                "series": [[label, [float(value or 0) for value in values]] for label, values in chart.series.items()],
                "kind": chart.kind,
            }
            for chart in kind.charts(tables)
        ],
        "tables": [
            {
                "name": table.name,
                "title": table.title,
                "headings": [{"name": h.name, "label": h.label, "kind": h.kind} for h in table.headings],
                "rows": table.rows,
                "totals": table.totals,
            }
            for table in tables.values()
        ],
    }
    plain: dict[str, Any] = json.loads(json.dumps(result, cls=DjangoJSONEncoder))
    return plain


def typed(value: Any, kind: str) -> Any:
    """A value as it came from JSON, in its own type again."""
    if value is None or kind == "text":
        return value
    if kind == "month":
        # The line of totals says "Total" in the first column, whatever its kind.
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value if isinstance(value, int) else Decimal(value)


def shown(value: Any, kind: str) -> Any:
    """A value as people read it."""
    value = typed(value, kind)
    if value is None:
        return NOTHING
    if kind == "money":
        return money(value)
    if kind == "month" and isinstance(value, date):
        return f"{value:%Y-%m}"
    if kind in {"count", "number"}:
        return f"{value:,}"
    return number(value)


def for_template(result: dict[str, Any]) -> dict[str, Any]:
    """The figures as the screen and the PDF show them."""

    def cells(row: Any, headings: Any) -> list[dict[str, Any]]:
        return [
            {"value": shown(value, heading["kind"]), "label": heading["label"], "numeric": heading["kind"] in NUMERIC}
            for value, heading in zip(row, headings, strict=True)
        ]

    return {
        "narrowed": result["narrowed"],
        "definitions": result["definitions"],
        "summary": [{"label": f["label"], "value": shown(f["value"], f["kind"])} for f in result["summary"]],
        "tables": [
            {
                "title": table["title"],
                "headings": [{"label": h["label"], "numeric": h["kind"] in NUMERIC} for h in table["headings"]],
                "rows": [cells(row, table["headings"]) for row in table["rows"]],
                "totals": [
                    # Columns that are not added up stay blank in the last line.
                    cell | ({"value": ""} if value is None else {})
                    for value, cell in zip(
                        table["totals"],
                        cells(table["totals"], table["headings"]) if table["totals"] else [],
                        strict=True,
                    )
                ],
            }
            for table in result["tables"]
        ],
    }
