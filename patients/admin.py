"""Patients, their records and insurers in the Django admin."""

from django.contrib import admin

from healthcare.admin_site import ClinicAdmin, ReadOnlyInline
from patients import forms
from patients.forms.allergy import ChangeAllergyForm
from patients.forms.insurance_provider import InsuranceProviderForm
from patients.forms.medical_record import MedicalRecordForm
from patients.forms.patient import EditPatientForm, RegisterPatientForm
from patients.imports.models import PatientImport
from patients.models import InsuranceProvider, MedicalRecord, Patient, PatientAllergy, PatientMerge


@admin.register(InsuranceProvider)
class InsuranceProviderAdmin(ClinicAdmin):
    """Insurers."""

    add_form = change_form = InsuranceProviderForm
    list_display = ("name", "contact_person", "phone", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name",)
    row_forms = (forms.DeactivateInsuranceProviderForm, forms.ReactivateInsuranceProviderForm)


class MedicalRecordInline(ReadOnlyInline):
    """A patient's medical record."""

    model = MedicalRecord
    fields = ("blood_type", "allergy_status", "updated_at")


class AllergyInline(ReadOnlyInline):
    """A patient's coded allergies."""

    model = PatientAllergy
    fields = ("substance", "reaction", "severity", "status")


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
    row_forms = (forms.DeactivatePatientForm, forms.ReactivatePatientForm)
    inlines = (MedicalRecordInline, AllergyInline)


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


@admin.register(PatientMerge)
class PatientMergeAdmin(ClinicAdmin):
    """Charts that were merged; parted again on the clinic's own pages."""

    hidden = frozenset({"undo_data"})
    list_display = ("kept", "merged", "created_at", "merged_by_user")
    list_filter = ("created_at",)
    search_fields = ("kept__last_name", "merged__last_name", "kept__patient_number", "merged__patient_number")


@admin.register(PatientImport)
class PatientImportAdmin(ClinicAdmin):
    """Files of patients; brought in on the clinic's own pages."""

    hidden = frozenset({"stored_as", "problems"})
    list_display = ("file_name", "status", "created_at", "created_by_user")
    list_filter = ("status", "created_at")
    search_fields = ("file_name",)
