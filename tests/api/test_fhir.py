"""FHIR R4: every resource is valid, searches find, roles hold (API-6, DATA-5)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from fhir.resources.R4B import get_fhir_model_class

from audit.models import AuditLog
from clinical.models.problems import Problem
from healthcare.clock import now, today
from healthcare.fhir.export import make
from healthcare.fhir.types import KINDS
from healthcare.roles import Role
from patients.models import MedicalRecord
from tests import factories
from tests.api.conftest import Api

pytestmark = [pytest.mark.django_db, pytest.mark.spec("API-6")]
#: Who may read each type, as on pages.
ROLES = {
    "Patient": "ADNRB",
    "Practitioner": "ADNRB",
    "Organization": "ADNRB",
    "Coverage": "ADRB",
    "AllergyIntolerance": "ADN",
    "Appointment": "ADNRB",
    "Encounter": "AD",
    "Condition": "AD",
    "Observation": "ADN",
    "ServiceRequest": "ADN",
    "MedicationRequest": "AD",
    "Invoice": "AB",
}


class Fhir(Api):
    """A person's client under /fhir."""

    def get(self, path):
        response = self.client.get(f"/fhir{path}", headers=self.headers)
        response.body = response.json()
        assert response.headers["Content-Type"] == "application/fhir+json"
        assert response.headers["Cache-Control"] == "no-store"
        return response

    def find(self, path):
        response = self.get(path)
        assert response.status_code == 200, response.content
        get_fhir_model_class("Bundle").model_validate(response.body)
        return [entry["resource"] for entry in response.body.get("entry", [])]


@pytest.fixture
def chart(doctor):
    """A patient with one of everything."""
    patient = factories.PatientFactory(
        first_name="María José",
        last_name="Rentería",
        phone="+12025550143",
        email="maria@mail.test",
        address="1 Main Street",
        city="Lugano",
        emergency_contact_name="José",
        emergency_contact_phone="+12025550144",
        emergency_contact_relationship="brother",
        insurance_provider=factories.InsuranceProviderFactory(),
        insurance_policy_number="X-1",
    )
    factories.DepartmentFactory()
    factories.PatientAllergyFactory(patient=patient, reaction="hives")
    factories.PatientAllergyFactory(patient=patient, substance="Latex", status="entered_in_error")
    visit = factories.ConsultationFactory(
        patient=patient,
        doctor=doctor,
        completed=True,
        chief_complaint="Cough",
        diagnosis_codes=[{"code": "I10", "title": "Essential hypertension"}],
    )
    factories.ConsultationFactory(patient=patient, doctor=doctor)
    factories.VitalSignFactory(
        patient=patient,
        pulse_rate=70,
        temperature_celsius=Decimal("37.5"),
        respiratory_rate=14,
        oxygen_saturation=98,
        weight_kg=Decimal("70.5"),
        height_cm=Decimal("175.0"),
    )
    factories.VitalSignFactory(patient=patient, entered_in_error_at=now(), recorded_at=now() - timedelta(days=9))
    done = {"status": "completed", "sample_collected_date": now(), "result_date": now()}
    common = {"consultation": visit, "patient": patient, "ordered_by_doctor": doctor}
    factories.LabTestFactory(
        **common, **done, result_value="4.2", result_unit="mmol/L", reference_range="3.5-5.1", is_abnormal=False
    )
    factories.LabTestFactory(**common, **done, test_name="Culture", result_value="NaN", is_abnormal=True)
    factories.LabTestFactory(**common, test_name="Ordered only")
    medication = factories.MedicationFactory(atc_code="N02BE01")
    factories.PrescriptionFactory(consultation=visit, medication=medication, quantity=20, route="oral")
    factories.PrescriptionFactory(consultation=visit, is_active=False, special_instructions="with food")
    for status in ("active", "entered_in_error"):
        Problem.objects.create(patient=patient, title="Asthma", code="J45.909", noted_by_user=doctor, status=status)
    factories.InvoiceFactory(patient=patient, status="paid")
    return patient


