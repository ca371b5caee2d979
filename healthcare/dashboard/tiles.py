"""Tiles: one number, how it compares with last week, and the list that shows exactly what it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import Payment
from healthcare.clock import now, today
from healthcare.generic.paging import COUNT_CAP
from healthcare.money import ZERO
from healthcare.templatetags.display import money
from reporting.periods import Period
from reporting.sums import MoneySum

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Tile:
    """One number and where it leads."""

    label: Any
    value: Any
    url: str
    trend: str = ""
    #: up, down or nothing.
    direction: str = ""
    tone: str = ""


def link(name: str, **query: Any) -> str:
    """The URL of a list with filters; empty where there is no such page."""
    try:
        url = reverse(name)
    except NoReverseMatch:
        return ""
    return f"{url}?{urlencode(query)}" if query else url


def capped(number: int) -> str:
    """A number as its list says it: counting stops at 1,000."""
    return f"{COUNT_CAP:,}+" if number > COUNT_CAP else f"{number:,}"


def compared(label: Any, number: Any, then: Any, words: str, url: str, shown: Any = capped) -> Tile:
    """A number beside that of last week."""
    direction = "up" if number > then else "down" if number < then else ""
    return Tile(label, shown(number), url, words % {"then": shown(then)}, direction)


def last_weekday() -> str:
    """`%(then)s last Sunday`"""
    return _("%%(then)s last %(weekday)s") % {"weekday": date_format(today() - WEEK, "l")}


def day_tiles(rows: Any, *wanted: tuple[Any, Collection[str], str]) -> list[Tile]:
    """Tiles of today's visits beside those of the same day last week, all from one query; (label, statuses, url)."""
    day, then = today(), today() - WEEK
    found: dict[date, Counter[str]] = {day: Counter(), then: Counter()}
    counted = rows.filter(appointment_date__in=(day, then)).order_by().values_list("appointment_date", "status")
    for date_, status, number in counted.annotate(number=Count("pk")):
        found[date_][status] = number
    words = last_weekday()
    return [
        compared(
            label,
            sum(found[day][status] for status in statuses),
            sum(found[then][status] for status in statuses),
            words,
            url,
        )
        for label, statuses, url in wanted
    ]


def between(rows: Any, field: str, first: date, last: date, url: str, label: Any) -> Tile:
    """Rows of some days, beside those of the same days last week; one query."""
    days, then = Period(first, last), Period(first - WEEK, last - WEEK)
    found = rows.filter(Period(then.start, days.end).days(field)).aggregate(
        now=Count("pk", filter=days.days(field)), then=Count("pk", filter=then.days(field))
    )
    return compared(label, found["now"], found["then"], _("%(then)s last week"), url)


def backlog(label: Any, rows: Any, came: str, url: str, tone: str = "") -> Tile:
    """What waits, counted no further than its list does, and how much of it came within a week; one query."""
    counted = rows.order_by()[: COUNT_CAP + 1]
    week = Q(**{f"{came}__gte": now() - WEEK})
    found = counted.aggregate(number=Count("pk"), new=Count("pk", filter=week))
    number, new = found["number"], found["new"]
    trend = ngettext("%(new)s new within a week", "%(new)s new within a week", new) % {"new": new}
    return Tile(label, capped(number), url, "" if number > COUNT_CAP else trend, "", tone if number else "")


def takings(user: Any) -> Tile:
    """What was paid today, and on the same day last week; one query."""
    day, then = Period(today(), today()), Period(today() - WEEK, today() - WEEK)
    here, earlier = day.moments("payment_date"), then.moments("payment_date")
    found = (
        Payment.objects.collected()
        .visible_to(user)
        .filter(here | earlier)
        .aggregate(now=MoneySum("amount", filter=here), then=MoneySum("amount", filter=earlier))
    )
    url = link("payment_list", kind="received", date_from=today(), date_to=today(), voided="false")
    return compared(_("Taken today"), found["now"] or ZERO, found["then"] or ZERO, last_weekday(), url, money)
