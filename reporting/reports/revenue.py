"""Revenue: what was invoiced, collected and is outstanding."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext_lazy as _

from billing.models import LIVE_STATUSES, Invoice, InvoiceLineItem, Payment, PaymentMethod, ServiceType
from healthcare.clock import zone
from healthcare.money import ZERO
from reporting.models import ReportType
from reporting.periods import months_across
from reporting.reports.base import Chart, Figure, Heading, ReportKind, Table, by_size, names_of
from reporting.sums import MoneySum

INVOICED = Heading("invoiced", _("Invoiced"), "money")
COLLECTED = Heading("collected", _("Collected"), "money")
OUTSTANDING = Heading("outstanding", _("Outstanding"), "money")


class Revenue(ReportKind):
    """Invoiced, collected and outstanding by month, method, service type, department and doctor."""

    type = ReportType.REVENUE
    names = ("by_month", "by_method", "by_service_type", "by_doctor", "by_department")
    definitions = (
        _("Collected is revenue: payments that were not voided, by the day of payment in the clinic's time zone."),
        _("Of a payment that was partly refunded, the part that was kept; no credit notes and write-offs."),
        _("Invoiced: totals with tax and after discount of invoices that are neither draft nor cancelled, by date."),
        _("Outstanding: what those same invoices still owe at the moment of this report."),
        _("Doctor and department are those of the visit that was invoiced."),
        _("Service types show the lines of those invoices; discounts and tax lead from the lines to the total."),
    )

    def invoiced(self, path: str = "") -> Q:
        """Invoices that count; `path` leads to the invoice."""
        live = Q(**{f"{path}status__in": LIVE_STATUSES})
        return live & self.period.days(f"{path}invoice_date") & self.billed(path)

    def invoices(self) -> Any:
        """The invoices of the period."""
        return Invoice.objects.filter(self.invoiced()).order_by()

    def payments(self) -> Any:
        """The payments of the period."""
        period = self.period.moments("payment_date")
        return Payment.objects.collected().filter(period, self.billed("invoice__")).order_by()

    def by_month(self) -> Table:
        """Month by month."""
        months: dict[date, list[Any]] = defaultdict(lambda: [0, ZERO, 0, ZERO, ZERO])
        invoices = self.invoices().annotate(month=TruncMonth("invoice_date")).values_list("month")
        sums = {"number": Count("pk"), "amount": MoneySum("total_amount"), "owed": MoneySum("balance_due")}
        for month, count, amount, owed in invoices.annotate(**sums):
            months[month][0], months[month][1], months[month][4] = count, amount, owed
        payments = self.payments().annotate(month=TruncMonth("payment_date", tzinfo=zone())).values_list("month")
        for month, count, amount in payments.annotate(number=Count("pk"), amount_sum=MoneySum("amount")):
            day = month.date() if isinstance(month, datetime) else month
            months[day][2], months[day][3] = count, amount
        return Table(
            "by_month",
            _("By month"),
            (
                Heading("month", _("Month"), "month"),
                Heading("invoices", _("Invoices"), "count"),
                INVOICED,
                Heading("payments", _("Payments"), "count"),
                COLLECTED,
                OUTSTANDING,
            ),
            [(month, *months[month]) for month in months_across(months)],
        )

    def by_method(self) -> Table:
        """How it was paid."""
        found = self.payments().values_list("payment_method")
        rows = found.annotate(number=Count("pk"), amount_sum=MoneySum("amount"))
        labels = dict(PaymentMethod.choices)
        return Table(
            "by_method",
            _("By payment method"),
            (Heading("method", _("Method")), Heading("payments", _("Payments"), "count"), COLLECTED),
            sorted(((labels[method], count, amount) for method, count, amount in rows), key=by_size(2)),
        )

    def by_service_type(self) -> Table:
        """What was invoiced: lines by type of service, then discounts and tax."""
        lines = InvoiceLineItem.objects.filter(self.invoiced("invoice__")).order_by()
        found = lines.values_list("service__service_type").annotate(
            number=Sum("quantity"), amount=MoneySum("line_total")
        )
        labels = {None: _("Without a service"), **dict(ServiceType.choices)}
        rows = sorted(((labels[kind], count, amount) for kind, count, amount in found), key=by_size(2))
        sums = self.invoices().aggregate(discount=MoneySum("discount_amount"), tax=MoneySum("tax_amount"))
        if rows:
            rows += [(_("Discounts"), 0, -sums["discount"]), (_("Tax"), 0, sums["tax"])]
        return Table(
            "by_service_type",
            _("By service type"),
            (Heading("service_type", _("Service type")), Heading("quantity", _("Quantity"), "count"), INVOICED),
            rows,
        )

    def by_doctor(self) -> Table:
        """By the visit's doctor."""
        return self.by_visit("doctor", _("By doctor"), _("Doctor"), _("No doctor"))

    def by_department(self) -> Table:
        """By the visit's department."""
        return self.by_visit("department", _("By department"), _("Department"), _("No department"))

    def by_visit(self, name: str, title: Any, label: Any, missing: Any) -> Table:
        """By the visit's doctor or department."""
        found: dict[Any, list[Any]] = defaultdict(lambda: [0, ZERO, ZERO, ZERO])
        invoices = self.invoices().values_list(f"appointment__{name}")
        sums = {"number": Count("pk"), "amount": MoneySum("total_amount"), "owed": MoneySum("balance_due")}
        for key, count, amount, owed in invoices.annotate(**sums):
            found[key][0], found[key][1], found[key][3] = count, amount, owed
        payments = self.payments().values_list(f"invoice__appointment__{name}")
        for key, amount in payments.annotate(amount_sum=MoneySum("amount")):
            found[key][2] = amount
        names = names_of(name, found, missing)
        return Table(
            f"by_{name}",
            title,
            (Heading(name, label), Heading("invoices", _("Invoices"), "count"), INVOICED, COLLECTED, OUTSTANDING),
            sorted(((names[key], *row) for key, row in found.items()), key=by_size(3)),
        )

    def summary(self) -> list[Figure]:
        months = self.table("by_month")
        payments = months.total("payments")
        average = Decimal(months.total("collected")) / payments if payments else None
        return [
            Figure(_("Collected"), months.total("collected"), "money"),
            Figure(_("Invoiced"), months.total("invoiced"), "money"),
            Figure(_("Outstanding"), months.total("outstanding"), "money"),
            Figure(_("Payments"), payments),
            Figure(_("Average payment"), average and average.quantize(ZERO, ROUND_HALF_UP), "money"),
        ]

    def charts(self) -> list[Chart]:
        months = self.table("by_month")
        labels = [f"{month:%Y-%m}" for month in months.column("month")]
        series = {_("Invoiced"): months.column("invoiced"), _("Collected"): months.column("collected")}
        return [
            Chart(_("Invoiced and collected"), "by_month", labels, series),
            *(
                Chart(
                    title, name, self.table(name).column(column), {title: self.table(name).column(sums)}, "horizontal"
                )
                for title, name, column, sums in (
                    (_("Collected"), "by_method", "method", "collected"),
                    (_("Invoiced"), "by_service_type", "service_type", "invoiced"),
                    (_("Collected"), "by_doctor", "doctor", "collected"),
                    (_("Collected"), "by_department", "department", "collected"),
                )
            ),
        ]
