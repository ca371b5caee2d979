"""A patient's account: every movement in its order, what is owed, and how old the debt is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, CharField, Count, Q, QuerySet, Sum, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models import LIVE_STATUSES, Invoice, Payment, Refund
from healthcare.clock import today
from healthcare.money import ZERO, cents

#: Days past due, up to and including, with their names; what is not due yet comes first, the oldest last.
AGES: tuple[tuple[int, str, Any], ...] = (
    (0, "not_due", _("Not due yet")),
    (30, "30", _("1-30 days")),
    (60, "60", _("31-60 days")),
    (90, "90", _("61-90 days")),
    (100_000, "older", _("Over 90 days")),
)


def due_between(name: str) -> Q:
    """The invoices of an age class, as a query: by days past the due date."""
    names = [row[1] for row in AGES]
    at, day = names.index(name), today()
    if at == 0:
        return Q(due_date__isnull=True) | Q(due_date__gte=day)
    return Q(due_date__lt=day - timedelta(days=AGES[at - 1][0])) & (
        Q(due_date__gte=day - timedelta(days=AGES[at][0])) if name != names[-1] else Q()
    )


def aged() -> Case:
    """The age class of an invoice's debt."""
    whens = [When(due_between(name), then=Value(name)) for _limit, name, _label in AGES[:-1]]
    return Case(*whens, default=Value(AGES[-1][1]), output_field=CharField())


def ageing(invoices: QuerySet[Any]) -> list[dict[str, Any]]:
    """What is owed on these invoices, by age."""
    grouped = invoices.filter(status__in=LIVE_STATUSES, balance_due__gt=0).order_by().annotate(age=aged()).values("age")
    found = {row["age"]: row for row in grouped.annotate(number=Count("pk"), owed=Sum("balance_due"))}
    nothing = {"number": 0, "owed": ZERO}
    rows = [{"name": name, "label": label, **found.get(name, nothing)} for _limit, name, label in AGES]
    return [{**row, "owed": cents(row["owed"])} for row in rows]


@dataclass
class Movement:
    """One line of a statement."""

    day: date
    document: str
    text: Any
    charge: Decimal
    credit: Decimal
    url: str
    balance: Decimal = ZERO


def local_day(moment: datetime) -> date:
    """The day on the clinic's wall."""
    return timezone.localtime(moment, timezone.get_default_timezone()).date()


def movements(patient: Any) -> list[Movement]:
    """Invoices, payments, credits and refunds in their order, each with the balance after it.

    A refunded payment stands with its whole amount and the refund against it; what was kept of it is in both
    and so has no line of its own. A payment that was voided as a mistake never was there.
    """
    found: list[tuple[date, datetime, Movement]] = []

    def add(moment: datetime, day: date, document: str, text: Any, charge: Decimal, credit: Decimal, url: str) -> None:
        found.append((day, moment, Movement(day, document, text, charge, credit, url)))

    for invoice in Invoice.objects.filter(patient=patient, status__in=LIVE_STATUSES):
        made = invoice.issued_at or invoice.created_at
        url = invoice.get_absolute_url()
        add(made, invoice.invoice_date, invoice.invoice_number, _("Invoice"), invoice.total_amount, ZERO, url)
    for payment in Payment.objects.filter(patient=patient).select_related("invoice"):
        number, url = payment.document_number or payment.invoice.invoice_number, payment.get_absolute_url()
        text = payment.get_payment_method_display() if payment.is_money else payment.get_kind_display()
        carried = payment.carried_from_id is not None
        if not carried and (payment.voided_at is None or payment.is_refunded):
            add(payment.created_at, local_day(payment.payment_date), number, text, ZERO, payment.amount, url)
        elif carried and payment.voided_at is not None and not payment.is_refunded:
            add(payment.voided_at, local_day(payment.voided_at), number, _("Voided"), payment.amount, ZERO, url)
    for refund in Refund.objects.filter(patient=patient).select_related("invoice", "payment"):
        url = refund.payment.get_absolute_url()
        day = local_day(refund.refunded_at)
        add(refund.created_at, day, refund.invoice.invoice_number, _("Refund"), refund.amount, ZERO, url)
    balance, lines = ZERO, []
    for _day, _moment, line in sorted(found, key=lambda entry: entry[:2]):
        balance += line.charge - line.credit
        line.balance = balance
        lines.append(line)
    return lines


#: More lines than a page or a printed statement shows; the Excel file has them all.
SHOWN = 400


def latest(lines: list[Movement]) -> list[Movement]:
    """The last movements, those before them as one line with the balance brought forward."""
    if len(lines) <= SHOWN:
        return lines
    before = lines[-SHOWN - 1]
    brought = Movement(before.day, "", _("Brought forward"), ZERO, ZERO, "", before.balance)
    return [brought, *lines[-SHOWN:]]


def owed_by(patient: Any) -> Decimal:
    """What the patient owes, by the invoices' own balances."""
    total = Invoice.objects.filter(patient=patient, status__in=LIVE_STATUSES).aggregate(owed=Sum("balance_due"))["owed"]
    return cents(total or ZERO)
