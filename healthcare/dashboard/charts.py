"""The small charts at the foot of the dashboard: one query each, kept for a minute."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q
from django.db.models.functions import ExtractHour, TruncDate
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from billing.models import Payment
from healthcare.clock import today, zone
from healthcare.roles import Role
from reporting.charts import for_screen
from reporting.periods import Period
from reporting.reports.operational_metrics import CAME, OperationalMetrics
from reporting.sums import Elapsed, MoneySum, minutes, spread
from scheduling.models import Appointment, AppointmentStatus

S = AppointmentStatus
#: Seconds for which a chart is kept.
KEPT = 60
DAYS = 14

Chart = dict[str, Any]


def chart(title: Any, labels: list[Any], series: dict[Any, list[Any]], kind: str = "bar") -> Chart:
    """A chart with the same figures as a table."""
    numbers = [[name, [float(value or 0) for value in values]] for name, values in series.items()]
    drawn = for_screen({"title": str(title), "kind": kind, "labels": labels, "series": numbers})
    rows = [[label, *values] for label, *values in zip(labels, *series.values(), strict=True)]
    return drawn | {"headings": ["", *series], "rows": rows, "empty": not any(any(v) for _n, v in numbers)}


def last_days() -> list[date]:
    """The last two weeks, today last."""
    return [today() - timedelta(days=number) for number in reversed(range(DAYS))]


def by_hour(user: Any) -> Chart:
    """Today's visits by hour: who came, who is still to come."""
    came = Q(status__in=CAME)
    rows = Appointment.objects.filter(appointment_date=today()).blocking().order_by()
    hours = rows.annotate(hour=ExtractHour("appointment_time")).values_list("hour")
    found = {
        hour: (here, number - here) for hour, number, here in hours.annotate(n=Count("pk"), m=Count("pk", filter=came))
    }
    span = range(min(found, default=8), max(found, default=16) + 1)
    series = {
        _("Came"): [found.get(hour, (0, 0))[0] for hour in span],
        _("Expected"): [found.get(hour, (0, 0))[1] for hour in span],
    }
    return chart(_("Today by hour"), [f"{hour:02}" for hour in span], series)


def my_week(user: Any) -> Chart:
    """The doctor's week, day by day."""
    monday = today() - timedelta(days=today().weekday())
    days = [monday + timedelta(days=number) for number in range(7)]
    rows = Appointment.objects.filter(Period(days[0], days[-1]).days("appointment_date"), doctor=user).blocking()
    done = Q(status=S.COMPLETED)
    counted = rows.order_by().values_list("appointment_date").annotate(n=Count("pk"), m=Count("pk", filter=done))
    found = {day: (completed, number - completed) for day, number, completed in counted}
    series = {
        _("Completed"): [found.get(day, (0, 0))[0] for day in days],
        _("Booked"): [found.get(day, (0, 0))[1] for day in days],
    }
    return chart(_("My week"), [date_format(day, "D j") for day in days], series)


def taken(user: Any) -> Chart:
    """Money received, day by day."""
    days = last_days()
    rows = Payment.objects.collected().filter(Period(days[0], days[-1]).moments("payment_date")).order_by()
    by_day = rows.annotate(day=TruncDate("payment_date", tzinfo=zone())).values_list("day")
    found = dict(by_day.annotate(sum=MoneySum("amount")))
    values = [found.get(day, 0) for day in days]
    return chart(_("Taken, last two weeks"), [date_format(day, "D j") for day in days], {_("Taken"): values})


def waits(user: Any) -> Chart:
    """Median wait from check-in to the doctor, day by day."""
    days = last_days()
    rows = Appointment.objects.filter(Period(days[0], days[-1]).days("appointment_date"))
    found = {
        day: minutes(median)
        for day, _count, _average, median, _late in spread(
            rows, Elapsed("started_at", "checked_in_at"), "appointment_date"
        )
    }
    values = [found.get(day) or 0 for day in days]
    return chart(
        _("Median wait in minutes, last two weeks"), [date_format(d, "D j") for d in days], {_("Minutes"): values}
    )


def utilisation(user: Any) -> Chart:
    """How much of today's working hours is booked, doctor by doctor."""
    table = OperationalMetrics(Period(today(), today())).table("utilisation")
    rows = sorted(table.rows, key=lambda row: -(row[3] or 0))[:8]
    return chart(
        _("Working hours booked today (%)"), [row[0] for row in rows], {"%": [row[3] for row in rows]}, "horizontal"
    )


BY_ROLE: dict[str, tuple[Callable[[Any], Chart], ...]] = {
    Role.RECEPTIONIST: (by_hour,),
    Role.NURSE: (by_hour,),
    Role.DOCTOR: (my_week,),
    Role.BILLING_OFFICER: (taken,),
    Role.ADMINISTRATOR: (by_hour, waits, utilisation, taken),
}


def charts_for(user: Any) -> list[Chart]:
    """The charts of a role; a doctor's are their own."""
    whose = user.pk if user.role == Role.DOCTOR else "all"
    found = []
    for make in BY_ROLE[user.role]:
        key = f"dashboard:{make.__name__}:{whose}:{today()}"
        found.append(cache.get_or_set(key, lambda make=make: make(user), KEPT))
    return [made for made in found if made and not made["empty"]]
