"""The days that a report covers: half-open, on the clinic's wall calendar."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from healthcare.clock import zone

#: What a report may cover; beyond, dates cannot be computed with.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)


@dataclass(frozen=True)
class Period:
    """From the beginning of `start` to the end of `end`."""

    start: date
    end: date

    def __str__(self) -> str:
        return f"{self.start}" if self.start == self.end else f"{self.start} - {self.end}"

    @property
    def after(self) -> date:
        """The first day that no longer belongs to it."""
        return self.end + timedelta(days=1)

    def days(self, field: str) -> Q:
        """The rows whose date column lies within."""
        return Q(**{f"{field}__gte": self.start, f"{field}__lt": self.after})

    def moments(self, field: str) -> Q:
        """The rows whose timestamp lies within, by the clinic's midnights."""
        return Q(**{f"{field}__gte": midnight(self.start), f"{field}__lt": midnight(self.after)})


def midnight(day: date) -> datetime:
    """The beginning of a day in the clinic's time zone."""
    return datetime.combine(day, time.min, tzinfo=zone())


def weekdays_within(first: date, last: date, weekday: int) -> int:
    """How often a weekday (0: Monday) occurs from first to last, both included."""
    ahead = (weekday - first.weekday()) % 7
    days = (last - first).days - ahead
    return days // 7 + 1 if days >= 0 else 0


def before(period: Period) -> Period:
    """The period to compare with: so many days, or months if it begins with one, directly before.

    Month to date is compared with the same days of the month before, year to date with those of the year before.
    """
    start, end = period.start, period.end
    if start.day != 1:
        return Period(start - (period.after - start), start - timedelta(days=1))
    months = (end.year - start.year) * 12 + end.month - start.month + 1
    if start.month == 1 and months > 3:
        months = -(-months // 12) * 12
    return Period(months_earlier(start, months), months_earlier(end, months))


def months_earlier(day: date, months: int) -> date:
    """The same day so many months earlier; the last of a month stays the last."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = monthrange(year, month + 1)[1]
    is_last = day.day == monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if is_last else min(day.day, last))


def months_across(months: Iterable[date]) -> list[date]:
    """The first days of all months from the earliest to the latest of these, so that none is missing between them."""
    known = sorted(months)
    found = known[:1]
    while found and found[-1] < known[-1]:
        found.append(months_earlier(found[-1], -1).replace(day=1))
    return found


def presets(day: date) -> dict[str, tuple[Any, Period]]:
    """Periods that people ask for, as seen from a day: name -> (words, period)."""
    yesterday, month, year = day - timedelta(days=1), day.replace(day=1), day.replace(month=1, day=1)
    monday = day - timedelta(days=day.weekday())
    quarter = month.replace(month=(month.month - 1) // 3 * 3 + 1)
    return {
        "yesterday": (_("Yesterday"), Period(yesterday, yesterday)),
        "this_week": (_("This week"), Period(monday, day)),
        "last_week": (_("Last week"), Period(monday - timedelta(days=7), monday - timedelta(days=1))),
        "this_month": (_("This month"), Period(month, day)),
        "last_month": (_("Last month"), Period(months_earlier(month, 1), month - timedelta(days=1))),
        "this_quarter": (_("This quarter"), Period(quarter, day)),
        "last_quarter": (_("Last quarter"), Period(months_earlier(quarter, 3), quarter - timedelta(days=1))),
        "this_year": (_("This year"), Period(year, day)),
        "last_year": (_("Last year"), Period(months_earlier(year, 12), year - timedelta(days=1))),
        "last_30_days": (_("Last 30 days"), Period(day - timedelta(days=29), day)),
        "last_12_months": (_("Last 12 months"), Period(months_earlier(day, 12) + timedelta(days=1), day)),
    }


def next_on(frequency: str, day: date) -> date:
    """The next day, after this one, on which a scheduled report is due."""
    if frequency == "daily":
        return day + timedelta(days=1)
    if frequency == "weekly":
        return day + timedelta(days=7 - day.weekday())
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def due_period(frequency: str, day: date) -> Period:
    """What a scheduled report is about that is made on this day."""
    name = {"daily": "yesterday", "weekly": "last_week", "monthly": "last_month"}[frequency]
    return presets(day)[name][1]
