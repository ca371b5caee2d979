"""Compares everything derived with what it is derived from: reports, never repairs.

The database refuses each of these differences while it works; here they are looked for once more, by other
means, because books that nobody compares are believed and not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import DecimalField, Exists, F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Round
from django.utils.translation import gettext_lazy as _

from billing.models import (
    Invoice,
    InvoiceLineItem,
    InvoiceStatus,
    Payment,
    PaymentKind,
    Refund,
    UnbilledVisit,
)
from billing.status import status_by_amounts
from clinical.models import Consultation
from departments.models import Counter
from healthcare.clock import today
from healthcare.money import ZERO


@dataclass(frozen=True)
class Difference:
    """Something that does not agree."""

    what: Any
    where: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.where}: {self.what}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True)
class Sequence:
    """A gapless series of numbers, and what is wrong with it."""

    label: Any
    prefix: str
    last: int
    count: int
    missing: list[str]
    foreign: list[str]

    @property
    def is_continuous(self) -> bool:
        """Whether every number from 1 to the last one given out is there, and no other."""
        return not self.missing and not self.foreign


#: So many of the wrong numbers are named.
NAMED = 100


def sequences() -> list[Sequence]:
    """The three series (ENT-5): invoices, credit notes, write-offs."""
    invoices = Invoice.objects.order_by().values_list("invoice_number", flat=True)
    documents = Payment.objects.order_by().values_list("document_number", flat=True)
    return [
        sequence(_("Invoices"), "INV", Invoice.NUMBER_SEQUENCE, invoices),
        sequence(_("Credit notes"), "CN", "credit_note_number", documents.filter(kind=PaymentKind.CREDIT_NOTE)),
        sequence(_("Write-offs"), "WO", "write_off_number", documents.filter(kind=PaymentKind.WRITE_OFF)),
    ]


def sequence(label: Any, prefix: str, counter: str, numbers: Any) -> Sequence:
    """One byte for each number, so that a million of them are checked in a moment."""
    last = Counter.objects.filter(name=counter).values_list("value", flat=True).first() or 0
    seen, count, foreign = bytearray(last + 1), 0, []
    for text in numbers.iterator(chunk_size=5000):
        count += 1
        digits = text.removeprefix(f"{prefix}-")
        number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else 0
        if 0 < number <= last and text == f"{prefix}-{number:06}":
            seen[number] = 1
        else:
            foreign.append(text)
    missing, at = [], seen.find(0, 1)
    while at != -1 and len(missing) < NAMED:
        missing.append(f"{prefix}-{at:06}")
        at = seen.find(0, at + 1)
    return Sequence(label, prefix, last, count, missing, sorted(foreign)[:NAMED])


def _sum(rows: Any, key: str, column: str) -> Any:
    """A subquery: the sum of the column over the rows that belong to the outer one."""
    money = DecimalField(max_digits=14, decimal_places=2)
    total = rows.filter(**{key: OuterRef("pk")}).order_by().values(key).annotate(total=Sum(column)).values("total")
    return Round(Coalesce(Subquery(total, output_field=money), Value(ZERO, output_field=money)), 2)


def differences() -> Iterator[Difference]:
    """Everything that does not agree; nothing, if the books are right."""
    yield from _invoices()
    yield from _statuses()
    yield from _lines_and_payments()
    yield from _refunds()
    yield from _unbilled()
    for found in sequences():
        for number in found.missing:
            yield Difference(_("number missing"), number, _("a document"), _("none"))
        for number in found.foreign:
            yield Difference(_("number not given out"), number, f"1-{found.last}", number)


def _invoices() -> Iterator[Difference]:
    sums = Invoice.objects.annotate(
        of_lines=_sum(InvoiceLineItem.objects, "invoice", "line_total"),
        of_payments=_sum(Payment.objects.live(), "invoice", "amount"),
        of_total=Round(F("subtotal") + F("tax_amount") - F("discount_amount"), 2),
        of_balance=Round(F("total_amount") - F("amount_paid"), 2),
    ).order_by()
    for what, column, expected in (
        (_("subtotal and lines"), "subtotal", "of_lines"),
        (_("paid and payments"), "amount_paid", "of_payments"),
        (_("total and its parts"), "total_amount", "of_total"),
        (_("balance and its parts"), "balance_due", "of_balance"),
    ):
        wrong = sums.exclude(**{column: F(expected)}).values_list("invoice_number", expected, column)
        for number, right, found in wrong.iterator(chunk_size=2000):
            yield Difference(what, number, right, found)


def _statuses() -> Iterator[Difference]:
    """The saved status, as of a day since the daily command last ran: today's or one before."""
    columns = ("invoice_number", "status", "total_amount", "amount_paid", "due_date")
    day = today()
    live = Invoice.objects.exclude(status__in=(InvoiceStatus.DRAFT, InvoiceStatus.CANCELLED)).order_by()
    # Whatever is unpaid and late shows as overdue by the calendar; what may be wrong is found without it.
    settled = Q(balance_due=0) ^ Q(status=InvoiceStatus.PAID)
    early = Q(status=InvoiceStatus.OVERDUE) & (Q(due_date__gte=day) | Q(due_date__isnull=True))
    partly = Q(status=InvoiceStatus.ISSUED, amount_paid__gt=0) | Q(status=InvoiceStatus.PARTIALLY_PAID, amount_paid=0)
    late = Q(due_date__lt=day - timedelta(days=2), balance_due__gt=0) & ~Q(status=InvoiceStatus.OVERDUE)
    for number, status, total, paid, due in live.filter(settled | early | partly | late).values_list(*columns):
        yield Difference(_("status"), number, status_by_amounts(total, paid, due, day), status)
    unpaid = Invoice.objects.filter(status__in=(InvoiceStatus.DRAFT, InvoiceStatus.CANCELLED), amount_paid__gt=0)
    for number, paid in unpaid.values_list("invoice_number", "amount_paid"):
        yield Difference(_("paid although not issued"), number, ZERO, paid)


