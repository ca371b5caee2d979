"""A patient's account: every movement in its order, what is owed, and how old the debt is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from django.db.models import Case, CharField, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, TruncDate
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models import LIVE_STATUSES, Invoice, Payment, PaymentKind, PaymentMethod, Refund
from healthcare.clock import today, zone
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


@dataclass(frozen=True)
class Movement:
    """One line of a statement."""

    day: date
    document: str
    text: Any
    charge: Decimal
    credit: Decimal
    url: str
    balance: Decimal


#: What a movement is called.
TEXTS: dict[str, Any] = {
    **dict(PaymentMethod.choices),
    **dict(PaymentKind.choices),
    "invoice": _("Invoice"),
    "voided": _("Voided"),
    "refund": _("Refund"),
}


def entries(patient: Any) -> QuerySet[Any, tuple[Any, ...]]:
    """Invoices, payments, credits and refunds as plain rows of one query, the newest first; a credit is negative.

    A refunded payment stands with its whole amount and the refund against it; what was kept of it is in both
    and so has no line of its own. A payment that was voided as a mistake never was there.
    """

    def rows(found: Any, what: Any, day: Any, moment: Any, document: Any, amount: Any, page: str) -> Any:
        columns = {"entry_day": day, "entry_moment": moment, "entry_what": what, "entry_document": document}
        columns |= {"entry_amount": amount, "entry_page": F(page)}
        return found.filter(patient=patient).order_by().annotate(**columns).values_list(*columns)

    def day_of(moment: str) -> TruncDate:
        return TruncDate(moment, tzinfo=zone())

    first = Payment.objects.filter(Q(voided_at__isnull=True) | Q(is_refunded=True), carried_from__isnull=True)
    kept_and_voided = Payment.objects.filter(voided_at__isnull=False, is_refunded=False, carried_from__isnull=False)
    number = F("invoice__invoice_number")
    of_payment = Case(When(document_number="", then=number), default=F("document_number"))
    kind = Case(When(kind=PaymentKind.RECEIVED, then=F("payment_method")), default=F("kind"))
    invoiced = rows(
        Invoice.objects.filter(status__in=LIVE_STATUSES),
        Value("invoice"),
        F("invoice_date"),
        Coalesce("issued_at", "created_at"),
        F("invoice_number"),
        F("total_amount"),
        "pk",
    )
    paid = rows(first, kind, day_of("payment_date"), F("created_at"), of_payment, -F("amount"), "pk")
    voided = rows(kept_and_voided, Value("voided"), day_of("voided_at"), F("voided_at"), of_payment, F("amount"), "pk")
    refunds = Refund.objects.all()
    refunded = rows(refunds, Value("refund"), day_of("refunded_at"), F("created_at"), number, F("amount"), "payment_id")
    return invoiced.union(paid, voided, refunded, all=True).order_by(  # type: ignore[no-any-return]
        "-entry_day", "-entry_moment", "-entry_page"
    )


def movement(entry: tuple[Any, ...], balance: Decimal) -> Movement:
    """An entry as a line, with the balance after it."""
    day, _moment, what, document, amount, page = entry
    url = reverse("invoice_detail" if what == "invoice" else "payment_detail", args=[page])
    return Movement(day, document, TEXTS[what], max(cents(amount), ZERO), max(-cents(amount), ZERO), url, balance)


def movements(patient: Any) -> list[Movement]:
    """All of them in their order, each with the balance after it."""
    found = list(entries(patient))[::-1]
    balances = accumulate(cents(entry[4]) for entry in found)
    return [movement(entry, balance) for entry, balance in zip(found, balances, strict=True)]


#: So many lines are on a page, and on a printed statement; the Excel file has them all.
SHOWN = 100


def latest(patient: Any, page: int = 1) -> tuple[list[Movement], bool]:
    """The last movements (`page` 2: those before them), and whether others lie before.

    Those are one line with the balance brought forward. Counted back from what is owed now, so that an account
    of thousands of movements costs no more than one of a hundred.
    """
    found = list(entries(patient)[: page * SHOWN + 1])
    balance, lines = owed_by(patient), []
    for entry in found:
        lines.append(movement(entry, balance))
        balance -= cents(entry[4])
    shown, before = lines[(page - 1) * SHOWN : page * SHOWN], lines[page * SHOWN :]
    for line in before:
        shown.append(Movement(line.day, "", _("Brought forward"), ZERO, ZERO, "", line.balance))
    return shown[::-1], bool(before)


def owed_by(patient: Any) -> Decimal:
    """What the patient owes, by the invoices' own balances."""
    total = Invoice.objects.filter(patient=patient, status__in=LIVE_STATUSES).aggregate(owed=Sum("balance_due"))["owed"]
    return cents(total or ZERO)
