"""What the consulting room added stays within the roles in the API too."""

import pytest

from healthcare.clock import now
from tests.factories import ConsultationFactory, LabTestFactory, VitalSignFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("ROLE-2", "API-3")]
CODES = [{"code": "B20", "title": "Human immunodeficiency virus [HIV] disease"}]


def test_codes_are_clinical_text(api_of, doctor):
    note = ConsultationFactory(doctor=doctor, completed=True, diagnosis_codes=CODES)
    (row,) = api_of("billing_officer").data("GET", "/consultations")["items"]
    assert row["id"] == str(note.pk) and "diagnosis_codes" not in row and "B20" not in str(row)
    assert api_of("doctor").data("GET", f"/consultations/{note.pk}")["diagnosis_codes"] == CODES


def test_whether_a_result_is_critical_is_a_result(api_of):
    test = LabTestFactory(status="in_progress", sample_collected_date=now())
    assert "is_critical" not in api_of("nurse").data("GET", f"/lab-tests/{test.pk}")
    assert "is_critical" in api_of("doctor").data("GET", f"/lab-tests/{test.pk}")


@pytest.mark.spec("BYD-9", "API-4")
def test_measurements_in_other_units_and_with_consciousness(api_of):
    patient = VitalSignFactory().patient
    body = {"patient_id": str(patient.pk), "weight_kg": "154", "weight_unit": "lb", "consciousness": "A"}
    made = api_of("nurse").data("POST", "/vital-signs", body, status=201)
    assert (float(made["weight_kg"]), made["consciousness"]) == (69.85, "A")


@pytest.mark.spec("BYD-11", "API-4")
def test_codes_are_written_through_the_same_form(api_of, doctor):
    note = ConsultationFactory(doctor=doctor)
    path, api = f"/consultations/{note.pk}", api_of("doctor")
    made = api.data("PATCH", path, {"diagnosis_codes": ["I10", "J45.909"]})["diagnosis_codes"]
    assert [entry["code"] for entry in made] == ["I10", "J45.909"]
    kept = api.data("PATCH", path, {"chief_complaint": "Headache"})["diagnosis_codes"]
    assert kept == made
    # What was read can be sent back; what is left out of a PUT is emptied.
    assert api.data("PUT", path, {"diagnosis": "x", "diagnosis_codes": made})["diagnosis_codes"] == made
    assert api.data("PUT", path, {"diagnosis": "x"})["diagnosis_codes"] == []
    assert api.send("PATCH", path, {"diagnosis_codes": ["X99"]}).status_code == 400
