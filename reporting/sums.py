"""Figures that the database computes: money to the cent, quantiles without loading the rows."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate
from typing import Any

from django.db import models
from django.db.models import Avg, BigIntegerField, F, Func, Q, QuerySet, Sum, Value, Window
from django.db.models.functions import RowNumber

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


def days(duration: Any) -> Decimal | None:
    """A duration in days, one decimal."""
    return None if duration is None else tenth(Decimal(str(duration.total_seconds())) / 86_400)


class Elapsed(Func):
    """The time from one moment to another.

    In SQLite to the millisecond and by its own arithmetic: Django's subtraction calls Python for each row.
    """

    template, arg_joiner = "(%(expressions)s)", " - "
    output_field = models.DurationField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Days to whole milliseconds to the microseconds in which durations are kept."""
        in_days = self.copy()
        in_days.set_source_expressions(
            [
                Func(moment, function="julianday", output_field=models.FloatField())
                for moment in self.get_source_expressions()
            ]
        )
        template = "CAST(ROUND((%(expressions)s) * 86400000) AS INTEGER) * 1000"
        return in_days.as_sql(compiler, connection, template=template, **context)


def spread_of(counted: list[tuple[timedelta, int]]) -> tuple[int, Any, Any, Any]:
    """(count, average, median, 90th percentile) of sorted durations with their numbers; as `spread` has them."""
    size = sum(number for _value, number in counted)
    if not size:
        return 0, None, None, None
    ends = list(accumulate(number for _value, number in counted))
    median, late = (counted[bisect_left(ends, rank)][0] for rank in ((size + 1) // 2, (size * 9 + 9) // 10))
    total = sum((value * number for value, number in counted), timedelta())
    return size, total / size, median, late


def spread(rows: QuerySet[Any], took: Any, key: str = "") -> Iterator[tuple[Any, int, Any, Any, Any]]:
    """(key, count, average, median, 90th percentile) of an expression, by a column or for all rows together.

    Quantiles by nearest rank: the smallest value that half (nine tenths) of the rows do not exceed.
    The database sorts; only two rows of each group travel.
    """
    group = [F(key)] if key else None
    ranked = rows.order_by().annotate(took=took).filter(took__isnull=False)
    ranked = ranked.annotate(
        size=Window(models.Count("pk"), partition_by=group),
        mean=Window(Avg("took"), partition_by=group),
        place=Window(RowNumber(), order_by=F("took").asc(), partition_by=group),
    )
    median, late = (F("size") + 1) / 2, (F("size") * 9 + 9) / 10
    found: dict[Any, list[Any]] = {}
    columns = (key or Value("", output_field=models.CharField()), "size", "mean", "took", "place")
    for name, size, mean, value, place in ranked.filter(Q(place=median) | Q(place=late)).values_list(*columns):
        group_found = found.setdefault(name, [size, mean, None, None])
        if place == (size + 1) // 2:
            group_found[2] = value
        if place == (size * 9 + 9) // 10:
            group_found[3] = value
    for name, (size, mean, middle, last) in found.items():
        yield name, size, mean, middle, last
