"""RULE-INV-4: the status of an issued invoice follows from its amounts and the calendar, nothing else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import DateField, F, Func, Q
from django.db.models.lookups import LessThan

#: Statuses that a person gives; the amounts decide among the others.
DRAFT, CANCELLED = "draft", "cancelled"
ISSUED, PARTIALLY_PAID, PAID, OVERDUE = "issued", "partially_paid", "paid", "overdue"


class OwedUntil(Func):
    """The due date of an invoice on which money is owed, else nothing: an index of it holds the debts alone.

    Its words are written out, as SQLite finds an index by an expression only without parameters.
    """

    output_field = DateField()

    def __init__(self) -> None:
        super().__init__(F("status"), F("balance_due"), F("due_date"))

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:
        status, balance, due = (compiler.compile(column)[0] for column in self.get_source_expressions())
        owed = ", ".join(f"'{name}'" for name in (ISSUED, PARTIALLY_PAID, OVERDUE))
        return f"CASE WHEN {status} IN ({owed}) AND {balance} > 0 THEN {due} END", []


def status_by_amounts(total: Decimal, paid: Decimal, due_date: date | None, today: date) -> str:
    """The status of an invoice that was issued and not cancelled."""
    if total - paid <= 0:
        return PAID
    if due_date is not None and due_date < today:
        return OVERDUE
    return PARTIALLY_PAID if paid > 0 else ISSUED


def shown_as(status: str, today: date) -> Q:
    """The same rule as a query: the invoices that show this status today."""
    if status in (DRAFT, CANCELLED):
        return Q(status=status)
    live = Q(status__in=(ISSUED, PARTIALLY_PAID, PAID, OVERDUE))
    if status == PAID:
        return live & Q(balance_due=0)
    if status == OVERDUE:
        return Q(LessThan(OwedUntil(), today))
    owed = Q(status__in=(ISSUED, PARTIALLY_PAID, OVERDUE), balance_due__gt=0)
    in_time = owed & (Q(due_date__isnull=True) | Q(due_date__gte=today))
    return in_time & (Q(amount_paid__gt=0) if status == PARTIALLY_PAID else Q(amount_paid=0))
