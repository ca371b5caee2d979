"""One rule book, two doors: what the page refuses, the API refuses in the same words, and neither saves anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from healthcare.clock import now, today
from patients.models import Patient
from scheduling.models import AppointmentStatus
from tests import factories
from tests.api.conftest import Api

pytestmark = [pytest.mark.django_db, pytest.mark.spec("FND-8", "API-1", "API-2")]


@dataclass(frozen=True)
class Case:
    """Something that must not be: who tries it, where, with which body, and at which field it is said."""

    spec: str
    role: str
    path: str
    body: Any
    field: str


def tomorrow():
    return today() + timedelta(days=1)


def patient(**wrong):
    person = {"first_name": "Ana", "last_name": "Ruiz", "date_of_birth": "1980-02-03", "gender": "female"}
    return lambda: {**person, **wrong}


def booking(**wrong):
    """A visit tomorrow at nine, with somebody who works then."""

    def made():
        doctor = factories.UserFactory(role="doctor")
        factories.DoctorScheduleFactory(doctor=doctor, weekday=tomorrow().weekday())
        body = {
            **{"patient_id": factories.PatientFactory().pk, "doctor_id": doctor.pk, "duration_minutes": 30},
            **{"appointment_date": tomorrow(), "appointment_time": "09:00", "appointment_type": "consultation"},
        }
        return {**body, **wrong}

    return made


def taken():
    """A time that the doctor has given away."""
    body = booking()()
    factories.AppointmentFactory(
        doctor_id=body["doctor_id"], appointment_date=tomorrow(), appointment_time="09:15", duration_minutes=30
    )
    return body


def vital_signs(**values):
    return lambda: {"patient_id": factories.PatientFactory().pk, **values}


def payment(status="issued", **wrong):
    def made():
        invoice = factories.InvoiceFactory(status=status)
        return {"invoice_id": invoice.pk, "amount": "10.00", "payment_method": "cash", **wrong}

    return made


def prescription(**wrong):
    def made():
        visit = factories.ConsultationFactory(doctor=factories.UserFactory(role="doctor"))
        body = {"consultation_id": visit.pk, "medication_name": "Ibuprofen 200 mg", "dosage": "200 mg"}
        return {**body, "frequency": "daily", "duration": "5 days", **wrong}

    return made


def unmeasured_visit():
    visit = factories.AppointmentFactory(status=AppointmentStatus.CHECKED_IN, checked_in_at=now())
    return {"appointment_id": visit.pk, "chief_complaint": "Cough"}


def billed_visit():
    invoice = factories.InvoiceFactory(status="issued")
    return {"appointment_id": invoice.appointment_id}


def unfinished_visit():
    return {"appointment_id": factories.ConsultationFactory().appointment_id}


def with_closed_patient():
    return booking(patient_id=factories.PatientFactory(is_active=False).pk)()


def with_nurse():
    return booking(doctor_id=factories.UserFactory(role="nurse").pk)()


def second_department():
    return {"name": factories.DepartmentFactory().name.upper()}


CASES = (
    Case("VAL-2", "receptionist", "patients", patient(date_of_birth="2999-01-01"), "date_of_birth"),
    Case("VAL-2", "receptionist", "patients", patient(date_of_birth="1850-01-01"), "date_of_birth"),
    Case("VAL-1", "receptionist", "patients", patient(phone="12"), "phone"),
    Case("VAL-1", "receptionist", "patients", patient(email="nobody"), "email"),
    Case("VAL-5", "receptionist", "patients", patient(first_name="A\x00"), "first_name"),
    Case("VAL-5", "receptionist", "patients", patient(last_name="Doe\nRoe"), "last_name"),
    Case("VAL-5", "receptionist", "patients", patient(last_name="x" * 500), "last_name"),
    Case("ENT-3", "receptionist", "patients", patient(gender="unknown"), "gender"),
    Case("RULE-APPT-1", "receptionist", "appointments", booking(appointment_date="2020-01-01"), "appointment_date"),
    Case("RULE-APPT-1", "receptionist", "appointments", booking(duration_minutes=5), "duration_minutes"),
    Case("RULE-APPT-2", "receptionist", "appointments", taken, "appointment_time"),
    Case("VAL-3", "nurse", "vital-signs", vital_signs(systolic_bp=80, diastolic_bp=120), "systolic_bp"),
    Case("VAL-3", "nurse", "vital-signs", vital_signs(pulse_rate=20), "pulse_rate"),
    Case("VAL-3", "nurse", "vital-signs", vital_signs(temperature_celsius="50"), "temperature_celsius"),
    Case("VAL-3", "nurse", "vital-signs", vital_signs(), "__all__"),
    Case("RULE-APPT-3", "receptionist", "appointments", with_closed_patient, "patient_id"),
    Case("RULE-APPT-3", "receptionist", "appointments", with_nurse, "doctor_id"),
    Case("RULE-APPT-6", "receptionist", "appointments", booking(appointment_time="03:00"), "appointment_time"),
    Case("RULE-CONS-1", "doctor", "consultations", unmeasured_visit, "appointment_id"),
    Case("ENT-9", "doctor", "prescriptions", prescription(dosage=""), "dosage"),
    Case("RULE-RX-1", "doctor", "prescriptions", prescription(quantity="0"), "quantity"),
    Case("RULE-INV-1", "billing_officer", "invoices", unfinished_visit, "appointment_id"),
    Case("RULE-INV-1", "billing_officer", "invoices", billed_visit, "appointment_id"),
    Case("RULE-PAY-1", "billing_officer", "payments", payment(amount="99999.00"), "amount"),
    Case("RULE-PAY-1", "billing_officer", "payments", payment(amount="0"), "amount"),
    Case("VAL-4", "billing_officer", "payments", payment(amount="1.005"), "amount"),
    Case("VAL-4", "billing_officer", "payments", payment(amount="NaN"), "amount"),
    Case("RULE-PAY-2", "billing_officer", "payments", payment(payment_method="barter"), "payment_method"),
    Case("RULE-PAY-2", "billing_officer", "payments", payment(status="draft"), "invoice_id"),
    Case("RULE-PAY-2", "billing_officer", "payments", payment(status="cancelled"), "invoice_id"),
    Case("ENT-1", "administrator", "departments", second_department, "__all__"),
    Case(
        "VAL-4",
        "administrator",
        "services",
        lambda: {"name": "X", "service_type": "other", "default_price": "-1"},
        "default_price",
    ),
    Case(
        "VAL-2",
        "administrator",
        "reports",
        lambda: {"report_type": "revenue", "start_date": "2026-02-01", "end_date": "2026-01-01"},
        "start_date",
    ),
)


def models():
    from healthcare.api import ROOMS

    return {resource.path: resource.model for room in ROOMS for resource in room.RESOURCES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.path}-{case.spec}-{case.field}")
def test_both_doors_refuse_in_the_same_words(case, staff):
    person, body = staff[case.role], {name: str(value) for name, value in case.body().items()}
    model = models()[case.path]
    before = model.objects.count()

    page = Client()
    page.force_login(person)
    shown = page.post(f"/{case.path}/new/", {name.removesuffix("_id"): value for name, value in body.items()})
    assert shown.status_code == 200, shown.headers
    on_page = {name: list(messages) for name, messages in shown.context["form"].errors.items()}

    told = Api(person).post(f"/{case.path}", body)
    assert told.status_code in (400, 409), told.content
    in_api = told.body["error"]["fields"]

    assert in_api[case.field] == on_page[case.field.removesuffix("_id")]
    assert model.objects.count() == before


@dataclass(frozen=True)
class Step:
    """A step that must not be taken: by whom, with which row (made for this person), as the path names it."""

    spec: str
    role: str
    path: str
    step: str
    row: Any
    body: dict[str, Any]


def visit_that_is(status, **more):
    return lambda person: factories.AppointmentFactory(status=status, **more)


def begun(person):
    return factories.ConsultationFactory(doctor=person)


def old(person):
    return factories.ConsultationFactory(doctor=person, completed=True, completed_at=now() - timedelta(hours=25))


def begun_visit(person):
    return begun(person).appointment


def test_that_is(status):
    """A laboratory test; a finished one has its sample and its value."""
    done = {"sample_collected_date": now(), "result_date": now(), "result_value": "4.2", "result_unit": "mmol/L"}
    return lambda person: factories.LabTestFactory(status=status, **(done if status == "completed" else {}))


test_that_is.__test__ = False


def invoice(status, paid=False, **more):
    def made(person):
        row = factories.InvoiceFactory(status=status, **more)
        if paid:
            factories.PaymentFactory(invoice=row)
        return row

    return made


def paid(person):
    return factories.PaymentFactory()


FOLLOW_UP = {"diagnosis": "Pharyngitis", "follow_up_required": "true"}
STEPS = (
    *(
        Step("RULE-APPT-5", "receptionist", "appointments", step, visit_that_is(status), {"cancellation_reason": "Ill"})
        for step, status in (
            *(("check-in", "cancelled"), ("check-in", "no_show"), ("check-in", "completed"), ("confirm", "cancelled")),
            *(("confirm", "checked_in"), ("cancel", "completed"), ("cancel", "in_progress"), ("cancel", "cancelled")),
            *(("no-show", "completed"), ("no-show", "cancelled")),
        )
    ),
    Step("RULE-APPT-5", "receptionist", "appointments", "cancel", visit_that_is("scheduled"), {}),
    Step("RULE-CONS-6", "doctor", "appointments", "complete", begun_visit, {}),
    Step("RULE-CONS-4", "doctor", "consultations", "complete", begun, {"diagnosis": " "}),
    Step("RULE-CONS-3", "doctor", "consultations", "complete", begun, FOLLOW_UP),
    Step("RULE-CONS-3", "doctor", "consultations", "complete", begun, {**FOLLOW_UP, "follow_up_date": "2020-01-01"}),
    Step("RULE-CONS-5", "doctor", "consultations", "edit", old, {"chief_complaint": "Other"}),
    Step("RULE-LAB-1", "nurse", "lab-tests", "start-processing", test_that_is("ordered"), {}),
    Step("RULE-LAB-1", "nurse", "lab-tests", "collect-sample", test_that_is("in_progress"), {}),
    Step("RULE-LAB-1", "doctor", "lab-tests", "cancel", test_that_is("ordered"), {}),
    Step("RULE-LAB-1", "doctor", "lab-tests", "cancel", test_that_is("completed"), {"cancellation_reason": "Lost"}),
    Step("RULE-LAB-2", "nurse", "lab-tests", "enter-results", test_that_is("ordered"), {"result_value": "4"}),
    Step("RULE-LAB-2", "nurse", "lab-tests", "enter-results", test_that_is("in_progress"), {"result_value": ""}),
    Step("RULE-INV-2", "billing_officer", "invoices", "issue", invoice("draft"), {}),
    Step("RULE-INV-3", "billing_officer", "invoices", "issue", invoice("issued"), {}),
    Step("RULE-INV-3", "billing_officer", "invoices", "edit", invoice("issued"), {"discount_amount": "5"}),
    Step("RULE-INV-3", "billing_officer", "invoices", "cancel", invoice("issued", paid=True), {"reason": "Wrong"}),
    Step("RULE-PAY-3", "billing_officer", "payments", "void", paid, {}),
)


@pytest.mark.parametrize("case", STEPS, ids=lambda case: f"{case.path}-{case.step}-{case.spec}")
def test_both_doors_refuse_a_step_in_the_same_words(case, staff):
    person = staff[case.role]
    row = case.row(person)
    before = type(row).objects.filter(pk=row.pk).values().get()
    page = Client()
    page.force_login(person)
    shown = page.post(f"/{case.path}/{row.pk}/{case.step}/", case.body)
    assert shown.status_code == 200, (shown.status_code, shown.headers)
    on_page = {name: list(messages) for name, messages in shown.context["form"].errors.items()}
    assert on_page

    address = f"/{case.path}/{row.pk}"
    api = Api(person)
    told = api.put(address, case.body) if case.step == "edit" else api.post(f"{address}/{case.step}", case.body)
    assert told.status_code in (400, 409), told.content
    assert {name.removesuffix("_id"): said for name, said in told.body["error"]["fields"].items()} == on_page
    assert type(row).objects.filter(pk=row.pk).values().get() == before


@pytest.mark.spec("RULE-RX-2", "API-4")
def test_both_doors_ask_about_the_same_warnings_and_take_the_reason(doctor):
    """Warnings, notices and their record."""
    found = []
    for door in ("page", "api"):
        visit = factories.ConsultationFactory(doctor=doctor)
        factories.PatientAllergyFactory(patient=visit.patient)
        record = visit.patient.medical_record
        record.allergies = f"{record.allergies}, zzq of something unheard of".strip(", ")
        record.save()
        body = {
            **{"consultation_id": str(visit.pk), "medication_name": "Amoxicillin 500 mg", "dosage": "500 mg"},
            **{"frequency": "three times a day", "duration": "7 days"},
        }
        reason = {"acknowledge_warnings": "true", "override_reason": "Tolerated before"}
        if door == "page":
            client = Client()
            client.force_login(doctor)
            data = {name.removesuffix("_id"): value for name, value in body.items()}
            form = client.post("/prescriptions/new/", data).context["form"]
            warnings = [(w.kind, w.severity, w.message, w.source) for w in form.warnings]
            digest = {"warnings_seen": form.warnings_digest} if hasattr(form, "warnings_digest") else {}
            done = client.post("/prescriptions/new/", {**data, **reason, **digest})
            if done.status_code == 200:  # the digest of what was shown goes back as the page has it
                bound = done.context["form"]
                hidden = {f.html_name: f.value() for f in bound.hidden_fields() if f.value()}
                done = client.post("/prescriptions/new/", {**data, **reason, **hidden})
            assert done.status_code == 302
        else:
            api = Api(doctor)
            error = api.post("/prescriptions", body).body["error"]
            assert error["code"] == "safety_warning"
            warnings = [tuple(w[name] for name in ("kind", "severity", "message", "source")) for w in error["warnings"]]
            made = api.data("POST", "/prescriptions", {**body, **reason, "acknowledge_warnings": True}, 201)
            assert any("zzq" in notice for notice in made["notices"]), made["notices"]
        row = visit.prescriptions.get()
        assert row.override_reason == "Tolerated before" and row.overridden_by_user == doctor
        found.append((warnings, [w["kind"] for w in row.safety_warnings]))
    assert found[0] == found[1] and found[0][0]


@pytest.mark.spec("WF-REG", "AUD-1")
def test_both_doors_write_the_same_row_and_trail(receptionist):
    from audit.models import AuditLog

    body = patient(city="Lugano")()
    page = Client()
    page.force_login(receptionist)
    assert page.post("/patients/new/", body).status_code == 302
    Api(receptionist).data("POST", "/patients", {**body, "first_name": "Eva", "date_of_birth": "1990-04-05"}, 201)
    first, second = Patient.objects.order_by("patient_number")
    told = [AuditLog.objects.filter(entity_id=row.pk).values_list("action", "user") for row in (first, second)]
    assert list(told[0]) == list(told[1]) == [("create", receptionist.pk)]
    same = ("last_name", "gender", "city", "is_active", "insurance_provider_id")
    assert [getattr(first, name) for name in same] == [getattr(second, name) for name in same]
    assert first.medical_record and second.medical_record
