"""Clinical entities in the Django admin: what has rules beyond one form is read-only there."""

from django.contrib import admin

from clinical import models
from clinical.forms.medications import MedicationForm
from clinical.forms.vital_signs import EditVitalSignsForm, RecordVitalSignsForm
from healthcare.admin_site import ClinicAdmin


@admin.register(models.VitalSign)
class VitalSignAdmin(ClinicAdmin):
    """Measurements."""

    add_form = RecordVitalSignsForm
    change_form = EditVitalSignsForm
    list_display = ("patient", "recorded_at", "blood_pressure", "pulse_rate", "recorded_by_user")
    date_hierarchy = "recorded_at"
    search_fields = ("patient__last_name",)


@admin.register(models.Consultation)
class ConsultationAdmin(ClinicAdmin):
    """Consultations; only doctors write them."""

    list_display = ("patient", "consultation_date", "doctor", "state")
    list_filter = ("follow_up_required", "doctor")
    date_hierarchy = "consultation_date"
    search_fields = ("patient__last_name",)


@admin.register(models.ConsultationAddendum)
class ConsultationAddendumAdmin(ClinicAdmin):
    """Addenda; never changed."""

    list_display = ("consultation", "author", "created_at")
    list_select_related = ("consultation__patient", "author")


@admin.register(models.Medication)
class MedicationAdmin(ClinicAdmin):
    """The medication catalogue."""

    add_form = change_form = MedicationForm
    list_display = ("name", "ingredients", "drug_class", "form", "route", "is_active")
    list_filter = ("is_active", "route")
    search_fields = ("name",)


@admin.register(models.Prescription)
class PrescriptionAdmin(ClinicAdmin):
    """Prescriptions; only doctors write them."""

    list_display = ("medication_name", "patient", "doctor", "prescribed_date", "state")
    list_filter = ("is_active",)
    date_hierarchy = "prescribed_date"
    search_fields = ("medication_name",)


@admin.register(models.LabTest)
class LabTestAdmin(ClinicAdmin):
    """Lab tests; ordered by doctors, moved on by the worklist's steps."""

    list_display = ("test_name", "patient", "ordered_by_doctor", "ordered_date", "status", "is_abnormal")
    list_filter = ("status", "is_abnormal")
    date_hierarchy = "ordered_date"
    search_fields = ("test_name",)
