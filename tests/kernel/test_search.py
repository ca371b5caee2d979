"""The search box: what each role finds, suggestions and page, without scanning."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from healthcare.clock import today
from tests.factories import (
    AppointmentFactory,
    ConsultationFactory,
    InvoiceFactory,
    LabTestFactory,
    PatientFactory,
    PrescriptionFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.spec("PAGE-6")]
PAGE, SUGGESTIONS = "/search/", "/search/suggestions/"


@pytest.fixture
def maria(db):
    return PatientFactory(first_name="María", last_name="Lopez", patient_number="P-000123", phone="+12025550143")


def hits(client, text, url=SUGGESTIONS):
    """Group -> what was found."""
    return {group.key: [hit.text for hit in group.hits] for group in client.get(url, {"q": text}).context["groups"]}


@pytest.mark.parametrize("text", ["maria", "lop mar", "lopes", "P-000123", "(202) 555-0143", "1984-03-05"])
def test_everybody_finds_patients(login, staff, maria, text):
    for user in staff.values():
        assert hits(login(user), text)["patients"] == ["Lopez, María"]


def test_next_visits_and_invoices_within_the_role(login, staff, maria):
    AppointmentFactory(patient=maria, appointment_date=today() + timedelta(days=1))
    AppointmentFactory(patient=maria, appointment_date=today() - timedelta(days=1))
    AppointmentFactory(patient=maria, appointment_date=today() + timedelta(days=2), status="cancelled")
    InvoiceFactory(patient=maria, invoice_number="INV-000777")
    for role, user in staff.items():
        client = login(user)
        visits = hits(client, "lopez").get("appointments", [])
        assert len(visits) == (0 if role == "billing_officer" else 1)
        for text in ("INV-000777", "inv 777", "777", "inv777", "#777"):
            assert hits(client, text).get("invoices", []) == (
                ["INV-000777"] if role in ("administrator", "billing_officer") else []
            )


@pytest.mark.spec("ROLE-2")
def test_the_front_desk_finds_no_clinical_text(login, receptionist, maria):
    consultation = ConsultationFactory(patient=maria, diagnosis="Zebrafish", chief_complaint="Zebrafish")
    PrescriptionFactory(consultation=consultation, medication_name="Zebrafish")
    LabTestFactory(consultation=consultation, test_name="Zebrafish")
    client = login(receptionist)
    assert hits(client, "zebrafish") == {}
    for url in (PAGE, SUGGESTIONS):
        assert "Zebrafish" not in client.get(url, {"q": "lopez"}).content.decode()


def test_one_hit_opens_at_once_and_several_are_listed(login, nurse, maria):
    client = login(nurse)
    assert client.get(PAGE, {"q": "P-000123"}).url == maria.get_absolute_url()
    PatientFactory(last_name="Lopez", first_name="Juan")
    text = client.get(PAGE, {"q": "lopez"}).content.decode()
    assert "Lopez, Juan" in text and "Lopez, María" in text
    assert "Nothing found" in client.get(PAGE, {"q": "zzzz"}).content.decode()
    assert client.get(PAGE).status_code == 200


@pytest.mark.parametrize("text", ["", "%", "'", "\x00", "a" * 500, "😀", "<script>"])
def test_odd_texts_are_answered(login, nurse, maria, text):
    for url in (PAGE, SUGGESTIONS):
        response = login(nurse).get(url, {"q": text}, follow=True)
        assert response.status_code == 200
        assert "<script>alert" not in response.content.decode()


def test_every_page_has_the_box(login, nurse):
    text = login(nurse).get("/patients/").content.decode()
    assert f'action="{PAGE}"' in text
    assert f'data-url="{SUGGESTIONS}"' in text


def test_the_same_number_of_queries_for_one_and_many(login, administrator):
    client = login(administrator)

    def asked():
        with CaptureQueriesContext(connection) as queries:
            client.get(SUGGESTIONS, {"q": "lopez"})
        return len(queries)

    for _ in range(6):
        AppointmentFactory(patient=PatientFactory(last_name="Lopez"))
    client.get(SUGGESTIONS)
    few = asked()
    for _ in range(20):
        AppointmentFactory(patient=PatientFactory(last_name="Lopez"))
    assert asked() == few
