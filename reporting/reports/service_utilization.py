"""Service utilization: how often each service was invoiced, and for how much."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _

from billing.models import LIVE_STATUSES, InvoiceLineItem, ServiceType
from healthcare.money import ZERO
from reporting.models import ReportType
from reporting.reports.base import Chart, Figure, Heading, ReportKind, Table
from reporting.sums import MoneySum

QUANTITY = Heading("quantity", _("Quantity"), "count")
AMOUNT = Heading("amount", _("Invoiced"), "money")


class ServiceUtilization(ReportKind):
    """Count and revenue by service and type."""

    type = ReportType.SERVICE_UTILIZATION
    definitions = (
        _("Lines of invoices that are neither draft nor cancelled, by invoice date, before tax and discounts."),
        _("Doctor and department are those of the visit that was invoiced."),
    )

    def tables(self) -> Iterator[Table]:
        lines = InvoiceLineItem.objects.filter(
            self.period.days("invoice__invoice_date"),
            self.visits("invoice__appointment__"),
            invoice__status__in=LIVE_STATUSES,
        ).order_by()
        sums = {"number": Sum("quantity"), "invoices": Count("invoice", distinct=True), "sum": MoneySum("line_total")}
        labels = {None: _("Without a service"), **dict(ServiceType.choices)}
        rows: list[tuple[Any, ...]] = []
        types: dict[Any, list[Any]] = defaultdict(lambda: [0, ZERO])
        grouped = lines.values_list("service__name", "service__service_type", "service_id").annotate(**sums)
        for name, kind, _key, quantity, invoices, amount in grouped.iterator(chunk_size=2000):
            rows.append((name or _("Without a service"), labels[kind], quantity, invoices, amount))
            types[kind][0] += quantity
            types[kind][1] += amount
        yield Table(
            "by_type",
            _("By service type"),
            (Heading("service_type", _("Service type")), QUANTITY, AMOUNT),
            sorted(((labels[kind], *row) for kind, row in types.items()), key=lambda row: -row[2]),
        )
        yield Table(
            "by_service",
            _("By service"),
            (
                Heading("service", _("Service")),
                Heading("service_type", _("Type")),
                QUANTITY,
                # The same invoice may hold several services, so this column has no meaningful sum.
                Heading("invoices", _("On invoices"), "number"),
                AMOUNT,
            ),
            sorted(rows, key=lambda row: (-row[4], str(row[0]))),
        )

    def summary(self, tables: dict[str, Table]) -> list[Figure]:
        types = tables["by_type"]
        return [
            Figure(_("Services rendered"), types.total("quantity")),
            Figure(_("Different services"), len(tables["by_service"].rows)),
            Figure(_("Invoiced"), types.total("amount"), "money"),
        ]

    def charts(self, tables: dict[str, Table]) -> list[Chart]:
        types = tables["by_type"]
        series = {_("Invoiced"): types.column("amount")}
        return [Chart(_("Invoiced by service type"), types.column("service_type"), series, "horizontal")]
