"""What an officer should hold: the money entered between two moments, by method (BYD-6)."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, Sum
from django.utils import timezone

from billing.models import CashClose, CashCloseStatus, Payment, PaymentMethod, Refund
from healthcare.clock import today
from healthcare.money import ZERO, cents

#: Values of notes and coins, the greatest first.
DENOMINATIONS = tuple(
    Decimal(value) for value in ("100", "50", "20", "10", "5", "2", "1", "0.50", "0.25", "0.10", "0.05", "0.01")
)


def closes_that_count() -> Any:
    """Those not sent back: what lies within them was counted."""
    return CashClose.objects.exclude(status=CashCloseStatus.REJECTED)


def open_since(officer: Any) -> datetime:
    """Where the officer's next close begins: at the end of the last one; the first, with the day."""
    last = closes_that_count().filter(officer=officer).order_by("-ends_at").values_list("ends_at", flat=True).first()
    return last or datetime.combine(today(), time.min, tzinfo=timezone.get_default_timezone())


def takings(officer: Any, start: datetime, end: datetime) -> dict[str, Decimal]:
    """Amounts by method that the officer took, less what went back.

    Each entry counts when and for whom it was entered, whatever day of payment was typed. A payment voided
    before it was counted never was there; one voided afterwards is taken off the close of whoever voided it.
    """
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    entered = Q(processed_by_user=officer, created_at__gte=start, created_at__lt=end)
    money = Payment.objects.received()
    taken = money.filter(entered, Q(voided_at__isnull=True) | Q(is_refunded=True), carried_from__isnull=True)
    counted = closes_that_count().filter(
        officer=OuterRef("processed_by_user"),
        starts_at__lte=OuterRef("created_at"),
        ends_at__gt=OuterRef("created_at"),
        ends_at__lte=OuterRef("voided_at"),
    )
    voided = money.filter(
        Q(Exists(counted)) | Q(carried_from__isnull=False),
        is_refunded=False,
        voided_by_user=officer,
        voided_at__gte=start,
        voided_at__lt=end,
    )
    for rows, sign in ((taken, 1), (voided, -1), (Refund.objects.filter(entered), -1)):
        for method, amount in rows.order_by().values_list("payment_method").annotate(total=Sum("amount")):
            sums[method] += sign * cents(amount)
    return {method: sums[method] for method in PaymentMethod.values if sums[method]}