@pytest.mark.parametrize("kind", KINDS)
def test_every_resource_is_valid_and_found_again(chart, administrator, kind):
    fhir = Fhir(administrator)
    found = fhir.find(f"/{kind}")
    assert found
    for resource in found:
        assert resource["resourceType"] == kind
        get_fhir_model_class(kind).model_validate(resource)
        response = fhir.get(f"/{kind}/{resource['id']}")
        assert response.status_code == 200 and response.body == resource
    assert fhir.find(f"/{kind}?_id={found[0]['id'][:36]}")[0]["id"][:36] == found[0]["id"][:36]
    assert fhir.get(f"/{kind}/00000000-0000-7000-8000-000000000000").status_code == 404
    assert fhir.get(f"/{kind}/x").status_code == 404


@pytest.mark.spec("ROLE-2")
@pytest.mark.parametrize("kind", KINDS)
def test_roles_hold(chart, administrator, staff, kind):
    one = Fhir(administrator).find(f"/{kind}")[0]["id"]
    for letter, role in zip("ADNRB", Role, strict=True):
        for path in (f"/{kind}", f"/{kind}/{one}"):
            response = Fhir(staff[role]).get(path)
            allowed = letter in ROLES[kind]
            # Billing officers see completed visits only, nurses no result, and insurers have roles of their own.
            expected = (200, 403) if allowed and path != f"/{kind}" else (200,) if allowed else (403,)
            assert response.status_code in expected, (kind, role, path, response.status_code)
            if response.status_code == 403:
                assert response.body["resourceType"] == "OperationOutcome" and b"Renter" not in response.content
    assert Fhir().get(f"/{kind}").status_code == 401


def test_what_a_role_does_not_see_is_absent(chart, nurse, doctor):
    shown = Fhir(nurse).find("/Patient")[0]
    assert "address" not in shown and "contact" not in shown and [t["system"] for t in shown["telecom"]] == ["phone"]
    codes = [part["category"][0]["coding"][0]["code"] for part in Fhir(nurse).find("/Observation")]
    assert set(codes) == {"vital-signs"}
    assert len(Fhir(doctor).find("/Observation")) == len(codes) + 2


def test_searches(chart, doctor):
    other = factories.PatientFactory(last_name="Other", first_name="John", date_of_birth="2001-01-01", gender="male")
    fhir = Fhir(doctor)

    def count(path):
        return len(fhir.find(path))

    assert count("/Patient") == 2
    for query in (
        "name=renteria",
        "family=Rent",
        "given=Mar",
        "birthdate=1984-03-05",
        "gender=female",
        f"identifier={chart.patient_number}",
        # What a comma separates is any of it.
        f"identifier=urn:x|P-999999,urn:x|{chart.patient_number}",
        "gender=female,other",
        "family=Nobody,Rent",
        f"identifier=urn:x|{chart.patient_number}",
        f"_id={chart.pk}",
    ):
        assert [row["id"] for row in fhir.find(f"/Patient?{query}")] == [str(chart.pk)], query
    assert count(f"/Encounter?patient={chart.pk}") == count(f"/Encounter?patient=Patient/{chart.pk}") == 2
    assert count(f"/Encounter?patient={other.pk}") == 0
    assert count("/Encounter?status=finished") == 1 and count("/Encounter?status=nonsense") == 0
    assert count("/Appointment?status=fulfilled,booked") == 1
    assert count(f"/Appointment?date={today()}") == 2 and count(f"/Appointment?date=lt{today()}") == 0
    assert count(f"/Observation?date=le{today() - timedelta(days=5)}") == 1
    assert count("/Observation?status=entered-in-error") == 1
    assert count("/Practitioner?date=2026-01-01") == 0
    for query in ("date=x", "patient=x", "_count=x", "_id=x"):
        response = fhir.get(f"/Encounter?{query}")
        assert response.status_code == 400 and response.body["issue"][0]["code"] == "invalid"
    page = fhir.get("/ServiceRequest?_count=2").body
    assert page["total"] == 3 and len(page["entry"]) == 2
    following = next(link["url"] for link in page["link"] if link["relation"] == "next")
    assert len(fhir.find(following.removeprefix("http://testserver/fhir"))) == 1


