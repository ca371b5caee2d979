"""Filters of the lists of appointments, working hours and absences."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from departments.models import User
from healthcare.clock import today
from healthcare.filters import FilterSet
from healthcare.roles import Role
from patients.models import Patient
from scheduling.models import Appointment, AppointmentStatus, AppointmentType, DoctorAbsence, DoctorSchedule

DOCTORS = User.objects.doctors_by_name()


class AppointmentFilter(FilterSet):
    """Visits by time, state, people. Without any filter: those from today on."""

    UPCOMING = "upcoming"

    period = django_filters.ChoiceFilter(
        label=_("Period"),
        choices=[(UPCOMING, _("From today on")), ("past", _("Before today")), ("all", _("All"))],
        method="filter_period",
    )
    appointment_date = django_filters.DateFilter(label=_("Date"))
    date_from = django_filters.DateFilter(label=_("From"), field_name="appointment_date", lookup_expr="gte")
    date_to = django_filters.DateFilter(label=_("To"), field_name="appointment_date", lookup_expr="lte")
    status = django_filters.ChoiceFilter(label=_("Status"), choices=AppointmentStatus.choices)
    doctor = django_filters.ModelChoiceFilter(label=_("Doctor"), queryset=DOCTORS)
    appointment_type = django_filters.ChoiceFilter(label=_("Type"), choices=AppointmentType.choices)
    vitals = django_filters.ChoiceFilter(
        label=_("Vital signs"),
        choices=[("missing", _("Waiting for vital signs")), ("measured", _("Ready for the doctor"))],
        method="filter_vitals",
        widget=forms.HiddenInput,
    )
    expected = django_filters.ChoiceFilter(
        label=_("To check in"),
        choices=[("1", _("Not here yet"))],
        method="filter_expected",
        widget=forms.HiddenInput,
    )

    here = django_filters.ChoiceFilter(
        label=_("In the clinic"),
        choices=[("1", _("Now"))],
        method="filter_here",
        widget=forms.HiddenInput,
    )
    away = django_filters.ChoiceFilter(
        label=_("Doctor away"),
        choices=[("1", _("To be moved"))],
        method="filter_away",
        widget=forms.HiddenInput,
    )

    #: By link from a patient's page; people search by name instead.
    patient = django_filters.ModelChoiceFilter(queryset=Patient.objects.all(), widget=forms.HiddenInput)

    class Meta:
        model = Appointment
        fields = ["department"]

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        asked: Any = data or {}
        nothing_asked = not any(asked.get(name) for name in (*self.base_filters, "q"))
        #: Billing officers see completed visits only, the last ones first.
        self.looks_back = nothing_asked and self.request.user.role == Role.BILLING_OFFICER
        self.is_default = nothing_asked and not self.looks_back
        if self.is_default:
            self.data = {"period": self.UPCOMING}

    def filter_period(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """From today on, before today, or all."""
        if value == self.UPCOMING:
            return queryset.filter(appointment_date__gte=today())
        if value == "past":
            return queryset.filter(appointment_date__lte=today() - timedelta(days=1))
        return queryset

    def filter_vitals(self, queryset: Any, name: str, value: str) -> Any:
        """The nurse's queue, and the doctor's."""
        return queryset.ready() if value == "measured" else queryset.awaiting_vitals()

    def filter_expected(self, queryset: Any, name: str, value: str) -> Any:
        """The receptionist's queue (a number on the dashboard leads here)."""
        return queryset.expected()

    def filter_here(self, queryset: Any, name: str, value: str) -> Any:
        """Whose patient is here (a number on the dashboard leads here)."""
        return queryset.here()

    def filter_away(self, queryset: Any, name: str, value: str) -> Any:
        """What an absence leaves to be moved."""
        return queryset.to_move()


class ScheduleFilter(FilterSet):
    """Working hours by doctor and weekday."""

    doctor = django_filters.ModelChoiceFilter(label=_("Doctor"), queryset=DOCTORS)

    class Meta:
        model = DoctorSchedule
        fields = ["weekday"]


class AbsenceFilter(FilterSet):
    """Absences by doctor and time."""

    doctor = django_filters.ModelChoiceFilter(label=_("Doctor"), queryset=DOCTORS)
    date_from = django_filters.DateFilter(label=_("From"), field_name="end_date", lookup_expr="gte")
    date_to = django_filters.DateFilter(label=_("To"), field_name="start_date", lookup_expr="lte")

    class Meta:
        model = DoctorAbsence
        fields: list[str] = []
