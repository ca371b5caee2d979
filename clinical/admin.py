"""Clinical entities in the Django admin: what has rules beyond one form is read-only there."""

from django.contrib import admin

from clinical import models
from clinical.forms.medications import DeactivateMedicationForm, MedicationForm, ReactivateMedicationForm
from clinical.forms.problems import ChangeProblemForm
from clinical.forms.vital_signs import EditVitalSignsForm, RecordVitalSignsForm
from healthcare.admin_site import ClinicAdmin, ReadOnlyInline


@admin.register(models.VitalSign)
class VitalSignAdmin(ClinicAdmin):
    """Measurements."""

    add_form = RecordVitalSignsForm
    change_form = EditVitalSignsForm
    list_display = ("patient", "recorded_at", "blood_pressure", "pulse_rate", "recorded_by_user")
    list_filter = ("recorded_at",)
    date_hierarchy = "recorded_at"
    search_fields = ("patient__last_name",)


class AddendumInline(ReadOnlyInline):
    """A consultation's addenda."""

    model = models.ConsultationAddendum
    fields = ("created_at", "author", "text")


class PrescriptionInline(ReadOnlyInline):
    """What was prescribed."""

    model = models.Prescription
    fields = ("medication_name", "dosage", "frequency", "duration", "is_active")


class LabTestInline(ReadOnlyInline):
    """What was ordered from the laboratory."""

    model = models.LabTest
    fields = ("test_name", "ordered_date", "status", "result_value", "result_unit")


class LabResultVersionInline(ReadOnlyInline):
    """Results before they were corrected."""

    model = models.LabResultVersion
    fields = ("created_at", "result_value", "result_unit", "reason")


@admin.register(models.Consultation)
class ConsultationAdmin(ClinicAdmin):
    """Consultations; only doctors write them."""

    list_display = ("patient", "consultation_date", "doctor", "state")
    list_filter = ("follow_up_required", "doctor")
    date_hierarchy = "consultation_date"
    search_fields = ("patient__last_name",)
    inlines = (AddendumInline, PrescriptionInline, LabTestInline)


@admin.register(models.ConsultationAddendum)
class ConsultationAddendumAdmin(ClinicAdmin):
    """Addenda; never changed."""

    list_display = ("consultation", "author", "created_at")
    list_select_related = ("consultation__patient", "author")
    list_filter = ("author", "created_at")
    search_fields = ("author__last_name", "consultation__patient__last_name")


@admin.register(models.Medication)
class MedicationAdmin(ClinicAdmin):
    """The medication catalogue."""

    add_form = change_form = MedicationForm
    list_display = ("name", "ingredients", "drug_class", "form", "route", "is_active")
    list_filter = ("is_active", "route")
    search_fields = ("name",)
    row_forms = (DeactivateMedicationForm, ReactivateMedicationForm)


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
    inlines = (LabResultVersionInline,)


@admin.register(models.LabResultVersion)
class LabResultVersionAdmin(ClinicAdmin):
    """Results before they were corrected; never changed."""

    list_display = ("lab_test", "result_value", "result_unit", "reason", "created_at")
    list_filter = ("created_at",)
    search_fields = ("lab_test__test_name", "lab_test__patient__last_name")


@admin.register(models.Problem)
class ProblemAdmin(ClinicAdmin):
    """Problem lists."""

    change_form = ChangeProblemForm
    list_display = ("patient", "title", "code", "status", "updated_at")
    list_filter = ("status",)
    search_fields = ("title", "code", "patient__last_name")


@admin.register(models.TextTemplate)
class TextTemplateAdmin(ClinicAdmin):
    """Doctors' own text templates."""

    list_display = ("name", "owner", "is_active", "updated_at")
    list_filter = ("is_active", "owner")
    search_fields = ("name", "text")