@pytest.mark.spec("DATA-5")
def test_everything_of_a_patient_is_one_bundle(chart, doctor, receptionist):
    factories.VitalSignFactory()
    found = Fhir(doctor).find(f"/Patient/{chart.pk}/$everything")
    kinds = {resource["resourceType"] for resource in found}
    assert kinds == set(KINDS) - {"Practitioner", "Organization", "Invoice"}
    for resource in found:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        about = resource.get("subject") or resource.get("patient") or resource.get("beneficiary")
        assert about is None or about["reference"] == f"Patient/{chart.pk}"
    assert len({(resource["resourceType"], resource["id"]) for resource in found}) == len(found)
    assert AuditLog.objects.filter(action="export", entity_id=chart.pk, new_values__format="fhir").exists()
    assert Fhir(receptionist).get(f"/Patient/{chart.pk}/$everything").status_code == 403


def test_pages_follow_each_other_to_the_end(chart, doctor):
    """Each row once, none left out, over all tables of a chart and of a search; a deep page asks no more."""
    whole = Fhir(doctor).get(f"/Patient/{chart.pk}/$everything").body
    assert whole["total"] == len(whole["entry"]) and [each["relation"] for each in whole["link"]] == ["self"]
    for path, size in ((f"/Patient/{chart.pk}/$everything", 2), (f"/Condition?patient={chart.pk}", 1)):
        everything = [each["fullUrl"] for each in Fhir(doctor).get(path).body["entry"]]
        walked, asked = [], f"{path}{'&' if '?' in path else '?'}_count={size}"
        queries = set()
        while asked:
            with CaptureQueriesContext(connection) as captured:
                page = Fhir(doctor).get(asked).body
            queries.add(len(captured))
            walked += [each["fullUrl"] for each in page["entry"]]
            links = {each["relation"]: each["url"] for each in page["link"]}
            asked = links.get("next", "").partition("/fhir")[2]
        assert walked == everything and len(set(walked)) == len(walked) > size
        assert max(queries) <= 25, queries
    counted = Fhir(doctor).get("/Encounter?_count=0").body
    assert counted["total"] == 2 and "entry" not in counted and len(counted["link"]) == 1
    for wrong in ("x", "0.x", "99.00000000-0000-7000-8000-000000000000", "0.00000000-0000-7000-8000-000000000000"):
        assert Fhir(doctor).get(f"/Encounter?_after={wrong}").status_code == 400


def test_a_long_chart_costs_no_more_queries(chart, doctor, administrator):
    found = []
    for more in (0, 12):
        for _ in range(more):
            visit = factories.ConsultationFactory(patient=chart, doctor=doctor, completed=True)
            factories.VitalSignFactory(patient=chart)
            factories.LabTestFactory(consultation=visit, patient=chart, ordered_by_doctor=doctor)
            medication = factories.MedicationFactory()
            factories.PrescriptionFactory(consultation=visit, medication=medication)
            factories.InvoiceFactory(patient=chart, status="issued")
        with CaptureQueriesContext(connection) as queries:
            whole = Fhir(administrator).get(f"/Patient/{chart.pk}/$everything").body
        found.append((len(queries), whole["total"]))
    assert found[0][0] >= found[1][0] and found[1][1] > found[0][1] + 60, found


@pytest.mark.spec("API-6", "AUD-1")
def test_reading_is_audited(chart, doctor):
    Fhir(doctor).get(f"/Patient/{chart.pk}")
    Fhir(doctor).get(f"/Observation?patient={chart.pk}")
    assert AuditLog.objects.filter(action="view", patient_id=chart.pk, user=doctor).count() == 2


def test_the_server_says_what_it_can(db):
    response = Fhir().get("/metadata")
    get_fhir_model_class("CapabilityStatement").model_validate(response.body)
    assert {each["type"] for each in response.body["rest"][0]["resource"]} == set(KINDS) == set(ROLES)
    assert Fhir().get("/Nothing").status_code == 404
    assert Fhir().client.post("/fhir/Patient").status_code == 405


