"""Coded allergies: added, changed, and marked as entered in error; never deleted."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.apps import apps
from django.utils.translation import gettext_lazy as _

from healthcare.text import fold, separated
from healthcare.workflow import WorkflowForm, lock, refuse
from patients.forms.rules import refuse_merged
from patients.models import AllergyStatus, MedicalRecord, Patient, PatientAllergy

Status = PatientAllergy.Status
#: What is no medicine, and classes as people call them.
COMMON = ("Latex", "Peanut", "Egg", "Shellfish", "Iodinated contrast", "Bee venom", "Penicillins", "Sulfa", "NSAIDs")
#: Written as a substance it would stand in every banner as an allergy, and answer a question that is still open.
NONE = frozenset(
    {
        *("", "no", "none", "nil", "na", "nka", "nkda", "not known", "none known", "not asked", "nothing", "denies"),
        *(f"{no} {what}" for no in ("no", "no known", "no drug", "no known drug") for what in ("allergy", "allergies")),
    }
)
#: An imported catalogue may have tens of thousands of products.
SUGGESTED_FROM = 2000


class SubstanceInput(forms.TextInput):
    """Free text with the formulary's ingredients and classes as suggestions."""

    template_name = "patients/substance_input.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["list"] = f"{context['widget']['attrs'].get('id', name)}_list"
        context["suggestions"] = substances()
        return context


def substances() -> list[str]:
    """What the formulary knows, each name once; the table is an app's above, and may not be there."""
    products = apps.get_model("clinical", "Medication").objects.filter(is_active=True)  # type: ignore[attr-defined]
    found = set(COMMON)
    for ingredients, drug_class in products.values_list("ingredients", "drug_class")[:SUGGESTED_FROM]:
        found |= {part for part in (*separated(ingredients), drug_class.strip()) if part}
    return sorted(found, key=str.casefold)


class AllergyForm(WorkflowForm):
    """What adding and changing share: no substance twice, and the record's answer follows."""

    class Meta:
        model = PatientAllergy
        fields = ["substance", "reaction", "severity"]
        widgets: ClassVar = {"substance": SubstanceInput}

    def clean_substance(self) -> str:
        """A substance, and not that there is none."""
        substance: str = self.cleaned_data["substance"]
        if "substance" in self.changed_data and " ".join(re.sub(r"[^\w\s]", "", fold(substance)).split()) in NONE:
            message = _(
                "This is no substance. That no allergies are known is noted in the medical record, by a doctor."
            )
            raise refuse(message, code="none")
        return substance

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        # Two writers on one patient wait for each other here.
        self.patient: Patient = lock(self.instance.patient)
        refuse_merged(self.patient)
        substance = fold(cleaned.get("substance") or self.instance.substance).split()
        status = cleaned.get("status") or self.instance.status
        others = [row for row in self.patient.active_allergies() if row.pk != self.instance.pk]
        if status == Status.ACTIVE and any(fold(row.substance).split() == substance for row in others):
            self.add_error("substance", refuse(_("This allergy is listed already."), code="unique"))
        return cleaned

    def save(self, commit: bool = True) -> Any:
        allergy = super().save(commit)
        follow_allergies(self.patient)
        return allergy


class AddAllergyForm(AllergyForm):
    """Add a coded allergy; the record then says that allergies are listed."""

    permission = "allergies.add"
    submit_label = _("Add allergy")
    IDENTITY = ("substance",)

    class Meta(AllergyForm.Meta):
        pass

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.patient = patient
        self.initial.setdefault("shown_patient", patient.pk)

    def save(self, commit: bool = True) -> Any:
        self.instance.recorded_by_user = self.actor
        return super().save(commit)


class ChangeAllergyForm(AllergyForm):
    """Change a coded allergy, or say that it holds no longer."""

    permission = "allergies.edit"

    class Meta(AllergyForm.Meta):
        fields: ClassVar = [*AllergyForm.Meta.fields, "status", "status_reason"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("status") not in (None, Status.ACTIVE) and not (cleaned.get("status_reason") or "").strip():
            self.add_error("status_reason", refuse(_("Say why this allergy holds no longer."), code="required"))
        return cleaned


class AllergyEnteredInErrorForm(AllergyForm):
    """Say that an allergy was never true: it stays, out of force, with its reason (FND-6)."""

    permission = "allergies.edit"
    submit_label = _("Entered in error")
    question = _("Was {object} entered in error?")
    consequence = _("It no longer warns anybody. The row stays in the record with your reason.")
    danger = True

    class Meta:
        model = PatientAllergy
        fields: ClassVar = ["status_reason"]
        widgets: ClassVar = {"status_reason": forms.TextInput(attrs={"autofocus": True})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["status_reason"].required = True

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.status != Status.ENTERED_IN_ERROR

    def clean(self) -> dict[str, Any]:
        if self.instance.status == Status.ENTERED_IN_ERROR:
            raise refuse(_("This was done already."), code="transition")
        return super().clean()

    def save(self, commit: bool = True) -> Any:
        self.instance.status = Status.ENTERED_IN_ERROR
        return super().save(commit)


def follow_allergies(patient: Patient) -> None:
    """Make the record's answer agree with the coded allergies (BYD-3).

    The first one listed answers the question. When the last one is withdrawn and no text is left, nobody can say
    whether there are others: the question is open again.
    """
    record = MedicalRecord.objects.select_for_update().filter(patient=patient).first()
    if record is None:
        record = MedicalRecord(patient=patient)
    coded = PatientAllergy.objects.filter(patient=patient, status=Status.ACTIVE).exists()
    if coded:
        status = AllergyStatus.LISTED
    elif record.allergy_status == AllergyStatus.LISTED and not record.allergies.strip():
        status = AllergyStatus.NOT_ASKED
    else:
        return
    if record.allergy_status != status or record._state.adding:
        record.allergy_status = status
        record.save()
