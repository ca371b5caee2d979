"""The front desk reads no clinical text, whatever it opens (ROLE-2)."""

from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook
from pypdf import PdfReader

from clinical.models import ConsultationAddendum
from healthcare.clock import now, today
from healthcare.generic.lists import ListPage
from patients.models import Patient
from scheduling.models import Appointment
from tests.factories import (
    ConsultationFactory,
    LabTestFactory,
    PatientAllergyFactory,
    PrescriptionFactory,
    ProblemFactory,
    VitalSignFactory,
)
from tests.kernel.access_table import TABLE
from tests.kernel.routes import KEYS, PARENTS, VIEWS, url_for

CANARY = "Zebrafishcanary"
NOTE = ("chief_complaint", "present_illness", "examination_findings", "diagnosis", "treatment_plan", "notes")
RECORD = ("allergies", "chronic_conditions", "past_surgeries", "family_history", "medications")


def text_of(response):
    """What somebody could read of an answer: pages, cells, paper."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    kind = response.headers.get("Content-Type", "")
    if kind.startswith("application/vnd.openxml"):
        rows = load_workbook(BytesIO(body), read_only=True).active.iter_rows(values_only=True)
        return " ".join(str(cell) for row in rows for cell in row)
    if kind.startswith("application/pdf"):
        return " ".join(page.extract_text() for page in PdfReader(BytesIO(body)).pages)
    return body.decode(errors="replace")


@pytest.fixture
def visit():
    """A visit of today whose every clinical text holds the canary; its follow-up is due."""
    note = ConsultationFactory(
        completed=True, **dict.fromkeys(NOTE, CANARY), follow_up_required=True, follow_up_date=today()
    )
    patient = note.patient
    ConsultationAddendum.objects.create(consultation=note, author=note.doctor, text=CANARY)
    PrescriptionFactory(consultation=note, medication_name=CANARY, special_instructions=CANARY)
    LabTestFactory(consultation=note, status="completed", sample_collected_date=now(), result_value=CANARY)
    VitalSignFactory(patient=patient, notes=CANARY)
    ProblemFactory(patient=patient, title=CANARY)
    PatientAllergyFactory(patient=patient, substance="Latex", reaction=CANARY)
    record = patient.medical_record
    for field in RECORD:
        if hasattr(record, field):
            setattr(record, field, CANARY)
    record.save()
    return note.appointment


@pytest.mark.django_db
@pytest.mark.spec("ROLE-2", "BYD-2")
def test_no_page_of_the_desk_shows_clinical_text(login, receptionist, visit):
    client, opened = login(receptionist), 0
    rows = {Patient: visit.patient, Appointment: visit}
    for name in (name for name, letters in TABLE.items() if "R" in letters and letters != "public"):
        row = rows.get(PARENTS.get(name) or getattr(VIEWS[name], "model", None))
        url = reverse(name, args=[row.pk]) if KEYS[name] and row else url_for(name, receptionist)
        queries = (
            [{}, {"export": "xlsx"}, {"q": visit.patient.last_name}] if issubclass(VIEWS[name], ListPage) else [{}]
        )
        for query in queries:
            response = client.get(url, query)
            assert response.status_code in (200, 302, 404, 405), name
            assert CANARY not in text_of(response), (name, query)
            opened += response.status_code == 200
    assert opened > 40
