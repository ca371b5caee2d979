"""One rule book, two doors: what is taken comes to the same, and what warns warns alike, on the page and in the API."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from billing.models import Payment
from clinical.models import LabTest
from healthcare.clock import now, today
from tests import factories
from tests.api.conftest import Api

pytestmark = [pytest.mark.django_db, pytest.mark.spec("FND-8", "API-1")]
REASON = {"acknowledge_warnings": "true", "override_reason": "Agreed with the patient"}


class Page:
    """A person's browser."""

    def __init__(self, person):
        self.client = Client()
        self.client.force_login(person)

    def send(self, path, body):
        address = f"{path}/new/" if path.count("/") == 1 else f"{path}/"
        return self.client.post(address, {name.removesuffix("_id"): value for name, value in body.items()})

    def does(self, path, body):
        """Post a form that must be taken."""
        answer = self.send(path, body)
        assert answer.status_code == 302, answer.context["form"].errors

    def warned(self, path, body):
        """Post a form that must warn; the kinds, and what the page says back when the warnings are acknowledged."""
        form = self.send(path, body).context["form"]
        return [warning.kind for warning in form.warnings], {"warnings_seen": form["warnings_seen"].value()}

    def found(self, path, **query):
        """The keys on a list."""
        return [str(row["object"].pk) for row in self.client.get(f"{path}/", query).context["rows"]]


class Program:
    """The same person's program."""

    def __init__(self, person):
        self.api = Api(person)

    def does(self, path, body):
        answer = self.api.post(path, body)
        assert answer.status_code in (200, 201), answer.content

    def warned(self, path, body):
        error = self.api.post(path, body).body["error"]
        assert error["code"] == "safety_warning"
        return [warning["kind"] for warning in error["warnings"]], {}

    def found(self, path, **query):
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return [row["id"] for row in self.api.data("GET", f"{path}?{asked}")["items"]]


@pytest.fixture(params=[Page, Program], ids=["page", "api"])
def door(request):
    """door(person) -> how this person comes in."""
    return request.param


@pytest.mark.spec("RULE-APPT-7")
def test_the_same_patient_twice_at_once_is_confirmed_with_a_reason(door, receptionist):
    day, person = today() + timedelta(days=1), factories.PatientFactory()
    other = factories.AppointmentFactory(patient=person, appointment_date=day, appointment_time="09:00")
    body = {
        **{"patient_id": str(person.pk), "doctor_id": str(factories.UserFactory(role="doctor").pk)},
        **{"appointment_date": str(day), "appointment_time": "09:15", "duration_minutes": "30"},
        "appointment_type": "consultation",
    }
    desk = door(receptionist)
    kinds, seen = desk.warned("/appointments", body)
    assert kinds == ["overlap"] and person.appointments.get() == other
    desk.does("/appointments", {**body, **REASON, **seen})
    made = person.appointments.exclude(pk=other.pk).get()
    assert made.override_reason == REASON["override_reason"]
    free = {**body, "patient_id": str(factories.PatientFactory().pk), "appointment_time": "10:00"}
    desk.does("/appointments", free)  # nobody twice: no warning


@pytest.mark.spec("RULE-RX-4")
@pytest.mark.parametrize(("name", "kind"), [("Ibuprofen 400 mg tablet", "interaction"), ("Coumadin", "duplicate")])
def test_interactions_and_duplicates_are_asked_about(door, doctor, name, kind):
    visit = factories.ConsultationFactory(doctor=doctor)
    taken = factories.PrescriptionFactory(consultation=visit, medication_name="Warfarin 5 mg tablet")
    body = {"consultation_id": str(visit.pk), "medication_name": name, "dosage": "1", "frequency": "daily"}
    body["duration"] = "5 days"
    desk = door(doctor)
    kinds, seen = desk.warned("/prescriptions", body)
    assert kinds == [kind] and visit.prescriptions.get() == taken
    desk.does("/prescriptions", {**body, **REASON, **seen})
    made = visit.prescriptions.exclude(pk=taken.pk).get()
    assert [warning["kind"] for warning in made.safety_warnings] == [kind]
    assert (made.override_reason, made.overridden_by_user) == (REASON["override_reason"], doctor)


@pytest.mark.spec("RULE-RX-3")
def test_a_prescription_is_current_for_thirty_days(door, doctor):
    visit = factories.ConsultationFactory(doctor=doctor)
    body = {"consultation_id": str(visit.pk), "medication_name": "Paracetamol 500 mg", "dosage": "1"}
    door(doctor).does("/prescriptions", {**body, "frequency": "daily", "duration": "5 days"})
    made = visit.prescriptions.get()
    assert made.valid_until == today() + timedelta(days=30)
    for days, state, other in ((30, "active", "expired"), (31, "expired", "active")):
        with time_machine.travel(now() + timedelta(days=days), tick=False):
            desk = door(doctor)  # nobody is logged in for so long
            assert desk.found("/prescriptions", state=state) == [str(made.pk)]
            assert desk.found("/prescriptions", state=other) == []


@pytest.mark.spec("RULE-LAB-3")
def test_what_lies_outside_its_range_is_flagged_and_first_in_the_inbox(door, doctor, nurse):
    visit = factories.ConsultationFactory(doctor=doctor)
    desk, tests = door(nurse), []
    for value in ("5.2", "4.0"):
        row = factories.LabTestFactory(consultation=visit, status="in_progress", sample_collected_date=now())
        body = {"result_value": value, "result_unit": "mmol/L", "reference_range": "3.5-5.1"}
        desk.does(f"/lab-tests/{row.pk}/enter-results", body)
        tests.append(LabTest.objects.get(pk=row.pk))
    assert [row.is_abnormal for row in tests] == [True, False]
    # The normal one was ordered later: by time alone it would be first.
    assert door(doctor).found("/lab-tests", inbox="1") == [str(row.pk) for row in tests]


@pytest.mark.spec("RULE-INV-4", "RULE-INV-5")
@pytest.mark.parametrize(("due", "then"), [(1, "partially_paid"), (-1, "overdue")])
def test_an_invoice_follows_its_payments(door, billing_officer, due, then):
    days = {"invoice_date": today() - timedelta(days=30), "due_date": today() + timedelta(days=due)}
    invoice, desk = factories.InvoiceFactory(status="issued", **days), door(billing_officer)

    def stands():
        invoice.refresh_from_db()
        live = sum(Payment.objects.filter(invoice=invoice, voided_at=None).values_list("amount", flat=True))
        assert (invoice.amount_paid, invoice.balance_due) == (live, invoice.total_amount - live)
        return invoice.amount_paid, invoice.status

    for amount, expected in (("20.50", (Decimal("20.50"), then)), ("99.50", (Decimal("120.00"), "paid"))):
        body = {"invoice_id": str(invoice.pk), "amount": amount, "payment_method": "cash"}
        desk.does("/payments", body)
        assert stands() == expected
    last = Payment.objects.get(invoice=invoice, amount=Decimal("99.50"))
    desk.does(f"/payments/{last.pk}/void", {"void_reason": "Typed wrongly"})
    assert stands() == (Decimal("20.50"), then)
    assert desk.found("/invoices", status=then) == [str(invoice.pk)]
