"""Patient statistics: who the clinic's patients are, and who is new."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Value, When
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext_lazy as _

from healthcare.clock import years_before, zone
from patients.models import Gender, Patient, PatientMerge
from reporting.models import ReportType
from reporting.periods import midnight, months_across
from reporting.reports.base import Chart, Figure, Heading, ReportKind, Table, by_size
from reporting.sums import percent
from scheduling.models import Appointment, AppointmentStatus

#: Ten-year age classes; the last one is open.
OLDEST_CLASS = 9

PATIENTS = Heading("patients", _("Patients"), "count")


class PatientStatistics(ReportKind):
    """Registrations, ages and genders, new and returning patients, insurers."""

    type = ReportType.PATIENT_STATISTICS
    names = ("registrations", "pyramid", "seen", "insurers")
    definitions = (
        _("Registrations: charts opened in the period, by the clinic's calendar; not those merged into another since."),
        _("Ages, genders, insurers: active patients registered by the end of the period; age on its last day."),
        _("Seen: patients with a completed appointment in the period. New: none before it in this clinic."),
        _("With a doctor or department: only patients with a completed visit there by the end of the period."),
    )

    def visits(self) -> Any:
        """Completed appointments, where the report is narrowed to."""
        narrowed = self.narrowed()
        return Appointment.objects.filter(narrowed, status=AppointmentStatus.COMPLETED).order_by()

    def everybody(self) -> Any:
        """The patients whom the report is about, at whatever time."""
        found = Patient.objects.order_by()
        if self.insurer is not None:
            found = found.filter(insurance_provider=self.insurer)
        if self.doctor is not None or self.department is not None:
            visits = self.visits().filter(appointment_date__lt=self.period.after, patient=OuterRef("pk"))
            found = found.filter(Exists(visits))
        return found

    def patients(self) -> Any:
        """Active patients at the end of the period."""
        return self.everybody().active().filter(created_at__lt=midnight(self.period.after))

    def registrations(self) -> Table:
        """New registrations by month."""
        merged = PatientMerge.objects.in_force().filter(merged=OuterRef("pk"))
        found = self.everybody().filter(self.period.moments("created_at"), ~Exists(merged))
        months = found.annotate(month=TruncMonth("created_at", tzinfo=zone())).values_list("month")
        counts = {
            month.date() if isinstance(month, datetime) else month: count
            for month, count in months.annotate(number=Count("pk"))
        }
        return Table(
            "registrations",
            _("Registrations by month"),
            (Heading("month", _("Month"), "month"), PATIENTS),
            [(month, counts.get(month, 0)) for month in months_across(counts)],
        )

    def pyramid(self) -> Table:
        """Ages by gender."""
        # Born after the day ten years before the end: not yet ten, and so on upwards.
        limits = [(years_before(self.period.end, 10 * (decade + 1)), decade) for decade in range(OLDEST_CLASS)]
        decade = Case(
            *(When(date_of_birth__gt=day, then=Value(number)) for day, number in limits),
            default=Value(OLDEST_CLASS),
            output_field=IntegerField(),
        )
        found: dict[int, dict[str, int]] = defaultdict(dict)
        for number, gender, count in (
            self.patients().annotate(decade=decade).values_list("decade", "gender").annotate(number=Count("pk"))
        ):
            found[number][gender] = count
        rows = []
        for number in range(OLDEST_CLASS + 1):
            counts = [found[number].get(gender, 0) for gender in Gender.values]
            label = f"{number * 10}+" if number == OLDEST_CLASS else f"{number * 10}-{number * 10 + 9}"
            rows.append((label, *counts, sum(counts)))
        return Table(
            "pyramid",
            _("Age and gender"),
            (
                Heading("age", _("Age")),
                *(Heading(value, label, "count") for value, label in Gender.choices),
                PATIENTS,
            ),
            rows,
        )

    def seen(self) -> Table:
        """New and returning patients."""
        here = self.visits().filter(self.period.days("appointment_date"))
        earlier = Appointment.objects.filter(
            status=AppointmentStatus.COMPLETED, appointment_date__lt=self.period.start, patient=OuterRef("patient")
        )
        all_seen = here.aggregate(number=Count("patient", distinct=True))["number"]
        returning = here.filter(Exists(earlier)).aggregate(number=Count("patient", distinct=True))["number"]
        new = all_seen - returning
        return Table(
            "seen",
            _("Patients seen"),
            (Heading("what", _("What")), PATIENTS, Heading("share", _("Share (%)"), "percent")),
            [
                (_("New"), new, percent(new, all_seen)),
                (_("Returning"), returning, percent(returning, all_seen)),
            ],
        )

    def insurers(self) -> Table:
        """By insurance provider."""
        found = self.patients().values_list("insurance_provider_id", "insurance_provider__name")
        rows = [(name or _("No insurance on file"), count) for _key, name, count in found.annotate(number=Count("pk"))]
        return Table(
            "insurers",
            _("By insurance provider"),
            (Heading("insurer", _("Insurance provider")), PATIENTS),
            sorted(rows, key=by_size(1)),
        )

    def summary(self) -> list[Figure]:
        new, returning = self.table("seen").column("patients")
        return [
            Figure(_("Registrations"), self.table("registrations").total("patients")),
            Figure(_("Active patients"), self.table("pyramid").total("patients")),
            Figure(_("Patients seen"), new + returning),
            Figure(_("New patients"), new),
            Figure(_("Returning patients"), returning),
        ]

    def charts(self) -> list[Chart]:
        pyramid, months, seen = self.table("pyramid"), self.table("registrations"), self.table("seen")
        # Two sides; the few others are in the table.
        genders = {label: pyramid.column(value) for value, label in Gender.choices[:2]}
        labels = [f"{month:%Y-%m}" for month in months.column("month")]
        insurers = self.table("insurers")
        return [
            Chart(_("Registrations"), "registrations", labels, {_("Registrations"): months.column("patients")}),
            Chart(_("Age and gender"), "pyramid", pyramid.column("age"), genders, "pyramid"),
            Chart(_("Patients"), "seen", seen.column("what"), {_("Patients"): seen.column("patients")}, "horizontal"),
            Chart(
                _("Patients"),
                "insurers",
                insurers.column("insurer"),
                {_("Patients"): insurers.column("patients")},
                "horizontal",
            ),
        ]
