"""`import_fhir`: the same patients as bundles and as CSV give the same clinic (API-6, DATA-2)."""

from __future__ import annotations

import csv
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from audit.models import AuditLog
from billing.models import Service
from clinical.models import Consultation, LabTest, Prescription, VitalSign
from departments.models import User
from patients.models import MedicalRecord, Patient, PatientAllergy
from scheduling.models import Appointment
from tests.synthea.files import counts, directory, read, run

pytestmark = [pytest.mark.django_db, pytest.mark.spec("API-6", "DATA-2")]
#: A child with little, and a man with an allergy and many visits.
WHO = ("593aaa05-d864-1df7-5b96-155fbdb19f28", "6761ab26-73e9-ad0b-cec4-56c6edd74762")
#: Left out is what bundles do not tell (the payer after the last visit, the membership number, the full name
#: of the state), and the first price of a service, which depends on whose chart comes first.
COMPARED = {
    Patient: "first_name last_name date_of_birth gender address city postal_code is_active",
    User: "id first_name last_name department__name",
    Appointment: "patient__first_name doctor_id appointment_date appointment_time duration_minutes appointment_type"
    " status reason started_at completed_at",
    Consultation: "patient__first_name doctor_id consultation_date chief_complaint diagnosis treatment_plan notes",
    VitalSign: "patient__first_name recorded_at systolic_bp diastolic_bp pulse_rate respiratory_rate"
    " temperature_celsius weight_kg height_cm oxygen_saturation",
    LabTest: "patient__first_name test_name result_value result_unit notes status result_date",
    Prescription: "patient__first_name medication_name medication_id prescribed_date is_active override_reason",
    PatientAllergy: "patient__first_name substance reaction severity status",
    MedicalRecord: "patient__first_name allergy_status chronic_conditions immunization_history",
    Service: "id name service_type is_active",
}


def clinic():
    """What stands in the clinic, without ids of the source's own."""
    found = {model: map(repr, model.objects.values_list(*names.split())) for model, names in COMPARED.items()}
    # A question of a survey, which Synthea's CSV puts among the laboratory's results and its bundles leave out.
    return {
        model: sorted(row for row in rows if "What address do you live at" not in row) for model, rows in found.items()
    }


def bundles():
    folder = directory("ca_59") / "fhir"
    found = [path for path in sorted(folder.glob("*.json")) if any(key in path.name for key in WHO)]
    return [*found, *folder.glob("practitioner*.json")]


def csv_of(folder):
    """The same patients' CSV."""
    folder.mkdir()
    for path in directory("ca_59").glob("*.csv"):
        rows = read(path)
        column = {"patients.csv": "Id", "claims.csv": "PATIENTID"}.get(path.name, "PATIENT")
        kept = [row for row in rows if column not in row or row[column] in WHO]
        with (folder / path.name).open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(kept)
    return folder


def load(tmp_path, *files):
    said = StringIO()
    call_command("import_fhir", *map(str, files), rejects=tmp_path / "fhir.csv", stdout=said)
    return said.getvalue(), read(tmp_path / "fhir.csv")


def test_bundles_and_csv_give_the_same_clinic_and_twice_is_once(tmp_path):
    with transaction.atomic():
        said, rejects = load(tmp_path, *bundles())
        first, rows = clinic(), counts()
        assert all(row["reason"] for row in rejects)
        assert AuditLog.objects.filter(action="import", entity_type="lab_test").count() == len(first[LabTest]) > 10
        assert "imported" in said
        again, _rejects = load(tmp_path, *bundles())
        assert counts() == rows and len(again.splitlines()) == len(said.splitlines())
        transaction.set_rollback(True)
    run(csv_of(tmp_path / "csv"), tmp_path)
    second = clinic()
    for model in COMPARED:
        assert first[model] == second[model], model


def test_bad_bundles_are_refused_and_bad_resources_told(tmp_path):
    for text in ("{", "[]", '{"resourceType": "Patient"}', "\x00", '{"resourceType": "Bundle"'):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(CommandError, match=r"bad\.json"):
            load(tmp_path, tmp_path / "bad.json")
    with pytest.raises(CommandError):
        load(tmp_path, tmp_path / "missing.json")
    good = {"resourceType": "Patient", "id": "p1", "name": [{"given": ["Ana"], "family": "Ruiz"}], "gender": "female"}
    odd = [None, 1, {"resource": None}, {"resource": {}}]
    bad = [
        {"resourceType": "Patient", "id": "p2", "name": []},
        {**good, "id": "p3", "birthDate": "2999-01-01"},
        {**good, "id": "p4", "birthDate": ["x"], "address": "nowhere"},
        {"resourceType": "Observation", "id": "o1", "subject": {"reference": "Patient/p1"}, "component": "x"},
        {"resourceType": "Encounter", "id": "e1", "class": [], "period": None},
        {"resourceType": "AllergyIntolerance", "id": "a1", "patient": {"reference": 5}, "reaction": [{"severity": 1}]},
    ]
    entries = [*odd, *({"resource": each} for each in [{**good, "birthDate": "1980-02-03"}, *bad])]
    (tmp_path / "mixed.json").write_text(json.dumps({"resourceType": "Bundle", "entry": entries}))
    _said, rejects = load(tmp_path, tmp_path / "mixed.json")
    assert list(Patient.objects.values_list("first_name", "last_name")) == [("Ana", "Ruiz")]
    assert {row["id"] for row in rejects} == {"p2", "p3", "p4", "o1", "e1", "a1"}


def test_that_no_allergy_is_known_becomes_no_allergy(tmp_path):
    person = {"resourceType": "Patient", "id": "p1", "name": [{"given": ["Ana"], "family": "Ruiz"}], "gender": "female"}
    none = {"coding": [{"system": "http://snomed.info/sct", "code": "716186003"}], "text": "No known allergy"}
    answer = {
        **{"resourceType": "AllergyIntolerance", "id": "a1", "patient": {"reference": "Patient/p1"}, "code": none},
        **{"clinicalStatus": {"coding": [{"code": "active"}]}, "recordedDate": "2020-01-01T00:00:00Z"},
    }
    entries = [{"resource": each} for each in ({**person, "birthDate": "1980-02-03"}, answer)]
    (tmp_path / "one.json").write_text(json.dumps({"resourceType": "Bundle", "entry": entries}))
    _said, rejects = load(tmp_path, tmp_path / "one.json")
    assert Patient.objects.count() == 1 and not rejects
    assert not PatientAllergy.objects.exists()
