"""Appointment summary: how many, what became of them, how long ahead they were booked."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import Least, TruncDate
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from healthcare.clock import zone
from reporting.models import ReportType
from reporting.reports.base import Chart, Figure, Heading, ReportKind, Table, by_size, names_of
from reporting.sums import days, percent, spread_of
from scheduling.models import Appointment, AppointmentStatus, AppointmentType

S = AppointmentStatus
APPOINTMENTS = Heading("appointments", _("Appointments"), "count")


#: Upper ends of the classes of lead time, in days; the last class is open.
LEADS = ((0, _("Same day")), (7, _("1-7 days")), (30, _("8-30 days")), (None, _("More than 30 days")))


class AppointmentSummary(ReportKind):
    """Appointments by status, type, doctor and department, with rates and lead time."""

    type = ReportType.APPOINTMENT_SUMMARY
    names = ("by_status", "by_type", "by_doctor", "by_department", "lead_time", "lead_classes")
    definitions = (
        _("Appointments by their date, whatever their status."),
        _("Cancellation rate: cancelled of all. No-show rate: no-shows of all that were not cancelled."),
        _("Lead time: whole days from the day of booking to the day of the appointment; entered later counts as none."),
        _("Median and 90th percentile by nearest rank: that many appointments were booked no longer ahead."),
    )

    def appointments(self) -> Any:
        """The appointments of the period."""
        return Appointment.objects.filter(self.period.days("appointment_date"), self.narrowed()).order_by()

    def by_status(self) -> Table:
        """What became of them."""
        found = dict(self.appointments().values_list("status").annotate(number=Count("pk")))
        total = sum(found.values())
        return Table(
            "by_status",
            _("By status"),
            (Heading("status", _("Status")), APPOINTMENTS, Heading("share", _("Share (%)"), "percent")),
            [(label, found[value], percent(found[value], total)) for value, label in S.choices if value in found],
        )

    def by_type(self) -> Table:
        """By type of appointment."""
        types = dict(AppointmentType.choices)
        return self.outcomes("appointment_type", "by_type", _("By type"), _("Type"), lambda keys: types)

    def by_doctor(self) -> Table:
        """By doctor."""
        return self.outcomes(
            "doctor", "by_doctor", _("By doctor"), _("Doctor"), lambda keys: names_of("doctor", keys, _("No doctor"))
        )

    def by_department(self) -> Table:
        """By department."""
        return self.outcomes(
            *("department", "by_department", _("By department"), _("Department")),
            lambda keys: names_of("department", keys, _("No department")),
        )

    @cached_property
    def leads(self) -> list[tuple[timedelta, int]]:
        """How many were booked so long ahead, never less than nothing, in whole days: counted once for both tables."""
        booked = TruncDate("created_at", tzinfo=zone())
        lead = ExpressionWrapper(F("appointment_date") - Least(booked, F("appointment_date")), DurationField())
        return sorted(self.appointments().annotate(lead=lead).values_list("lead").annotate(number=Count("pk")))

    def lead_time(self) -> Table:
        """How long ahead people book."""
        count, average, median, late = spread_of(self.leads)
        return Table(
            "lead_time",
            _("Lead time"),
            (
                APPOINTMENTS,
                Heading("average", _("Average (days)"), "days"),
                Heading("median", _("Median (days)"), "days"),
                Heading("p90", _("90th percentile (days)"), "days"),
            ),
            [(count, days(average), days(median), days(late))],
            totalled=False,
        )

    def lead_classes(self) -> Table:
        """Lead times in classes."""
        found: Counter[int] = Counter()
        for lead, number in self.leads:
            place = next(n for n, (limit, _label) in enumerate(LEADS) if limit is None or lead.days <= limit)
            found[place] += number
        total = sum(found.values())
        return Table(
            "lead_classes",
            _("Booked ahead"),
            (Heading("lead", _("Lead time")), APPOINTMENTS, Heading("share", _("Share (%)"), "percent")),
            [(label, found.get(n, 0), percent(found.get(n, 0), total)) for n, (_limit, label) in enumerate(LEADS)],
        )

    def outcomes(self, path: str, name: str, title: Any, label: Any, names: Any) -> Table:
        """What became of the appointments, by one of their attributes."""
        sums = {
            "number": Count("pk"),
            "done": Count("pk", filter=Q(status=S.COMPLETED)),
            "cancelled": Count("pk", filter=Q(status=S.CANCELLED)),
            "missed": Count("pk", filter=Q(status=S.NO_SHOW)),
        }
        found = list(self.appointments().values_list(path).annotate(**sums))
        labels = names([row[0] for row in found])
        rows = [
            (
                labels[key],
                number,
                done,
                cancelled,
                missed,
                percent(cancelled, number),
                percent(missed, number - cancelled),
            )
            for key, number, done, cancelled, missed in found
        ]
        return Table(
            name,
            title,
            (
                Heading(path, label),
                APPOINTMENTS,
                Heading("completed", _("Completed"), "count"),
                Heading("cancelled", _("Cancelled"), "count"),
                Heading("no_shows", _("No-shows"), "count"),
                Heading("cancellation_rate", _("Cancellation rate (%)"), "percent"),
                Heading("no_show_rate", _("No-show rate (%)"), "percent"),
            ),
            sorted(rows, key=by_size(1)),
        )

    def summary(self) -> list[Figure]:
        types = self.table("by_type")
        total, cancelled = types.total("appointments"), types.total("cancelled")
        return [
            Figure(_("Appointments"), total),
            Figure(_("Completed"), types.total("completed")),
            Figure(_("Cancellation rate (%)"), percent(cancelled, total), "percent"),
            Figure(_("No-show rate (%)"), percent(types.total("no_shows"), total - cancelled), "percent"),
            Figure(_("Average lead time (days)"), self.table("lead_time").column("average")[0], "days"),
        ]

    def charts(self) -> list[Chart]:
        status, leads = self.table("by_status"), self.table("lead_classes")
        words = _("Appointments")
        return [
            Chart(words, "by_status", status.column("status"), {words: status.column("appointments")}, "horizontal"),
            *(
                Chart(
                    _("Completed, cancelled, missed"),
                    name,
                    self.table(name).column(column),
                    {
                        _("Completed"): self.table(name).column("completed"),
                        _("Cancelled"): self.table(name).column("cancelled"),
                        _("No-shows"): self.table(name).column("no_shows"),
                    },
                    "horizontal",
                )
                for name, column in (
                    ("by_type", "appointment_type"),
                    ("by_doctor", "doctor"),
                    ("by_department", "department"),
                )
            ),
            Chart(words, "lead_classes", leads.column("lead"), {words: leads.column("appointments")}, "horizontal"),
        ]
