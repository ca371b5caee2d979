"""Service utilization: how often each service was invoiced, and for how much."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP
from typing import Any

from django.db.models import Count, Sum
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from billing.models import LIVE_STATUSES, InvoiceLineItem, ServiceType
from healthcare.money import ZERO
from reporting.models import ReportType
from reporting.reports.base import Chart, Figure, Heading, ReportKind, Table, by_size
from reporting.sums import MoneySum, percent

QUANTITY = Heading("quantity", _("Quantity"), "count")
AMOUNT = Heading("amount", _("Invoiced"), "money")
LABELS = {None: _("Without a service"), **dict(ServiceType.choices)}


class ServiceUtilization(ReportKind):
    """Count and revenue by service and type."""

    type = ReportType.SERVICE_UTILIZATION
    names = ("by_type", "by_service")
    definitions = (
        _("Lines of invoices that are neither draft nor cancelled, by invoice date, before tax and discounts."),
        _("Share: of all that was invoiced in the period."),
        _("Doctor and department are those of the visit that was invoiced."),
    )

    @cached_property
    def services(self) -> list[tuple[Any, ...]]:
        """(name, type, quantity, invoices, amount) of each service, from the one query of this report."""
        lines = InvoiceLineItem.objects.filter(
            self.period.days("invoice__invoice_date"), self.billed("invoice__"), invoice__status__in=LIVE_STATUSES
        ).order_by()
        sums = {"number": Sum("quantity"), "invoices": Count("invoice", distinct=True), "sum": MoneySum("line_total")}
        grouped = lines.values_list("service__name", "service__service_type", "service_id").annotate(**sums)
        return [
            (name or _("Without a service"), kind, quantity, invoices, amount)
            for name, kind, _key, quantity, invoices, amount in grouped
        ]

    def by_type(self) -> Table:
        """Type by type."""
        found: dict[Any, list[Any]] = defaultdict(lambda: [0, ZERO])
        for _name, kind, quantity, _invoices, amount in self.services:
            found[kind][0] += quantity
            found[kind][1] += amount
        total = sum((amount for _quantity, amount in found.values()), ZERO)
        rows = [(LABELS[kind], *row, percent(row[1], total)) for kind, row in found.items()]
        return Table(
            "by_type",
            _("By service type"),
            (Heading("service_type", _("Service type")), QUANTITY, AMOUNT, Heading("share", _("Share (%)"), "percent")),
            sorted(rows, key=by_size(2)),
        )

    def by_service(self) -> Table:
        """Service by service."""
        rows = [(name, LABELS[kind], *rest) for name, kind, *rest in self.services]
        return Table(
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
            sorted(rows, key=by_size(4)),
        )

    def summary(self) -> list[Figure]:
        types, services = self.table("by_type"), self.table("by_service")
        quantity, amount = types.total("quantity"), types.total("amount")
        average = amount / quantity if quantity else None
        named = [row for row in services.rows if row[1] != LABELS[None]]
        return [
            Figure(_("Services rendered"), quantity),
            Figure(_("Different services"), len(named)),
            Figure(_("Invoiced"), amount, "money"),
            Figure(_("Average per service"), average and average.quantize(ZERO, ROUND_HALF_UP), "money"),
        ]

    def charts(self) -> list[Chart]:
        types, services = self.table("by_type"), self.table("by_service")
        return [
            Chart(
                _("Invoiced"),
                "by_type",
                types.column("service_type"),
                {_("Invoiced"): types.column("amount")},
                "horizontal",
            ),
            Chart(
                _("Invoiced most"),
                "by_service",
                services.column("service"),
                {_("Invoiced"): services.column("amount")},
                "horizontal",
            ),
        ]
