"""Doctor performance: what each doctor did."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Avg, Count, Q
from django.utils.translation import gettext_lazy as _

from billing.models import Payment
from clinical.models import Consultation, LabTest, Prescription
from healthcare.money import ZERO
from reporting.models import ReportType
from reporting.reports.base import Chart, Figure, Heading, ReportKind, Table, by_size, names_of
from reporting.sums import Elapsed, MoneySum, minutes
from scheduling.models import Appointment, AppointmentStatus


class DoctorPerformance(ReportKind):
    """Appointments, consultations, orders, time and revenue by doctor."""

    type = ReportType.DOCTOR_PERFORMANCE
    names = ("by_doctor",)
    definitions = (
        _("Appointments by their date; cancelled ones are left out, no-shows are counted beside."),
        _("Consultations: completed ones by their date. Prescriptions and lab orders by the day of ordering."),
        _("Average minutes: from start to completion of the completed appointments that have both times."),
        _("Revenue: payments that were not voided, by the day of payment, for invoices of the doctor's visits."),
    )

    def by_doctor(self) -> Table:
        """Each column is one query that groups by doctor."""
        found: dict[Any, dict[str, Any]] = defaultdict(dict)

        def collect(name: str, rows: Any) -> None:
            for key, value in rows:
                found[key][name] = value

        appointments = Appointment.objects.filter(self.period.days("appointment_date"), self.narrowed()).order_by()
        kept = appointments.exclude(status=AppointmentStatus.CANCELLED).values_list("doctor")
        done = Q(status=AppointmentStatus.COMPLETED)
        sums = kept.annotate(
            number=Count("pk"),
            done=Count("pk", filter=done),
            missed=Count("pk", filter=Q(status=AppointmentStatus.NO_SHOW)),
        )
        for key, number, completed, missed in sums:
            found[key] |= {"appointments": number, "completed": completed, "no_shows": missed}
        timed = appointments.filter(done, started_at__isnull=False, completed_at__isnull=False).values_list("doctor")
        collect("minutes", timed.annotate(average=Avg(Elapsed("completed_at", "started_at"))))
        consultations = (
            Consultation.objects.kept()
            .completed()
            .filter(self.period.moments("consultation_date"), self.narrowed("doctor", "appointment__department"))
        )
        collect("consultations", count_by("doctor", consultations))
        prescriptions = Prescription.objects.filter(
            self.period.days("prescribed_date"), self.narrowed("doctor", "consultation__appointment__department")
        )
        collect("prescriptions", count_by("doctor", prescriptions))
        orders = LabTest.objects.filter(
            self.period.moments("ordered_date"),
            self.narrowed("ordered_by_doctor", "consultation__appointment__department"),
        )
        collect("lab_orders", count_by("ordered_by_doctor", orders))
        if self.money:
            payments = Payment.objects.collected().filter(
                self.period.moments("payment_date"),
                self.billed("invoice__"),
                invoice__appointment__isnull=False,
            )
            grouped = payments.order_by().values_list("invoice__appointment__doctor")
            collect("revenue", grouped.annotate(sum=MoneySum("amount")))
        return self.lines(found)

    def lines(self, found: dict[Any, dict[str, Any]]) -> Table:
        """One line for each doctor."""
        names = names_of("doctor", found, _("No doctor"))
        headings = [
            Heading("doctor", _("Doctor")),
            Heading("appointments", _("Appointments"), "count"),
            Heading("completed", _("Completed"), "count"),
            Heading("no_shows", _("No-shows"), "count"),
            Heading("consultations", _("Consultations"), "count"),
            Heading("prescriptions", _("Prescriptions"), "count"),
            Heading("lab_orders", _("Lab orders"), "count"),
            Heading("minutes", _("Average minutes"), "minutes"),
        ]
        if self.money:
            headings.append(Heading("revenue", _("Revenue"), "money"))
        rows = []
        for key, row in found.items():
            values: list[Any] = [names[key]]
            for heading in headings[1:]:
                empty: Any = {"count": 0, "money": ZERO}.get(heading.kind)
                value = row.get(heading.name, empty)
                values.append(minutes(value) if heading.kind == "minutes" else value)
            rows.append(tuple(values))
        return Table("by_doctor", _("By doctor"), headings, sorted(rows, key=by_size(1)))

    def summary(self) -> list[Figure]:
        doctors = self.table("by_doctor")
        figures = [
            Figure(heading.label, doctors.total(heading.name), heading.kind)
            for heading in doctors.headings
            if heading.name in {"completed", "consultations", "prescriptions", "lab_orders", "revenue"}
        ]
        return [Figure(_("Doctors"), len(doctors.rows)), *figures]

    def charts(self) -> list[Chart]:
        doctors = self.table("by_doctor")
        series = {_("Completed"): doctors.column("completed"), _("No-shows"): doctors.column("no_shows")}
        return [Chart(_("Completed and missed"), "by_doctor", doctors.column("doctor"), series, "horizontal")]


def count_by(path: str, rows: Any) -> Any:
    """(key, number) of the rows by a path."""
    return rows.order_by().values_list(path).annotate(number=Count("pk"))
