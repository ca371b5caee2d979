"""Filters of the lists of patients, records and insurers."""

from typing import Any

import django_filters

from healthcare.filters import FilterSet
from healthcare.roles import may
from patients.models import AllergyStatus, BloodType, Gender, InsuranceProvider, MedicalRecord, Patient


class PatientFilter(FilterSet):
    """Patients by gender, insurer and date of birth."""

    gender = django_filters.ChoiceFilter(choices=Gender.choices)
    insurance_provider = django_filters.ModelChoiceFilter(queryset=InsuranceProvider.objects.all())
    date_of_birth = django_filters.DateFilter()

    class Meta:
        model = Patient
        fields = ["gender", "insurance_provider", "date_of_birth"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Who may not see the insurance may not find it out by filtering either.
        if not may(self.request.user, "patients.contact"):
            del self.filters["insurance_provider"]


class MedicalRecordFilter(FilterSet):
    """Records by blood type and by whether allergies were asked."""

    blood_type = django_filters.ChoiceFilter(choices=BloodType.choices)
    allergy_status = django_filters.ChoiceFilter(choices=AllergyStatus.choices)

    class Meta:
        model = MedicalRecord
        fields = ["blood_type", "allergy_status"]
