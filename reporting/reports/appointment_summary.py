"""Appointment summary: how many, what became of them, how long ahead they were booked."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from reporting.models import ReportType
from reporting.reports.base import Chart, Figure, Heading, ReportKind, Table, names_of
from reporting.sums import percent, tenth
from scheduling.models import Appointment, AppointmentStatus, AppointmentType

S = AppointmentStatus


class AppointmentSummary(ReportKind):
    """Appointments by status, type, doctor and department, with rates and lead time."""

    type = ReportType.APPOINTMENT_SUMMARY
    definitions = (
        _("Appointments by their date, whatever their status."),
        _("Cancellation rate: cancelled of all. No-show rate: no-shows of all that were not cancelled."),
        _("Lead time: whole days from the day of booking to the day of the appointment."),
    )

    def appointments(self) -> Any:
        """The appointments of the period."""
        return Appointment.objects.filter(self.period.days("appointment_date"), self.visits()).order_by()

    def tables(self) -> Iterator[Table]:
        found = dict(self.appointments().values_list("status").annotate(number=Count("pk")))
        total = sum(found.values())
        yield Table(
            "by_status",
            _("By status"),
            (
                Heading("status", _("Status")),
                Heading("appointments", _("Appointments"), "count"),
                Heading("share", _("Share (%)"), "percent"),
            ),
            [(label, found[value], percent(found[value], total)) for value, label in S.choices if value in found],
        )
        types = dict(AppointmentType.choices)
        yield self.outcomes("appointment_type", "by_type", _("By type"), _("Type"), lambda keys: types)
        for name, title, label, missing in (
            ("doctor", _("By doctor"), _("Doctor"), _("No doctor")),
            ("department", _("By department"), _("Department"), _("No department")),
        ):
            yield self.outcomes(
                name, f"by_{name}", title, label, lambda keys, name=name, none=missing: names_of(name, keys, none)
            )
        lead = ExpressionWrapper(
            F("appointment_date") - TruncDate("created_at", tzinfo=timezone.get_default_timezone()),
            output_field=DurationField(),
        )
        average = self.appointments().annotate(lead=lead).aggregate(average=Avg("lead"))["average"]
        days = tenth(Decimal(str(average.total_seconds())) / 86_400) if average is not None else None
        yield Table(
            "lead_time",
            _("Lead time"),
            (Heading("what", _("What")), Heading("days", _("Days"), "days")),
            [(_("Average lead time"), days)],
            totalled=False,
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
                Heading("appointments", _("Appointments"), "count"),
                Heading("completed", _("Completed"), "count"),
                Heading("cancelled", _("Cancelled"), "count"),
                Heading("no_shows", _("No-shows"), "count"),
                Heading("cancellation_rate", _("Cancellation rate (%)"), "percent"),
                Heading("no_show_rate", _("No-show rate (%)"), "percent"),
            ),
            sorted(rows, key=lambda row: (-row[1], str(row[0]))),
        )

    def summary(self, tables: dict[str, Table]) -> list[Figure]:
        types = tables["by_type"]
        total, cancelled = types.total("appointments"), types.total("cancelled")
        return [
            Figure(_("Appointments"), total),
            Figure(_("Completed"), types.total("completed")),
            Figure(_("Cancellation rate (%)"), percent(cancelled, total), "percent"),
            Figure(_("No-show rate (%)"), percent(types.total("no_shows"), total - cancelled), "percent"),
            Figure(_("Average lead time (days)"), tables["lead_time"].column("days")[0], "days"),
        ]

    def charts(self, tables: dict[str, Table]) -> list[Chart]:
        status = tables["by_status"]
        series = {_("Appointments"): status.column("appointments")}
        return [Chart(_("Appointments by status"), status.column("status"), series, "horizontal")]
