"""What an officer should hold: the money entered between two moments, by method (BYD-6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Exists, Max, Min, OuterRef, Q, Sum

from billing.models import CashClose, CashCloseStatus, Payment, PaymentMethod, Refund
from healthcare.clock import date_of, today, zone
from healthcare.money import ZERO, cents

#: Values of notes and coins, the greatest first.
DENOMINATIONS = tuple(
    Decimal(value) for value in ("100", "50", "20", "10", "5", "2", "1", "0.50", "0.25", "0.10", "0.05", "0.01")
)

#: An officer's first close reaches back to the first entry, but no further than this, or than the clinic's very first
#: close: what a clinic took before it began to close its cash is nobody's drawer any more.
REACHES_BACK = timedelta(days=7)


def closes_that_count() -> Any:
    """Those not sent back: what lies within them was counted."""
    return CashClose.objects.exclude(status=CashCloseStatus.REJECTED)


def built_upon(close: CashClose) -> Any:
    """Counts that go on from this one: the officer's later ones, and those that took off what was voided of it."""
    of_it = Payment.objects.received().filter(
        processed_by_user=close.officer_id,
        created_at__gte=close.starts_at,
        created_at__lt=close.ends_at,
        voided_at__gte=close.ends_at,
        is_refunded=False,
        carried_from__isnull=True,
    )
    took_off = of_it.filter(
        voided_by_user=OuterRef("officer"), voided_at__gte=OuterRef("starts_at"), voided_at__lt=OuterRef("ends_at")
    )
    later = Q(officer=close.officer_id, starts_at__gte=close.ends_at)
    return closes_that_count().filter(later | Exists(took_off)).exclude(pk=close.pk)


def open_since(officer: Any) -> datetime:
    """Where the officer's next close begins: at the end of the last one; the first, with the first day of entries."""
    return open_since_of([officer])[officer.pk]


def open_since_of(officers: Iterable[Any]) -> dict[UUID, datetime]:
    """The same for several officers."""
    keys = [officer.pk for officer in officers]
    closes = closes_that_count().filter(officer__in=keys).order_by().values_list("officer")
    last = dict(closes.annotate(last=Max("ends_at")))
    never = [key for key in keys if key not in last]
    return last | (first_days(never) if never else {})


def first_days(officers: list[UUID]) -> dict[UUID, datetime]:
    """The midnight before each officer's first entry of the last days; today's where there is none."""
    midnight = datetime.combine(today(), time.min, tzinfo=zone())
    found = dict.fromkeys(officers, midnight)
    began = closes_that_count().aggregate(first=Min("starts_at"))["first"]
    furthest = min(began or midnight, midnight - REACHES_BACK)
    for rows, person, moment in (
        (Payment.objects.received(), "processed_by_user", "created_at"),
        (Payment.objects.received(), "voided_by_user", "voided_at"),
        (Refund.objects, "processed_by_user", "created_at"),
    ):
        recent = rows.filter(**{f"{person}__in": officers, f"{moment}__gte": furthest}).order_by()
        for key, first in recent.values_list(person).annotate(first=Min(moment)):
            day = datetime.combine(date_of(first), time.min, tzinfo=zone())
            found[key] = min(found[key], day)
    return found


def takings(officer: Any, start: datetime, end: datetime) -> dict[str, Decimal]:
    """Amounts by method that the officer took, less what went back."""
    return takings_of({officer.pk: start}, end).get(officer.pk, {})


def takings_of(starts: dict[UUID, datetime], end: datetime) -> dict[UUID, dict[str, Decimal]]:
    """The same for several officers, each from a moment of their own on.

    Each entry counts when and for whom it was entered, whatever day of payment was typed. A payment voided
    before it was counted never was there; one voided afterwards is taken off the close of whoever voided it.
    """
    if not starts:
        return {}

    def within(person: str, moment: str) -> Q:
        """One range of the index for each officer."""
        ranges = (Q(**{person: key, f"{moment}__gte": start, f"{moment}__lt": end}) for key, start in starts.items())
        return reduce(or_, ranges)

    entered = within("processed_by_user", "created_at")
    money = Payment.objects.received()
    taken = money.filter(entered, Q(voided_at__isnull=True) | Q(is_refunded=True), carried_from__isnull=True)
    counted = closes_that_count().filter(
        officer=OuterRef("processed_by_user"),
        starts_at__lte=OuterRef("created_at"),
        ends_at__gt=OuterRef("created_at"),
        ends_at__lte=OuterRef("voided_at"),
    )
    voided = money.filter(
        within("voided_by_user", "voided_at"), Q(Exists(counted)) | Q(carried_from__isnull=False), is_refunded=False
    )
    sums: dict[UUID, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for rows, person, sign in (
        (taken, "processed_by_user", 1),
        (voided, "voided_by_user", -1),
        (Refund.objects.filter(entered), "processed_by_user", -1),
    ):
        for key, method, amount in rows.order_by().values_list(person, "payment_method").annotate(total=Sum("amount")):
            sums[key][method] += sign * cents(amount)
    return {key: {method: by[method] for method in PaymentMethod.values if by[method]} for key, by in sums.items()}
