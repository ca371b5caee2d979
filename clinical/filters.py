"""Filters of the clinical lists."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from clinical.models import Consultation, LabTest, LabTestStatus, Medication, Prescription, VitalSign
from departments.models import User
from healthcare.fields import RemoteChoiceFilter
from healthcare.filters import FilterSet
from patients.models import Patient


def patient() -> RemoteChoiceFilter:
    """A filter by the patient, who is searched for, not listed."""
    return RemoteChoiceFilter(queryset=Patient.objects.all(), url_name="patient_options", label=_("Patient"))


def doctor(field_name: str = "doctor") -> django_filters.ModelChoiceFilter:
    """A filter by the doctor."""
    doctors = User.objects.doctors_by_name()
    return django_filters.ModelChoiceFilter(field_name=field_name, label=_("Doctor"), queryset=doctors)


class VitalSignFilter(FilterSet):
    """Measurements by patient and day."""

    patient = patient()
    recorded_from = django_filters.DateFilter(field_name="recorded_at", lookup_expr="date__gte", label=_("From"))
    recorded_to = django_filters.DateFilter(field_name="recorded_at", lookup_expr="date__lte", label=_("To"))

    class Meta:
        model = VitalSign
        fields = ["patient"]


class YesNo(forms.NullBooleanSelect):
    """Yes or no, or nothing asked: Django's own select calls that unknown."""

    def __init__(self) -> None:
        super().__init__()
        self.choices = [("unknown", _("Any")), ("true", _("Yes")), ("false", _("No"))]


class ConsultationFilter(FilterSet):
    """Consultations by patient, doctor, day and whether they are finished."""

    patient = patient()
    doctor = doctor()
    consultation_from = django_filters.DateFilter(
        field_name="consultation_date", lookup_expr="date__gte", label=_("From")
    )
    consultation_to = django_filters.DateFilter(field_name="consultation_date", lookup_expr="date__lte", label=_("To"))
    open = django_filters.BooleanFilter(field_name="completed_at", lookup_expr="isnull", label=_("Open"), widget=YesNo)

    class Meta:
        model = Consultation
        fields = ["patient", "doctor"]


class PrescriptionFilter(FilterSet):
    """Prescriptions by patient, doctor and state."""

    patient = patient()
    doctor = doctor()
    state = django_filters.ChoiceFilter(
        label=_("State"), method="by_state", choices=[("active", _("Active")), ("expired", _("Expired"))]
    )

    class Meta:
        model = Prescription
        fields = ["patient", "doctor"]

    def by_state(self, queryset: Any, name: str, value: str) -> Any:
        """RULE-RX-3; the discontinued are shown with the inactive."""
        return queryset.current() if value == "active" else queryset.expired()


class OverrideFilter(FilterSet):
    """Acknowledged warnings by patient, doctor, day and kind."""

    patient = patient()
    overridden_by_user = doctor("overridden_by_user")
    kind = django_filters.ChoiceFilter(
        label=_("Kind"),
        method="of_kind",
        choices=[("allergy", _("Allergy")), ("interaction", _("Interaction")), ("duplicate", _("Duplicate"))],
    )
    prescribed_from = django_filters.DateFilter(field_name="prescribed_date", lookup_expr="gte", label=_("From"))
    prescribed_to = django_filters.DateFilter(field_name="prescribed_date", lookup_expr="lte", label=_("To"))

    class Meta:
        model = Prescription
        fields = ["patient"]

    def of_kind(self, queryset: Any, name: str, value: str) -> Any:
        """Looked for in the text of the JSON, which both engines write alike."""
        return queryset.annotate(warned=Cast("safety_warnings", TextField())).filter(warned__contains=f'"{value}"')


class LabTestFilter(FilterSet):
    """The worklist by status, patient and doctor; `inbox` is the doctor's own unreviewed results."""

    status = django_filters.ChoiceFilter(choices=LabTestStatus.choices)
    patient = patient()
    ordered_by_doctor = doctor("ordered_by_doctor")
    is_abnormal = django_filters.BooleanFilter(label=_("Abnormal"), widget=YesNo)
    is_critical = django_filters.BooleanFilter(label=_("Critical"), widget=YesNo)
    inbox = django_filters.ChoiceFilter(label=_("My inbox"), method="in_inbox", choices=[("1", _("To review"))])

    class Meta:
        model = LabTest
        fields = ["status", "patient", "ordered_by_doctor", "is_abnormal", "is_critical"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not LabTest.results_visible_to(self.request.user):
            for name in ("is_abnormal", "is_critical", "inbox"):
                del self.filters[name]

    def in_inbox(self, queryset: Any, name: str, value: str) -> Any:
        """Completed, for this doctor, seen by nobody yet (RULE-LAB-3)."""
        return queryset.inbox_of(self.request.user)


class MedicationFilter(FilterSet):
    """The catalogue by class."""

    class Meta:
        model = Medication
        fields = ["drug_class"]
