"""What a doctor sees beside the note: the past, the present medications, the last measurements."""

from __future__ import annotations

from typing import Any

from clinical.models import Consultation, LabTest, Prescription, Problem
from clinical.models.prescriptions import last_expired
from clinical.prescribing import PatientSafety
from clinical.trends import SMALL, sets_of, sparklines
from healthcare.clock import today
from healthcare.compiled import Compiled

PAST_VISITS = 6
PAST_RESULTS = 8


@Compiled
def medications(patient: Any, expired: Any) -> Any:
    """What the patient takes, where prescriptions up to that day are no longer valid."""
    rows = Prescription.objects.current_after(expired).filter(patient_id=patient)
    return rows.select_related("medication").order_by("-prescribed_date")


@Compiled
def problems(patient: Any) -> Any:
    """What goes on beyond one visit."""
    return Problem.objects.current().filter(patient_id=patient)


@Compiled
def open_orders(patient: Any, consultation: Any) -> Any:
    """What was ordered elsewhere and has no result yet."""
    rows = LabTest.objects.filter(patient_id=patient).exclude(status__in=("completed", "cancelled"))
    return rows.exclude(consultation_id=consultation).order_by("-ordered_date")[: PAST_RESULTS + 1]


@Compiled
def results(patient: Any) -> Any:
    """The last results."""
    return LabTest.objects.filter(patient_id=patient, status="completed").order_by("-result_date")[: PAST_RESULTS + 1]


@Compiled
def past_visits(patient: Any, consultation: Any) -> Any:
    """The last consultations before this one."""
    rows = Consultation.objects.kept().filter(patient_id=patient).exclude(pk=consultation)
    return rows.select_related("doctor").order_by("-consultation_date")[: PAST_VISITS + 1]


@Compiled
def prescribed(consultation: Any) -> Any:
    """What was prescribed here."""
    return Prescription.objects.filter(consultation_id=consultation).order_by("created_at")


@Compiled
def ordered(consultation: Any) -> Any:
    """What was ordered here."""
    return LabTest.objects.filter(consultation_id=consultation).order_by("ordered_date")


def first(rows: Any, most: int) -> dict[str, Any]:
    """The newest rows, and their number as shown: `6+` where there are more."""
    found = list(rows)
    return {"rows": found[:most], "more": len(found) > most, "count": f"{most}+" if len(found) > most else len(found)}


def workspace(consultation: Consultation) -> dict[str, Any]:
    """The side columns of the consultation's page, in a fixed number of queries."""
    patient, key = consultation.patient, consultation.pk
    sets = sets_of(patient, SMALL)
    here = {"patient": patient, "consultation": consultation}
    signed = prescribed(key, **here)
    taken, safety = list(medications(patient.pk, last_expired(today()), patient=patient)), PatientSafety(patient)
    for row in taken:
        row.against = safety.against(row)
    return {
        "vitals": sets[:1],
        "vital_lines": sparklines(sets),
        "medications": taken,
        "problems": problems(patient.pk, patient=patient),
        "open_orders": first(open_orders(patient.pk, key, patient=patient), PAST_RESULTS),
        "record": getattr(patient, "medical_record", None),
        "past_visits": first(past_visits(patient.pk, key, patient=patient), PAST_VISITS),
        "results": first(results(patient.pk, patient=patient), PAST_RESULTS),
        "prescribed": signed,
        "to_sign": consultation.to_sign(signed),
        "ordered": ordered(key, **here),
    }
