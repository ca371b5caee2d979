"""Figures that the database computes: money to the cent, quantiles without loading the rows."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import models
from django.db.models import Avg, BigIntegerField, ExpressionWrapper, F, QuerySet, Sum

from healthcare.money import ZERO


class MoneySum(Sum):
    """The sum of an amount as whole cents, because SQLite keeps decimals as floating point; ZERO for no rows."""

    template = "SUM(CAST(ROUND(%(expressions)s * 100) AS BIGINT))"

    def __init__(self, *expressions: Any, **extra: Any) -> None:
        super().__init__(*expressions, output_field=BigIntegerField(), **extra)

    def get_db_converters(self, connection: Any) -> list[Any]:
        """Cents back to an amount."""
        return [*super().get_db_converters(connection), amount_of_cents]


def amount_of_cents(value: Any, expression: Any, connection: Any) -> Decimal:
    """1234 -> 12.34"""
    return Decimal(int(value)).scaleb(-2) if value else ZERO


def percent(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """The part in percent of the whole, one decimal; nothing of nothing is unknown."""
    return tenth(Decimal(part) * 100 / Decimal(whole)) if whole else None


def tenth(value: Decimal) -> Decimal:
    """One decimal, half-up."""
    return value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def minutes(duration: Any) -> Decimal | None:
    """A duration in minutes, one decimal."""
    return None if duration is None else tenth(Decimal(str(duration.total_seconds())) / 60)


def elapsed(later: str, earlier: str) -> ExpressionWrapper[Any]:
    """The time from one column to another."""
    return ExpressionWrapper(F(later) - F(earlier), output_field=models.DurationField())


def spread(rows: QuerySet[Any], later: str, earlier: str) -> tuple[int, Any, Any, Any]:
    """(count, average, median, 90th percentile) of the time between two columns, as durations.

    Quantiles by nearest rank: the smallest value that half (nine tenths) of the rows do not exceed.
    The database sorts; only two rows travel.
    """
    known = rows.filter(**{f"{later}__isnull": False, f"{earlier}__isnull": False})
    known = known.order_by().annotate(elapsed=elapsed(later, earlier))
    found = known.aggregate(count=models.Count("pk"), average=Avg("elapsed"))
    count = found["count"]
    if not count:
        return 0, None, None, None
    ordered = known.order_by("elapsed").values_list("elapsed", flat=True)
    return count, found["average"], ordered[(count + 1) // 2 - 1], ordered[-(-count * 9 // 10) - 1]
