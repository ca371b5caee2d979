"""The days that a report covers: half-open, on the clinic's wall calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q
from django.utils import timezone

#: What a report may cover; beyond, dates cannot be computed with.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)


@dataclass(frozen=True)
class Period:
    """From the beginning of `start` to the end of `end`."""

    start: date
    end: date

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
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


def weekdays_within(first: date, last: date, weekday: int) -> int:
    """How often a weekday (0: Monday) occurs from first to last, both included."""
    ahead = (weekday - first.weekday()) % 7
    days = (last - first).days - ahead
    return days // 7 + 1 if days >= 0 else 0
