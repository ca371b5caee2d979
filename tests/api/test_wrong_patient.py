"""A program that names another patient than the row is about is told so, as a page is (BYD-2)."""

import pytest

from healthcare.clock import now
from tests import factories as f

pytestmark = [pytest.mark.django_db, pytest.mark.spec("BYD-2", "API-4", "RULE-PAY-2")]
DOSE = {"medication_name": "Paracetamol", "dosage": "500 mg", "frequency": "twice a day", "duration": "3 days"}


@pytest.fixture
def bodies(doctor):
    """Role, path, what is sent, and whom it is about."""
    note, done = f.ConsultationFactory(doctor=doctor), f.ConsultationFactory(completed=True)
    visit = f.AppointmentFactory(doctor=doctor, status="checked_in", checked_in_at=now())
    f.VitalSignFactory(patient=visit.patient)
    invoice = f.InvoiceFactory(status="issued")
    return (
        ("doctor", "/prescriptions", {"consultation_id": note.pk, **DOSE}, note.patient_id),
        ("doctor", "/consultations", {"appointment_id": visit.pk}, visit.patient_id),
        ("billing_officer", "/invoices", {"appointment_id": done.appointment_id}, done.patient_id),
        (
            *("billing_officer", "/payments"),
            {"invoice_id": invoice.pk, "amount": "1.00", "payment_method": "cash"},
            invoice.patient_id,
        ),
    )


def test_a_new_row_for_another_patient_is_refused(api_of, bodies):
    other = f.PatientFactory().pk
    for role, path, body, patient in bodies:
        body = {name: str(value) for name, value in body.items()}
        before = api_of(role).data("GET", path)["total"]
        refused = api_of(role).post(path, body | {"patient_id": str(other)})
        assert (refused.status_code, refused.body["error"]["code"]) == (400, "other_patient"), (path, refused.body)
        wrong = api_of(role).post(path, body | {"patient_id": "nobody"})
        assert wrong.status_code == 400 and "patient_id" in wrong.body["error"]["fields"], path
        assert api_of(role).data("GET", path)["total"] == before
        made = api_of(role).data("POST", path, body | {"patient_id": str(patient)}, status=201)
        assert made["patient_id"] == str(patient)
