"""The lasting medical record, with the question about allergies (BYD-3)."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from healthcare.fields import RemoteChoiceField
from healthcare.workflow import WorkflowForm, lock, refuse
from patients.forms.rules import refuse_merged
from patients.models import AllergyStatus, MedicalRecord, Patient, PatientAllergy


class MedicalRecordForm(WorkflowForm):
    """Change a medical record. The answer about allergies must agree with what is listed."""

    permission = "medical_records.edit"
    fieldsets: ClassVar[tuple[Any, ...]] = (
        (_("Allergies"), ("allergy_status", "allergies")),
        (_("Health"), ("blood_type", "chronic_conditions", "surgical_history", "immunization_history")),
        (_("Family and notes"), ("family_medical_history", "notes")),
    )

    class Meta:
        model = MedicalRecord
        fields = [
            "allergy_status",
            "allergies",
            "blood_type",
            "chronic_conditions",
            "surgical_history",
            "immunization_history",
            "family_medical_history",
            "notes",
        ]
        widgets: ClassVar = {
            "allergy_status": forms.RadioSelect,
            **{
                name: forms.Textarea(attrs={"rows": 3})
                for name in (
                    "allergies",
                    "chronic_conditions",
                    "surgical_history",
                    "immunization_history",
                    "family_medical_history",
                    "notes",
                )
            },
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        status, text = cleaned.get("allergy_status"), (cleaned.get("allergies") or "").strip()
        coded = self.coded_allergies()
        if status == AllergyStatus.NONE_KNOWN and (text or coded):
            message = _("“No known allergies” contradicts what is listed: %(listed)s")
            listed = ", ".join([*(str(row) for row in coded), *([text[:200]] if text else [])])
            self.add_error("allergy_status", refuse(message, "contradiction", listed=listed))
        elif status == AllergyStatus.LISTED and not text and not coded:
            message = _("Nothing is listed: add an allergy first, write it below, or choose another answer.")
            self.add_error("allergy_status", refuse(message, "contradiction"))
        elif status == AllergyStatus.NOT_ASKED and (text or coded):
            # What is listed was asked for.
            cleaned["allergy_status"] = AllergyStatus.LISTED
        return cleaned

    def coded_allergies(self) -> list[PatientAllergy]:
        """The coded allergies in force. The patient is locked, so that none is added meanwhile."""
        if not self.instance.patient_id:
            return []
        patient = lock(self.instance.patient)
        refuse_merged(patient)
        return patient.active_allergies()


class CreateMedicalRecordForm(MedicalRecordForm):
    """Make the record of a patient who has none (imported without one)."""

    fieldsets: ClassVar[tuple[Any, ...]] = ((_("Patient"), ("patient",)), *MedicalRecordForm.fieldsets)
    patient = RemoteChoiceField(Patient.objects.none(), locks=True, url_name="patient_options", label=_("Patient"))

    class Meta(MedicalRecordForm.Meta):
        fields: ClassVar = ["patient", *MedicalRecordForm.Meta.fields]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["patient"].queryset = Patient.objects.active()

    def clean_patient(self) -> Patient:
        """One record for each patient."""
        patient: Patient = self.cleaned_data["patient"]
        if MedicalRecord.objects.filter(patient=patient).exists():
            raise refuse(_("This patient has a medical record already."), code="unique")
        self.instance.patient = patient
        return patient


class DeleteMedicalRecordForm(WorkflowForm):
    """Refused, and says why: a record lives as long as its patient (FND-6)."""

    permission = "medical_records.edit"
    submit_label = _("Delete")
    question = _("Delete the medical record of {object}?")

    class Meta:
        model = MedicalRecord
        fields: list[str] = []

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return False

    def clean(self) -> dict[str, Any]:
        raise refuse(_("A medical record is never deleted. Deactivate the patient instead; the record stays."))
