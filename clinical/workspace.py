"""What a doctor sees beside the note: the past, the present medications, the last measurements."""

from __future__ import annotations

from typing import Any

from django.db.models import prefetch_related_objects

from clinical.models import Consultation, LabTest
from clinical.trends import SMALL, sets_of, sparklines

PAST_VISITS = 6
PAST_RESULTS = 8


def workspace(consultation: Consultation) -> dict[str, Any]:
    """The side columns of the consultation's page, in a fixed number of queries."""
    patient = consultation.patient
    sets = sets_of(patient, SMALL)
    prefetch_related_objects([consultation], "prescriptions")
    return {
        "vitals": sets[:1],
        "vital_lines": sparklines(sets),
        "medications": list(patient.prescriptions.current().order_by("-prescribed_date")),
        "problems": list(patient.problems.current()),
        "open_orders": list(
            LabTest.objects.filter(patient=patient)
            .exclude(status__in=("completed", "cancelled"))
            .exclude(consultation=consultation)
            .order_by("-ordered_date")[:PAST_RESULTS]
        ),
        "record": getattr(patient, "medical_record", None),
        "past_visits": list(
            patient.consultations.kept()
            .exclude(pk=consultation.pk)
            .select_related("doctor")
            .order_by("-consultation_date")[:PAST_VISITS]
        ),
        "results": list(
            LabTest.objects.filter(patient=patient, status="completed").order_by("-ordered_date")[:PAST_RESULTS]
        ),
        "prescribed": sorted(consultation.prescriptions.all(), key=lambda row: row.created_at),
        "ordered": list(consultation.lab_tests.order_by("ordered_date")),
    }
