"""What goes wrong on any day and is put right, so that the demo shows it; and the doctors' text templates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from itertools import islice
from typing import Any

from clinical.forms.lab_tests import CorrectResultForm
from clinical.forms.prescriptions import DiscontinuePrescriptionForm, PrescribeForm
from clinical.forms.problems import TextTemplateForm
from clinical.forms.vital_signs import RecordVitalSignsForm, VitalSignsEnteredInErrorForm
from clinical.models import Consultation, LabTest, Prescription, VitalSign
from clinical.safety import resolve_medication
from departments.models import User

#: What a doctor of the demo types as `.lungs`.
TEMPLATES = {
    "lungs": "Lungs clear on both sides, no wheeze, no crackles, breathing unlaboured.",
    "abdomen": "Abdomen soft, no tenderness, no masses, bowel sounds normal.",
}


def correct_mistakes(do: Callable[..., Any], day: date) -> None:
    """A measurement of the wrong patient is withdrawn, a mistyped result corrected, a medicine stopped."""
    last = VitalSign.objects.filter(recorded_at__date=day).order_by("-recorded_at", "-id").first()
    if last is not None:
        data = {"patient": last.patient_id, "systolic_bp": "171", "diastolic_bp": "102", "pulse_rate": "118"}
        mistaken = do(RecordVitalSignsForm, last.recorded_by_user, data=data)
        reason = {"entered_in_error_reason": "Measured the patient of the next room"}
        do(VitalSignsEnteredInErrorForm, last.recorded_by_user, instance=mistaken, data=reason)
    test = LabTest.objects.filter(status="completed", result_date__date=day).order_by("id").first()
    if test is not None:
        data = {
            "result_value": f"{test.result_value} (repeated)",
            "result_unit": test.result_unit,
            "reference_range": test.reference_range,
            "correction_reason": "Sample measured twice after a warning of the analyser",
        }
        do(CorrectResultForm, test.ordered_by_doctor, instance=test, data=data)
    taken = Prescription.objects.current(day).filter(prescribed_date__lt=day).order_by("-prescribed_date", "id").first()
    if taken is not None:
        reason = {"discontinued_reason": "Nausea since the second day; the patient rang"}
        do(DiscontinuePrescriptionForm, taken.doctor, instance=taken, data=reason)


def go_on_against_a_warning(do: Callable[..., Any], day: date) -> None:
    """One prescription in spite of a listed allergy, so that the report of acknowledged warnings has a row."""
    notes = Consultation.objects.kept().filter(consultation_date__date=day, patient__patient_allergies__status="active")
    named = (
        (note, allergy.substance)
        for note in notes.select_related("doctor", "patient").order_by("id").distinct()
        for allergy in note.patient.active_allergies()
        if resolve_medication(allergy.substance).ingredients  # a medicine, not latex
    )
    for note, substance in islice(named, 1):
        data = {
            "consultation": note.pk,
            "medication_name": substance,
            "dosage": "1 tablet",
            "frequency": "bid",
            "duration": "5 days",
            "acknowledge_warnings": "on",
            "override_reason": "Mild rash as a child; tolerated under observation since",
        }
        do(PrescribeForm, note.doctor, data=data)


def write_templates(do: Callable[..., Any], doctors: Iterable[User]) -> None:
    """Two templates for each doctor of the day."""
    for doctor in doctors:
        for name, text in TEMPLATES.items():
            do(TextTemplateForm, doctor, data={"name": name, "text": text})
