"""Pages for medical records and coded allergies."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from healthcare.access import visible_or_denied
from healthcare.generic import (
    Action,
    ActionPage,
    Column,
    CreatePage,
    DetailPage,
    EditPage,
    FormPage,
    ListPage,
)
from patients import forms
from patients.filters import MedicalRecordFilter
from patients.models import MedicalRecord, Patient, PatientAllergy
from patients.views.chart import record_sections


class MedicalRecordList(ListPage):
    """All medical records."""

    permission = "medical_records.view"
    create_permission = "medical_records.edit"
    model = MedicalRecord
    filterset_class = MedicalRecordFilter
    ordering = ("patient__last_name", "patient__first_name")
    select_related = ("patient",)
    columns = (
        Column("patient.full_name", _("Patient"), ordering="patient__last_name"),
        Column("patient.patient_number", ordering="patient__patient_number"),
        Column("patient.date_of_birth"),
        Column("blood_type"),
        Column("allergy_status"),
    )


class MedicalRecordDetail(DetailPage):
    """One medical record."""

    permission = "medical_records.view"
    model = MedicalRecord
    sections = record_sections()
    actions = (
        Action(_("Edit"), "medical_record_edit", form=forms.MedicalRecordForm, style="primary", icon="pencil"),
        Action(
            _("Chart"),
            "patient_detail",
            icon="person-vcard",
            key=lambda record: record.patient_id,
        ),
    )


class MedicalRecordCreate(CreatePage):
    """Make the record of a patient who has none."""

    permission = "medical_records.edit"
    model = MedicalRecord
    form_class = forms.CreateMedicalRecordForm


class MedicalRecordEdit(EditPage):
    """Change a medical record."""

    permission = "medical_records.edit"
    model = MedicalRecord
    form_class = forms.MedicalRecordForm


class MedicalRecordDelete(ActionPage):
    """Says why a record is never deleted."""

    permission = "medical_records.edit"
    model = MedicalRecord
    form_class = forms.DeleteMedicalRecordForm


class AllergyPage(FormPage):
    """A form about a coded allergy; leads back to the chart."""

    abstract = True
    model = PatientAllergy

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        return [
            (_("Patients"), reverse("patient_list")),
            (str(self.get_patient()), self.get_patient().get_absolute_url()),
            (self.get_page_title(), ""),
        ]

    def get_cancel_url(self) -> str:
        return str(self.get_patient().get_absolute_url())


class PatientAllergyCreate(AllergyPage, CreatePage):
    """Add an allergy to a patient."""

    permission = "allergies.add"
    form_class = forms.AddAllergyForm

    @cached_property
    def patient(self) -> Patient:
        """The patient named in the URL."""
        return visible_or_denied(Patient.objects.all(), self.request.user, pk=self.kwargs["pk"])

    def get_patient(self) -> Patient:
        return self.patient

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"patient": self.patient}


class PatientAllergyEdit(AllergyPage, EditPage):
    """Change an allergy."""

    permission = "allergies.edit"
    form_class = forms.ChangeAllergyForm


class PatientAllergyEnteredInError(AllergyPage, ActionPage):
    """Mark an allergy as entered in error."""

    permission = "allergies.edit"
    form_class = forms.AllergyEnteredInErrorForm