def test_dates_of_any_precision_and_statuses(chart, doctor):
    fhir = Fhir(doctor)
    year = today().year

    def count(path):
        return len(fhir.find(path))

    assert count("/Patient?birthdate=1984") == count("/Patient?birthdate=ge1984-03&birthdate=lt1984-04") == 1
    assert count("/Patient?birthdate=gt1984-03-05") == count("/Patient?birthdate=ne1984") == 0
    assert count(f"/Appointment?date=ge{year - 1}") == count(f"/Appointment?date={today():%Y-%m}") == 2
    assert count(f"/Encounter?date=le{now():%Y-%m-%dT%H:%M:%SZ}") == 2
    assert count("/Encounter?_lastUpdated=lt2001-01-01T00:00:00%2B01:00") == 0
    assert count("/MedicationRequest?status=stopped") == count("/MedicationRequest?status=active") == 1
    assert count("/AllergyIntolerance?clinical-status=active") == 1
    assert count("/Condition?clinical-status=resolved") == 0
    for query in ("date=2026-13", "date=2026-02-30", "date=0000", "date=9999", "date=99999", "_lastUpdated=x"):
        assert fhir.get(f"/Encounter?{query}").status_code == 400, query


@pytest.mark.spec("API-6", "BYD-3", "ENT-3")
def test_allergies_in_free_text_and_none_known_are_told_and_not_asked_is_silent(doctor, nurse):
    said = {"text": {"allergies": "penicillin: anaphylaxis"}, "none": {"allergy_status": "none_known"}, "silent": {}}
    people = {name: factories.PatientFactory() for name in said}
    for name, patient in people.items():
        MedicalRecord.objects.filter(patient=patient).update(**said[name])
    for user in (doctor, nurse):
        told = {
            name: [found["code"] for found in Fhir(user).find(f"/AllergyIntolerance?patient={patient.pk}")]
            for name, patient in people.items()
        }
        none = {"system": "http://snomed.info/sct", "code": "716186003", "display": "No known allergy"}
        assert told["text"] == [{"text": "penicillin: anaphylaxis"}] and told["silent"] == []
        assert told["none"] == [{"coding": [none], "text": "No known allergy"}]
    for resource in Fhir(doctor).find("/AllergyIntolerance"):
        get_fhir_model_class("AllergyIntolerance").model_validate(resource)
    everything = Fhir(doctor).find(f"/Patient/{people['text'].pk}/$everything")
    assert "penicillin: anaphylaxis" in str(everything)


def test_includes_bring_what_is_referred_to_within_the_role(chart, doctor, nurse):
    def modes(user, path):
        bundle = Fhir(user).get(path).body
        get_fhir_model_class("Bundle").model_validate(bundle)
        return [(each["resource"]["resourceType"], each["search"]["mode"]) for each in bundle["entry"]]

    path = "/MedicationRequest?_include=MedicationRequest:patient&_include=MedicationRequest:encounter:Encounter"
    found = modes(doctor, path)
    assert found.count(("Patient", "include")) == found.count(("Encounter", "include")) == 1
    assert found.count(("MedicationRequest", "match")) == 2
    assert {kind for kind, mode in modes(doctor, "/Encounter?_include=*") if mode == "include"} == {
        *("Patient", "Practitioner", "Appointment", "Condition")
    }
    # Nurses see no encounters, asked for or brought along; names that mean nothing are ignored.
    path = "/ServiceRequest?_include=ServiceRequest:encounter&_include=ServiceRequest:nothing&_include=Nothing:x"
    assert {kind for kind, _mode in modes(nurse, path)} == {"ServiceRequest"}


def test_codes_and_units_of_results(chart, doctor):
    factories.LabTestFactory(patient=chart, test_name="Odd", notes="LOINC 6298-4", ordered_by_doctor=doctor)
    found = [
        row for row in Fhir(doctor).find("/Observation") if row["category"][0]["coding"][0]["code"] == "laboratory"
    ]
    (measured,) = [row["valueQuantity"] for row in found if "valueQuantity" in row]
    assert (measured["code"], measured["system"]) == ("mmol/L", "http://unitsofmeasure.org")
    codes = [coding["code"] for row in Fhir(doctor).find("/ServiceRequest") for coding in row["code"].get("coding", [])]
    assert "6298-4" in codes


@pytest.mark.spec("ROLE-2", "AUD-1")
def test_a_confidential_chart_is_opened_with_a_reason(chart, doctor):
    chart.is_confidential = True
    chart.save()
    visit = chart.consultations.first()
    fhir = Fhir(doctor)
    assert fhir.find("/Encounter") == fhir.find(f"/Encounter?_id={visit.pk}") == []
    assert fhir.find("/Appointment?_include=Appointment:patient") == []
    for path in (f"/Encounter/{visit.pk}", f"/Encounter?patient={chart.pk}", f"/Patient/{chart.pk}/$everything"):
        refused = fhir.get(path)
        assert refused.status_code == 403 and b"Cough" not in refused.content, path
        assert refused.body["resourceType"] == "OperationOutcome"
        assert Fhir(doctor, **{"X-Access-Reason": "Second opinion"}).get(path).status_code == 200, path
    assert AuditLog.objects.filter(action="open_confidential", entity_id=chart.pk).count() == 3


