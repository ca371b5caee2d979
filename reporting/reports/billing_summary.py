"""Billing summary: where the invoices stand, how old the debts are, who owes most."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Case, CharField, Count, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, InvoiceStatus, Payment, PaymentKind, Refund
from healthcare.clock import today
from healthcare.money import ZERO
from reporting.models import ReportType
from reporting.reports.base import Chart, Figure, Heading, ReportKind, Table
from reporting.sums import MoneySum

#: Upper ends of the age classes, in days.
AGES = ((30, "0-30"), (60, "31-60"), (90, "61-90"))
OLDEST = "90+"
DEBTORS = 20
OWED = (InvoiceStatus.ISSUED, InvoiceStatus.PARTIALLY_PAID, InvoiceStatus.OVERDUE)


class BillingSummary(ReportKind):
    """Invoices by status, debts by age, write-offs, largest debtors."""

    type = ReportType.BILLING_SUMMARY
    names = ("by_status", "aging", "write_offs", "debtors")
    names_patients = True
    definitions = (
        _("Invoices by invoice date. An invoice past its due date with a balance counts as overdue."),
        _("Invoiced: totals of those neither draft nor cancelled. Paid: by payments, credit notes, write-offs."),
        _("Outstanding and balance: of issued invoices; nothing is owed on drafts and cancelled ones."),
        _("Age of a debt: days from the invoice date to the day of this report; balances as they stand now."),
        _("Write-offs: cancelled after issue, payments voided, credit notes, bad debts, refunds; by their own dates."),
        _("Not collected: cancelled after issue, credit notes, bad debts. What was voided or refunded is owed again."),
        _("Largest debtors: the twenty patients who owe most on these invoices."),
    )

    def invoices(self) -> Any:
        """The invoices of the period, of any status."""
        return Invoice.objects.filter(self.period.days("invoice_date"), self.billed()).order_by()

    def open(self) -> Any:
        """Those on which something is owed."""
        return self.invoices().filter(status__in=OWED, balance_due__gt=0)

    def by_status(self) -> Table:
        """Status by status, as the calendar has it today."""
        late = Q(status__in=OWED, balance_due__gt=0, due_date__lt=today())
        state = Case(When(late, then=Value("overdue")), default=F("status"), output_field=CharField())
        sums = {
            "number": Count("pk"),
            "amount": MoneySum("total_amount"),
            "paid": MoneySum("amount_paid"),
            "owed": MoneySum("balance_due", filter=Q(status__in=OWED)),
        }
        found = {row[0]: row[1:] for row in self.invoices().annotate(state=state).values_list("state").annotate(**sums)}
        return Table(
            "by_status",
            _("Invoices by status"),
            (
                Heading("status", _("Status")),
                Heading("invoices", _("Invoices"), "count"),
                Heading("total", _("Total"), "money"),
                Heading("paid", _("Paid"), "money"),
                Heading("balance", _("Balance"), "money"),
            ),
            [(label, *found[value]) for value, label in InvoiceStatus.choices if value in found],
        )

    def aging(self) -> Table:
        """Debts by age."""
        day = today()
        age = Case(
            *(When(invoice_date__gte=day - timedelta(days=limit), then=Value(name)) for limit, name in AGES),
            default=Value(OLDEST),
            output_field=CharField(),
        )
        grouped = self.open().annotate(age=age).values_list("age")
        found = {row[0]: row[1:] for row in grouped.annotate(number=Count("pk"), owed=MoneySum("balance_due"))}
        names = [name for _limit, name in AGES] + [OLDEST]
        return Table(
            "aging",
            _("Outstanding by age"),
            (
                Heading("age", _("Age in days")),
                Heading("invoices", _("Invoices"), "count"),
                Heading("balance", _("Outstanding"), "money"),
            ),
            [(name, *found.get(name, (0, ZERO))) for name in names],
        )

    def write_offs(self) -> Table:
        """What will not be collected."""
        cancelled = Invoice.objects.filter(
            self.period.moments("cancelled_at"),
            self.billed(),
            status=InvoiceStatus.CANCELLED,
            issued_at__isnull=False,
        ).aggregate(number=Count("pk"), amount=MoneySum("total_amount"))
        taken_back = self.period.moments("voided_at") & self.billed("invoice__")
        voided = (
            Payment.objects.received()
            .filter(taken_back, is_refunded=False)
            .aggregate(number=Count("pk"), sum=MoneySum("amount"))
        )
        settled = Payment.objects.live().filter(self.period.moments("payment_date"), self.billed("invoice__"))
        kinds = {
            row[0]: row[1:]
            for row in settled.order_by().values_list("kind").annotate(number=Count("pk"), sum=MoneySum("amount"))
        }
        refunds = Refund.objects.filter(self.period.moments("refunded_at"), self.billed("invoice__"))
        refunded = refunds.aggregate(number=Count("pk"), sum=MoneySum("amount"))
        return Table(
            "write_offs",
            _("Write-offs"),
            (
                Heading("what", _("What")),
                Heading("count", _("Number"), "count"),
                Heading("amount", _("Amount"), "money"),
            ),
            [
                (_("Invoices cancelled after issue"), cancelled["number"], cancelled["amount"]),
                (_("Payments voided"), voided["number"], voided["sum"]),
                (_("Credit notes"), *kinds.get(PaymentKind.CREDIT_NOTE, (0, ZERO))),
                (_("Written off"), *kinds.get(PaymentKind.WRITE_OFF, (0, ZERO))),
                (_("Refunds"), refunded["number"], refunded["sum"]),
            ],
            totalled=False,
        )

    def debtors(self) -> Table:
        """Who owes most."""
        patient = ("patient__patient_number", "patient__last_name", "patient__first_name")
        found = self.open().values_list(*patient).annotate(number=Count("pk"), owed=MoneySum("balance_due"))
        return Table(
            "debtors",
            _("Largest debtors"),
            (
                Heading("patient_number", _("Patient number")),
                Heading("patient", _("Patient")),
                Heading("invoices", _("Open invoices"), "count"),
                Heading("balance", _("Outstanding"), "money"),
            ),
            [
                (number, f"{last}, {first}", count, owed)
                for number, last, first, count, owed in found.order_by("-owed", "patient__patient_number")[:DEBTORS]
            ],
            totalled=False,
        )

    def summary(self) -> list[Figure]:
        aging, status = self.table("aging"), self.table("by_status")
        idle = {InvoiceStatus.DRAFT.label, InvoiceStatus.CANCELLED.label}
        invoiced = sum((row[2] for row in status.rows if row[0] not in idle), ZERO)
        cancelled, _voided, credited, bad_debts, _refunds = self.table("write_offs").column("amount")
        return [
            Figure(_("Invoices"), status.total("invoices")),
            Figure(_("Invoiced"), invoiced, "money"),
            Figure(_("Outstanding"), aging.total("balance"), "money"),
            Figure(_("Older than 90 days"), aging.column("balance")[-1], "money"),
            Figure(_("Not collected"), cancelled + credited + bad_debts, "money"),
        ]

    def charts(self) -> list[Chart]:
        aging, status, debtors = self.table("aging"), self.table("by_status"), self.table("debtors")
        owed = _("Outstanding")
        return [
            Chart(
                _("Invoices"),
                "by_status",
                status.column("status"),
                {_("Invoices"): status.column("invoices")},
                "horizontal",
            ),
            Chart(owed, "aging", aging.column("age"), {owed: aging.column("balance")}),
            Chart(owed, "debtors", debtors.column("patient"), {owed: debtors.column("balance")}, "horizontal"),
        ]
