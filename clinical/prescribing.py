"""What the safety check must know of a patient, gathered once per form."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from clinical.models import Prescription
from clinical.safety import Allergy, CurrentMedication, Result, SafetyDataError, check
from healthcare.workflow import lock
from patients.models import AllergyStatus, MedicalRecord, Patient


def as_current(prescription: Prescription) -> CurrentMedication:
    """A prescription as the safety check takes it."""
    medication = prescription.medication
    return CurrentMedication(prescription.medication_name, medication.ingredient_list if medication else ())


class PatientSafety:
    """A patient's allergies and current medications (RULE-RX-2, RULE-RX-4)."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        self.locked = False
        #: Prescribed in the same form, before the row that is being checked.
        self.besides: list[CurrentMedication] = []

    def lock(self) -> None:
        """Wait for an allergy or a prescription that is being written for the patient at this moment; once a form."""
        if not self.locked:
            lock(self.patient)
            self.locked = True

    @cached_property
    def record(self) -> MedicalRecord | None:
        """The medical record, which holds the free text and whether anybody asked."""
        return MedicalRecord.objects.filter(patient=self.patient).first()

    @cached_property
    def allergies(self) -> list[Allergy]:
        """The coded allergies in force and the free text, which counts too."""
        coded = self.patient.active_allergies()
        found = [Allergy(a.substance, coded=True, severity=a.severity, reaction=a.reaction) for a in coded]
        if self.record is not None and self.record.allergies.strip():
            found.append(Allergy(self.record.allergies))
        return found

    @cached_property
    def current(self) -> list[Prescription]:
        """What the patient takes now."""
        return list(self.patient.prescriptions.current().select_related("medication"))

    def check(self, name: str, ingredients: Iterable[str] = (), *, replaced: Any = None) -> Result:
        """What speaks against this medication; `replaced` is the prescription that it takes the place of."""
        current = [as_current(p) for p in self.current if replaced is None or p.pk != replaced.pk]
        return check(name, ingredients=tuple(ingredients), allergies=self.allergies, current=[*current, *self.besides])

    def against(self, prescription: Prescription) -> list[str]:
        """The allergies on record that speak against what was prescribed and that nobody acknowledged: listed since."""
        if not self.allergies:
            return []
        known = {warning["message"] for warning in prescription.safety_warnings}
        try:
            result = check(
                prescription.medication_name, ingredients=as_current(prescription).ingredients, allergies=self.allergies
            )
        except SafetyDataError:  # said where something is prescribed
            return []
        return [w.message for w in result.warnings if w.kind == "allergy" and w.message not in known]

    def notices(self) -> list[str]:
        """What the prescriber should know although nothing matches."""
        if not self.allergies and (self.record is None or self.record.allergy_status == AllergyStatus.NOT_ASKED):
            return [_("Nobody has asked this patient about allergies yet, so none could be checked.")]
        return []