class TestBulkExport:
    """`$export`: asked for, made by the worker, fetched by who asked."""

    @pytest.fixture(autouse=True)
    def _media(self, settings, tmp_path):
        settings.MEDIA_ROOT = tmp_path

    def ask(self, user, capture, path="/$export"):
        with capture(execute=True):
            response = Fhir(user).get(path)
        assert response.status_code == 202, response.content
        get_fhir_model_class("OperationOutcome").model_validate(response.body)
        return response.headers["Content-Location"].removeprefix("http://testserver/fhir")

    def status(self, user, path):
        return Api(user).client.get(f"/fhir{path}", headers=Api(user).headers)

    def test_everything_is_written_and_fetched_by_who_asked(
        self, chart, administrator, doctor, django_capture_on_commit_callbacks
    ):
        factories.ConsultationFactory(patient__is_confidential=True, chief_complaint="hidden")
        place = self.ask(administrator, django_capture_on_commit_callbacks)
        answer = self.status(administrator, place)
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
        manifest = answer.json()
        assert manifest["requiresAccessToken"] is True and manifest["error"] == []
        assert {each["type"] for each in manifest["output"]} == set(KINDS)
        for each in manifest["output"]:
            path = each["url"].removeprefix("http://testserver/fhir")
            response = self.status(administrator, path)
            assert response.headers["Content-Type"] == "application/fhir+ndjson"
            lines = b"".join(response.streaming_content).decode().splitlines()
            assert len(lines) == each["count"] and not any("hidden" in line for line in lines)
            for line in lines:
                get_fhir_model_class(each["type"]).model_validate_json(line)
            # Nobody else, not even another administrator; and no other name.
            other = factories.UserFactory(role=Role.ADMINISTRATOR)
            assert self.status(other, path).status_code == 404
            assert self.status(doctor, path).status_code == 403
            assert self.status(administrator, path.replace(each["type"], "request")).status_code == 404
        assert AuditLog.objects.filter(action="export", entity_type="fhir", user=administrator).count() == 1
        assert AuditLog.objects.filter(action="download", entity_type="fhir").count() == len(KINDS)
        gone = Api(administrator)
        assert gone.client.delete(f"/fhir{place}", headers=gone.headers).status_code == 202
        assert self.status(administrator, place).status_code == 404

    def test_types_times_and_refusals(self, chart, administrator, doctor, django_capture_on_commit_callbacks):
        place = self.ask(administrator, django_capture_on_commit_callbacks, "/Patient/$export?_type=Patient,Encounter")
        counts = {each["type"]: each["count"] for each in self.status(administrator, place).json()["output"]}
        assert counts == {"Patient": 1, "Encounter": 2}
        place = self.ask(administrator, django_capture_on_commit_callbacks, "/$export?_since=2999-01-01T00:00:00Z")
        assert self.status(administrator, place).json()["output"] == []
        fhir = Fhir(administrator)
        for query in ("_type=Nothing", "_since=x", "_outputFormat=csv"):
            assert fhir.get(f"/$export?{query}").status_code == 400
        assert fhir.get("/Patient/$export?_type=Practitioner").status_code == 400
        assert Fhir(doctor).get("/$export").status_code == 403 and Fhir().get("/$export").status_code == 401
        assert fhir.get("/$export-status/00000000-0000-7000-8000-000000000000").status_code == 404

    def test_until_it_is_made_it_is_being_made_and_a_failure_is_told(self, chart, administrator, monkeypatch):
        path = Fhir(administrator).get("/$export").headers["Content-Location"].removeprefix("http://testserver/fhir")
        waiting = self.status(administrator, path)
        assert waiting.status_code == 202 and waiting.headers["Retry-After"]
        monkeypatch.setattr("healthcare.fhir.export.write", lambda *args: 1 / 0)
        make(path.rpartition("/")[2])
        assert self.status(administrator, path).status_code == 500
