"""A report's figures: computed once, kept as JSON, shown the same on the screen, in PDF and in Excel."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils.translation import gettext as _

from departments.models import Department, User
from healthcare.roles import may
from healthcare.templatetags.display import money, nothing, number
from patients.models import InsuranceProvider
from reporting.models import Report
from reporting.periods import Period
from reporting.replica import counting, counting_connection
from reporting.reports import KINDS
from reporting.reports.base import Figure
from reporting.sums import percent
from scheduling.models import Weekday

#: Columns of a map of busy hours.
DAYS = frozenset(Weekday(day).name.lower() for day in range(7))
#: Kinds of values that stand at the right of their column.
NUMERIC = frozenset({"count", "money", "number", "percent", "minutes", "days"})


@contextmanager
def snapshot() -> Iterator[None]:
    """All queries within see the database at one moment, so that the tables agree with each other.

    Nothing is locked and nobody waits: PostgreSQL reads a snapshot, SQLite its write-ahead log.
    """
    connection = counting_connection()
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
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


def chosen(parameters: dict[str, Any] | None) -> dict[str, Any]:
    """The rows that a report is narrowed to, by name."""
    keys = parameters or {}
    models: dict[str, Any] = {"doctor": User, "department": Department, "insurer": InsuranceProvider}
    return {
        name: model.objects.filter(pk=keys[f"{name}_id"]).first()
        for name, model in models.items()
        if keys.get(f"{name}_id")
    }


def compute(report: Report, tell: Callable[[float, str, int], None] = lambda *_state: None) -> dict[str, Any]:
    """The report's figures as plain JSON values; `tell` hears (share done, table at work, rows so far)."""
    tables, rows = [], 0
    # Not from a replica: a doctor who is not there yet must not make it a report of everybody.
    narrowed = chosen(report.parameters)
    with counting(), snapshot():
        kind = KINDS[report.report_type](
            Period(report.start_date, report.end_date),  # type: ignore[arg-type]
            money=may(report.generated_by_user, "invoices.view"),
            **narrowed,
        )
        steps = len(kind.names) + 1
        for number, name in enumerate(kind.names):
            tell(number / steps, name.replace("_", " "), rows)
            table = kind.table(name)
            rows += len(table.rows)
            tables.append(table)
        compared = (report.parameters or {}).get("compare", True)
        earlier = kind.before() if compared else None
        if earlier is not None:
            tell(len(kind.names) / steps, _("the period before"), rows)
        summary = figures_of(kind.summary(), earlier.summary() if earlier is not None else None)
    labels = {"doctor": _("Doctor"), "department": _("Department"), "insurer": _("Insurance provider")}
    result = {
        "narrowed": [[labels[name], str(row)] for name, row in narrowed.items() if row is not None],
        "compared": [earlier.period.start, earlier.period.end] if earlier is not None else [],
        "definitions": [str(text) for text in kind.definitions],
        "summary": summary,
        "charts": [
            {
                "title": chart.title,
                "table": chart.table,
                "labels": list(chart.labels),
                "series": [[label, [float(value or 0) for value in values]] for label, values in chart.series.items()],
                "kind": chart.kind,
            }
            for chart in kind.charts()
        ],
        "tables": [
            {
                "name": table.name,
                "title": table.title,
                "headings": [{"name": h.name, "label": h.label, "kind": h.kind} for h in table.headings],
                "rows": table.rows,
                "totals": table.totals,
            }
            for table in tables
        ],
    }
    plain: dict[str, Any] = json.loads(json.dumps(result, cls=DjangoJSONEncoder))
    return plain


def figures_of(now: list[Figure], then: list[Figure] | None) -> list[dict[str, Any]]:
    """The figures on top, each with what it was in the period before."""
    values = [figure.value for figure in then] if then is not None else [None] * len(now)
    return [
        {"label": f.label, "value": f.value, "kind": f.kind, "before": value}
        for f, value in zip(now, values, strict=True)
    ]


def change(figure: dict[str, Any]) -> str:
    """By how much a figure differs from the period before: percent, or points where it is a percentage itself."""
    value, then = typed(figure["value"], figure["kind"]), typed(figure.get("before"), figure["kind"])
    if value is None or then is None:
        return ""
    if figure["kind"] == "percent":
        return _("%(points)s points") % {"points": f"{value - then:+}"} if value != then else "±0"
    if value == then:
        return "±0 %"
    part = percent(value - then, abs(then))
    return f"{part:+,} %" if part is not None else ""


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
        return nothing()
    if kind == "money":
        return money(value)
    if kind == "month" and isinstance(value, date):
        return f"{value:%Y-%m}"
    if kind in {"count", "number"}:
        return f"{value:,}"
    return f"{Decimal(number(value)):,}" if isinstance(value, (int, Decimal)) else value


def for_template(result: dict[str, Any]) -> dict[str, Any]:
    """The figures as the screen and the PDF show them."""

    def cells(row: Any, headings: Any, most: int = 0) -> list[dict[str, Any]]:
        return [
            {
                "value": shown(value, heading["kind"]),
                "label": heading["label"],
                "numeric": heading["kind"] in NUMERIC,
                # Five shades of a map of busy hours.
                "heat": f"heat-{4 * value // most}" if most and value and heading["name"] in DAYS else "",
            }
            for value, heading in zip(row, headings, strict=True)
        ]

    return {
        "narrowed": result["narrowed"],
        "definitions": result["definitions"],
        "compared": result.get("compared", []),
        "summary": [
            {
                "label": f["label"],
                "value": shown(f["value"], f["kind"]),
                # Figures from before there were comparisons have none.
                "before": shown(f["before"], f["kind"]) if f.get("before") is not None else "",
                "change": change(f),
            }
            for f in result["summary"]
        ],
        "tables": [
            {
                "title": table["title"],
                # Beside its chart there is room for a narrow table only.
                "wide": len(table["headings"]) > 5 or sum(len(h["label"]) for h in table["headings"]) > 60,
                "charts": [
                    chart for chart in result["charts"] if chart.get("table") == table["name"] and has_bars(chart)
                ],
                "headings": [{"label": h["label"], "numeric": h["kind"] in NUMERIC} for h in table["headings"]],
                "rows": [cells(row, table["headings"], busiest(table)) for row in table["rows"]],
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


def has_bars(chart: dict[str, Any]) -> bool:
    """Whether there is anything to draw."""
    return len(chart["labels"]) > 1 and any(any(values) for _label, values in chart["series"])


def busiest(table: dict[str, Any]) -> int:
    """The largest number in a map of busy hours; nothing for other tables."""
    places = [number for number, heading in enumerate(table["headings"]) if heading["name"] in DAYS]
    return max((row[place] for row in table["rows"] for place in places), default=0)
