"""FHIR R4: every resource is valid, searches find, roles hold (API-6, DATA-5)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from fhir.resources.R4B import get_fhir_model_class

from audit.models import AuditLog
from clinical.models.problems import Problem
from healthcare.clock import now, today
from healthcare.fhir.types import KINDS
from healthcare.roles import Role
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
    other = factories.PatientFactory(last_name="Other", date_of_birth="2001-01-01", gender="male")
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
