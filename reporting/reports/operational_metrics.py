"""Operational metrics: waiting, use of working hours, when the clinic is busy, lab turnaround."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.db.models import Case, Count, OuterRef, Subquery, Sum, Value, When
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay
from django.utils.translation import gettext_lazy as _

from clinical.models import LabTest
from departments.models import User
from reporting.models import ReportType
from reporting.periods import weekdays_within
from reporting.reports.base import Chart, Figure, Heading, ReportKind, Table, by_size, names_of
from reporting.sums import Elapsed, minutes, percent, spread
from scheduling.models import Appointment, AppointmentStatus, DoctorAbsence, DoctorSchedule, Weekday
from scheduling.slots import shift

#: Appointments for which the patient came.
CAME = (AppointmentStatus.CHECKED_IN, AppointmentStatus.IN_PROGRESS, AppointmentStatus.COMPLETED)


class OperationalMetrics(ReportKind):
    """Waiting time, utilisation, throughput by hour and weekday, lab turnaround."""

    type = ReportType.OPERATIONAL_METRICS
    names = ("waiting", "utilisation", "throughput", "turnaround")
    definitions = (
        _("Waiting time: from check-in to the start of the consultation, by the appointment's date."),
        _("Median and 90th percentile by nearest rank: that many patients waited no longer."),
        _("Working minutes: doctors' schedules without absences; of a doctor who left, until the last visit."),
        _("Booked: appointments not cancelled nor missed. Used: of the doctors who have working minutes."),
        _("With a department: working minutes of the doctors who belong to it today, appointments in it."),
        _("With an insurer: booked minutes of its patients, out of all working minutes."),
        _("Throughput: appointments for which the patient came, by their appointed hour and weekday."),
        _("Lab turnaround: from order to result, by the day of the result."),
    )

    def appointments(self) -> Any:
        """The appointments of the period."""
        return Appointment.objects.filter(self.period.days("appointment_date"), self.narrowed()).order_by()

    def waiting(self) -> Table:
        """How long patients waited, for all and by doctor."""
        took = Elapsed("started_at", "checked_in_at")
        found = list(spread(self.appointments(), took, "doctor"))
        names = names_of("doctor", [row[0] for row in found], _("No doctor"))
        return spread_table(
            (
                "waiting",
                _("Waiting time"),
                Heading("doctor", _("Doctor")),
                Heading("visits", _("Visits measured"), "count"),
            ),
            (_("All doctors"), spread(self.appointments(), took)),
            [(names[key], *rest) for key, *rest in found],
        )

    def throughput(self) -> Table:
        """When patients come: hours down, weekdays across."""
        came = self.appointments().filter(status__in=CAME)
        parts = came.annotate(hour=ExtractHour("appointment_time"), day=ExtractIsoWeekDay("appointment_date"))
        found: dict[int, list[int]] = defaultdict(lambda: [0] * 7)
        for hour, day, number in parts.values_list("hour", "day").annotate(number=Count("pk")):
            found[hour][day - 1] = number
        hours = range(min(found, default=0), max(found, default=-1) + 1)
        return Table(
            "throughput",
            _("By hour and weekday"),
            (
                Heading("hour", _("Hour")),
                *(Heading(Weekday(day).name.lower(), Weekday(day).label, "count") for day in range(7)),
                Heading("appointments", _("Total"), "count"),
            ),
            [(f"{hour:02}:00", *found[hour], sum(found[hour])) for hour in hours],
        )

    def utilisation(self) -> Table:
        """Booked minutes against working minutes."""
        blocked = self.appointments().blocking()
        booked = dict(blocked.values_list("doctor").annotate(total=Sum("duration_minutes")))
        working = self.working_minutes()
        names = names_of("doctor", {*booked, *working}, _("No doctor"))
        rows = []
        for key in {*booked, *working}:
            used, available = booked.get(key, 0), working.get(key, 0)
            rows.append((names[key], available, used, percent(used, available)))
        return Table(
            "utilisation",
            _("Use of working hours"),
            (
                Heading("doctor", _("Doctor")),
                Heading("working", _("Working minutes"), "count"),
                Heading("booked", _("Booked minutes"), "count"),
                Heading("rate", _("Used (%)"), "percent"),
            ),
            sorted(rows, key=lambda row: row[0]),
        )

    def working_minutes(self) -> dict[Any, int]:
        """Scheduled minutes by doctor; days of absence are taken out."""
        # Nobody enters the day on which a doctor leaves: hours "until further notice" end with the last visit.
        visits = Appointment.objects.filter(doctor=OuterRef("doctor"), status__in=CAME).order_by("-appointment_date")
        last_visit = Subquery(visits.values("appointment_date")[:1])
        here = When(doctor__in=User.objects.doctors(), then=Value(self.period.end))
        schedules = DoctorSchedule.objects.active().annotate(until=Case(here, default=last_visit))
        schedules, absences = schedules.filter(until__gte=self.period.start), DoctorAbsence.objects.active()
        if self.doctor is not None:
            schedules, absences = schedules.filter(doctor=self.doctor), absences.filter(doctor=self.doctor)
        if self.department is not None:
            schedules = schedules.filter(doctor__department=self.department)
        within = absences.filter(start_date__lte=self.period.end, end_date__gte=self.period.start)
        away: dict[Any, list[tuple[date, date]]] = defaultdict(list)
        for key, first, last in within.order_by("start_date").values_list("doctor", "start_date", "end_date"):
            away[key].append((first, last))
        found: dict[Any, int] = defaultdict(int)
        for row in schedules:
            first = max(filter(None, (self.period.start, row.valid_from)))
            last = min(filter(None, (self.period.end, row.valid_until, row.until)))
            start, end = shift(row, first)
            days = sum(weekdays_within(a, b, row.weekday) for a, b in without(first, last, away[row.doctor_id]))
            found[row.doctor_id] += days * int((end - start).total_seconds() // 60)
        return dict(found)

    def turnaround(self) -> Table:
        """From order to result, for all and by test."""
        narrowed = self.narrowed("ordered_by_doctor", "consultation__appointment__department")
        tests = LabTest.objects.filter(self.period.moments("result_date"), narrowed)
        took = Elapsed("result_date", "ordered_date")
        return spread_table(
            ("turnaround", _("Lab turnaround"), Heading("test", _("Test")), Heading("tests", _("Results"), "count")),
            (_("All tests"), spread(tests, took)),
            list(spread(tests, took, "test_name")),
        )

    def summary(self) -> list[Figure]:
        _all, _visits, _average, median, late = self.table("waiting").rows[0]
        hours = self.table("utilisation")
        # Whoever entered no working hours can be booked at any time: those visits are not out of anybody's hours.
        used = percent(sum(row[2] for row in hours.rows if row[1]), hours.total("working"))
        return [
            Figure(_("Patients who came"), self.table("throughput").total("appointments")),
            Figure(_("Median wait (min)"), median, "minutes"),
            Figure(_("90th percentile of waits (min)"), late, "minutes"),
            Figure(_("Working hours used (%)"), used, "percent"),
            Figure(_("Median lab turnaround (min)"), self.table("turnaround").column("median")[0], "minutes"),
        ]

    def charts(self) -> list[Chart]:
        waiting, hours, grid = self.table("waiting"), self.table("utilisation"), self.table("throughput")
        return [
            Chart(
                _("Minutes waited"),
                "waiting",
                waiting.column("doctor"),
                {_("Median"): waiting.column("median"), _("90th percentile"): waiting.column("p90")},
                "horizontal",
            ),
            Chart(
                _("Used (%)"),
                "utilisation",
                hours.column("doctor"),
                {_("Used (%)"): hours.column("rate")},
                "horizontal",
            ),
            Chart(_("By hour"), "throughput", grid.column("hour"), {_("Appointments"): grid.column("appointments")}),
            Chart(
                _("By weekday"),
                "throughput",
                [heading.label for heading in grid.headings[1:8]],
                {_("Appointments"): [grid.total(heading.name) for heading in grid.headings[1:8]]},
            ),
        ]


def spread_table(about: tuple[Any, ...], total: tuple[Any, Iterator[Any]], groups: list[Any]) -> Table:
    """How long something took: one line for all, then one for each group."""
    name, title, key, count = about
    label, of_all = total
    everything = next(of_all, ("", 0, None, None, None))
    lines = [(label, *everything[1:]), *sorted(groups, key=by_size(1))]
    return Table(
        name,
        title,
        (
            key,
            count,
            Heading("average", _("Average (min)"), "minutes"),
            Heading("median", _("Median (min)"), "minutes"),
            Heading("p90", _("90th percentile (min)"), "minutes"),
        ),
        [(words, number, *map(minutes, durations)) for words, number, *durations in lines],
        totalled=False,
    )


def without(first: date, last: date, away: list[tuple[date, date]]) -> Iterator[tuple[date, date]]:
    """The stretches from first to last in which nobody is away; `away` is sorted by its beginnings."""
    for start, end in away:
        if start > first:
            yield first, min(start - timedelta(days=1), last)
        first = max(first, end + timedelta(days=1))
    if first <= last:
        yield first, last
