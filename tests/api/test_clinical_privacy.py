"""What the consulting room added stays within the roles in the API too."""

import pytest

from audit.models import AuditLog
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


@pytest.fixture
def closed(doctor):
    """A note about somebody whose chart is confidential."""
    return ConsultationFactory(
        doctor=doctor, patient__is_confidential=True, patient__city="Hideaway", present_illness="Told in confidence"
    )


@pytest.mark.spec("AUD-4")
def test_a_confidential_chart_is_not_read_by_writing(api_of, closed):
    reason, patient = {"X-Access-Reason": "Moved house"}, closed.patient
    for role, path in (
        ("receptionist", f"/patients/{patient.pk}"),
        ("doctor", f"/medical-records/{patient.medical_record.pk}"),
        ("doctor", f"/consultations/{closed.pk}"),
        ("receptionist", f"/appointments/{closed.appointment_id}"),
    ):
        for method in ("PATCH", "PUT", "DELETE"):
            refused = api_of(role).send(method, path, {})
            assert (refused.status_code, refused.body["error"]["code"]) == (403, "reason_required"), (method, path)
    assert api_of("receptionist").data("PATCH", f"/patients/{patient.pk}", {"city": "Bern"}, **reason)["city"] == "Bern"
    assert AuditLog.objects.filter(action="open_confidential", patient_id=patient.pk).count() == 1


@pytest.mark.spec("AUD-4")
def test_lists_tell_of_a_confidential_chart_what_their_pages_tell(api_of, closed):
    ConsultationFactory(doctor=closed.doctor, present_illness="Told to everybody")
    doctor, path = api_of("doctor"), f"/consultations?patient_id={closed.patient_id}"
    for asked in ("/consultations", path):
        rows = {row["id"]: row for row in doctor.data("GET", asked)["items"]}
        assert "present_illness" not in rows[str(closed.pk)] and "diagnosis" in rows[str(closed.pk)]
        assert all(row["present_illness"] for key, row in rows.items() if key != str(closed.pk))
    (row,) = doctor.data("GET", f"/patients?q={closed.patient.patient_number}")["items"]
    assert row["last_name"] and "city" not in row
    # A reason opens the chart of the one patient who is asked for, and no list of many.
    (row,) = doctor.data("GET", path, **{"X-Access-Reason": "Treats them"})["items"]
    assert row["present_illness"] == "Told in confidence"
    assert AuditLog.objects.get(action="open_confidential").patient_id == closed.patient_id
    many = doctor.data("GET", "/consultations", **{"X-Access-Reason": "Treats them"})["items"]
    assert "Told in confidence" not in str(many)


@pytest.mark.spec("AUD-1")
def test_who_reads_one_patients_notes_in_a_list_stands_in_the_trail(api_of, doctor):
    note = ConsultationFactory(doctor=doctor)
    api_of("doctor").data("GET", "/consultations")
    assert not AuditLog.objects.filter(action="view").exists()
    for name in ("patient_id", "patient"):
        api_of("doctor").data("GET", f"/consultations?{name}={note.patient_id}")
    api_of("doctor").data("GET", f"/medical-records?patient_id={note.patient_id}")
    seen = AuditLog.objects.filter(action="view", patient_id=note.patient_id, user=doctor)
    assert list(seen.order_by("created_at").values_list("entity_type", flat=True)) == [
        *("consultation", "consultation", "medical_record")
    ]
    for path in ("/consultations?patient_id=nobody", "/medical-records?patient_id=nobody", "/patients?patient=nobody"):
        api_of("doctor").send("GET", path)
    api_of("doctor").data("GET", f"/medical-records?patient={note.patient_id}")  # a name that this list does not know
    assert seen.count() == AuditLog.objects.filter(action="view").count() == 3