def _lines_and_payments() -> Iterator[Difference]:
    lines = InvoiceLineItem.objects.annotate(right=Round(F("quantity") * F("unit_price"), 2)).order_by()
    for number, right, found in lines.exclude(line_total=F("right")).values_list(
        "invoice__invoice_number", "right", "line_total"
    ):
        yield Difference(_("line total"), number, right, found)
    strangers = Payment.objects.exclude(patient=F("invoice__patient")).order_by()
    for number, patient, found in strangers.values_list("invoice__invoice_number", "invoice__patient", "patient"):
        yield Difference(_("patient of the payment"), number, patient, found)


def _refunds() -> Iterator[Difference]:
    refunded = Payment.objects.filter(is_refunded=True).order_by()
    kept = Coalesce(F("carried_to__amount"), Value(ZERO, output_field=DecimalField(max_digits=14, decimal_places=2)))
    parts = refunded.annotate(in_parts=Round(F("refund__amount") + kept, 2))
    for number, right, found in parts.exclude(amount=F("in_parts")).values_list(
        "invoice__invoice_number", "amount", "in_parts"
    ):
        yield Difference(_("refund and what was kept"), number, right, found)
    for number in refunded.filter(refund__isnull=True).values_list("invoice__invoice_number", flat=True):
        yield Difference(_("refunded without a refund"), number, _("a refund"), _("none"))
    for number in Refund.objects.filter(payment__is_refunded=False).values_list("invoice__invoice_number", flat=True):
        yield Difference(_("refund of a payment that counts"), number, _("none"), _("a refund"))


def _unbilled() -> Iterator[Difference]:
    invoiced = Invoice.objects.live().filter(appointment=OuterRef("appointment"))
    by_rule = Consultation.objects.filter(~Exists(invoiced), completed_at__isnull=False, appointment__isnull=False)
    for key in by_rule.filter(unbilled_visit__isnull=True).values_list("pk", flat=True):
        yield Difference(_("unbilled visit"), str(key), _("on the worklist"), _("not there"))
    for key in UnbilledVisit.objects.exclude(consultation__in=by_rule.values("pk")).values_list("pk", flat=True):
        yield Difference(_("unbilled visit"), str(key), _("not on the worklist"), _("there"))
