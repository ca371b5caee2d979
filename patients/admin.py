"""Patients, their records and insurers in the Django admin."""

from django.contrib import admin

from healthcare.admin_site import ClinicAdmin
from patients.forms.allergy import ChangeAllergyForm
from patients.forms.insurance_provider import InsuranceProviderForm
from patients.forms.medical_record import MedicalRecordForm
from patients.forms.patient import EditPatientForm, RegisterPatientForm
from patients.models import InsuranceProvider, MedicalRecord, Patient, PatientAllergy


@admin.register(InsuranceProvider)
class InsuranceProviderAdmin(ClinicAdmin):
    """Insurers."""

    add_form = change_form = InsuranceProviderForm
    list_display = ("name", "contact_person", "phone", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name",)


@admin.register(Patient)
class PatientAdmin(ClinicAdmin):
    """Patients."""

    add_form = RegisterPatientForm
    change_form = EditPatientForm
    list_display = ("patient_number", "last_name", "first_name", "date_of_birth", "gender", "is_active")
    list_display_links = ("patient_number", "last_name")
    list_filter = ("is_active", "gender", "insurance_provider")
    search_fields = ("last_name",)
    ordering = ("last_name", "first_name", "id")


@admin.register(MedicalRecord)
class MedicalRecordAdmin(ClinicAdmin):
    """Medical records."""

    change_form = MedicalRecordForm
    list_display = ("patient", "blood_type", "allergy_status", "updated_at")
    list_filter = ("allergy_status", "blood_type")
    search_fields = ("patient__last_name",)


@admin.register(PatientAllergy)
class PatientAllergyAdmin(ClinicAdmin):
    """Coded allergies."""

    change_form = ChangeAllergyForm
    list_display = ("patient", "substance", "reaction", "severity", "status")
    list_filter = ("severity", "status")
    search_fields = ("substance",)
