"""Operational metrics: waiting, use of working hours, when the clinic is busy, lab turnaround."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, Sum
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay
from django.utils.translation import gettext_lazy as _

from clinical.models import LabTest
from reporting.models import ReportType
from reporting.periods import weekdays_within
from reporting.reports.base import Chart, Figure, Heading, ReportKind, Table, names_of
from reporting.sums import elapsed, minutes, percent, spread
from scheduling.models import Appointment, AppointmentStatus, DoctorAbsence, DoctorSchedule, Weekday

#: Appointments for which the patient came.
CAME = (AppointmentStatus.CHECKED_IN, AppointmentStatus.IN_PROGRESS, AppointmentStatus.COMPLETED)


class OperationalMetrics(ReportKind):
    """Waiting time, utilisation, throughput by hour and weekday, lab turnaround."""

    type = ReportType.OPERATIONAL_METRICS
    definitions = (
        _("Waiting time: from check-in to the start of the consultation, by the appointment's date."),
        _("Median and 90th percentile by nearest rank: that many patients waited no longer."),
        _("Working minutes: doctors' schedules without absences. Booked: appointments not cancelled nor missed."),
        _("Throughput: appointments for which the patient came, by their appointed hour and weekday."),
        _("Lab turnaround: from order to result, by the day of the result."),
    )

    def appointments(self) -> Any:
        """The appointments of the period."""
        return Appointment.objects.filter(self.period.days("appointment_date"), self.visits()).order_by()

    def tables(self) -> Iterator[Table]:
        yield self.waiting()
        yield self.utilisation()
        came = self.appointments().filter(status__in=CAME)
        hours = came.annotate(hour=ExtractHour("appointment_time")).values_list("hour").annotate(number=Count("pk"))
        yield throughput("by_hour", _("By hour"), _("Hour"), [(f"{h:02}:00", n) for h, n in sorted(hours)])
        days = came.annotate(day=ExtractIsoWeekDay("appointment_date")).values_list("day").annotate(number=Count("pk"))
        named = [(Weekday(day - 1).label, number) for day, number in sorted(days)]
        yield throughput("by_weekday", _("By weekday"), _("Weekday"), named)
        yield self.turnaround()

    def waiting(self) -> Table:
        """How long patients waited."""
        count, average, median, late = spread(self.appointments(), "started_at", "checked_in_at")
        return Table(
            "waiting",
            _("Waiting time"),
            (
                Heading("visits", _("Visits measured"), "count"),
                Heading("average", _("Average (min)"), "minutes"),
                Heading("median", _("Median (min)"), "minutes"),
                Heading("p90", _("90th percentile (min)"), "minutes"),
            ),
            [(count, minutes(average), minutes(median), minutes(late))],
            totalled=False,
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
        schedules, absences = DoctorSchedule.objects.active(), DoctorAbsence.objects.active()
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
            last = min(filter(None, (self.period.end, row.valid_until)))
            length = datetime.combine(first, row.end_time) - datetime.combine(first, row.start_time)
            days = sum(weekdays_within(a, b, row.weekday) for a, b in without(first, last, away[row.doctor_id]))
            found[row.doctor_id] += days * int(length.total_seconds() // 60)
        return dict(found)

    def turnaround(self) -> Table:
        """From order to result, by test and for all."""
        tests = LabTest.objects.filter(self.period.moments("result_date")).order_by()
        if self.doctor is not None:
            tests = tests.filter(ordered_by_doctor=self.doctor)
        if self.department is not None:
            tests = tests.filter(consultation__appointment__department=self.department)
        count, average, median, late = spread(tests, "result_date", "ordered_date")
        took = Avg(elapsed("result_date", "ordered_date"))
        rows: list[tuple[Any, ...]] = [
            (name, number, minutes(mean), None, None)
            for name, number, mean in tests.values_list("test_name").annotate(number=Count("pk"), mean=took).iterator()
        ]
        rows.sort(key=lambda row: (-row[1], row[0]))
        return Table(
            "turnaround",
            _("Lab turnaround"),
            (
                Heading("test", _("Test")),
                Heading("tests", _("Results"), "count"),
                Heading("average", _("Average (min)"), "minutes"),
                Heading("median", _("Median (min)"), "minutes"),
                Heading("p90", _("90th percentile (min)"), "minutes"),
            ),
            [(_("All tests"), count, minutes(average), minutes(median), minutes(late)), *rows],
            totalled=False,
        )

    def summary(self, tables: dict[str, Table]) -> list[Figure]:
        visits, _average, median, late = tables["waiting"].rows[0]
        hours, lab = tables["utilisation"], tables["turnaround"].rows[0]
        used = percent(hours.total("booked"), hours.total("working"))
        return [
            Figure(_("Visits measured"), visits),
            Figure(_("Median wait (min)"), median, "minutes"),
            Figure(_("90th percentile of waits (min)"), late, "minutes"),
            Figure(_("Working hours used (%)"), used, "percent"),
            Figure(_("Median lab turnaround (min)"), lab[3], "minutes"),
        ]

    def charts(self, tables: dict[str, Table]) -> list[Chart]:
        hours, days = tables["by_hour"], tables["by_weekday"]
        return [
            Chart(_("Appointments by hour"), hours.column("when"), {_("Appointments"): hours.column("appointments")}),
            Chart(_("Appointments by weekday"), days.column("when"), {_("Appointments"): days.column("appointments")}),
        ]


def throughput(name: str, title: Any, label: Any, rows: list[tuple[Any, int]]) -> Table:
    """Appointments by a part of the clock or the week."""
    return Table(name, title, (Heading("when", label), Heading("appointments", _("Appointments"), "count")), rows)


def without(first: date, last: date, away: list[tuple[date, date]]) -> Iterator[tuple[date, date]]:
    """The stretches from first to last in which nobody is away; `away` is sorted by its beginnings."""
    for start, end in away:
        if start > first:
            yield first, min(start - timedelta(days=1), last)
        first = max(first, end + timedelta(days=1))
    if first <= last:
        yield first, last
