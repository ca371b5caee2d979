"""Believable rows for tests; they bypass the forms, so a test may start in any state."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal

import factory
from django.contrib.auth.hashers import make_password
from django.db import transaction

from billing.forms.payments import settle
from billing.models import CashClose, Invoice, InvoiceLineItem, Payment, Service
from clinical.models import (
    Consultation,
    LabTest,
    Medication,
    Prescription,
    Problem,
    TextTemplate,
    VitalSign,
)
from departments.models import Department, User
from healthcare.clock import now, today
from healthcare.roles import Role
from patients.imports.models import PatientImport
from patients.models import InsuranceProvider, MedicalRecord, Patient, PatientAllergy, PatientMerge
from reporting.models import Report, ReportSchedule
from scheduling.models import Appointment, DoctorAbsence, DoctorSchedule, WaitingListEntry

PASSWORD = "Clinic-test-2026!"


class DepartmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Department

    name = factory.Sequence(lambda n: f"Department {n}")


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@clinic.test")
    first_name = factory.Faker("first_name")
    last_name = factory.Faker("last_name")
    role = Role.RECEPTIONIST
    password = factory.LazyFunction(lambda: make_password(PASSWORD))


class InsuranceProviderFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = InsuranceProvider

    name = factory.Sequence(lambda n: f"Insurer {n}")


class PatientFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Patient
        skip_postgeneration_save = True  # the record refers to the patient, who need not be saved once more

    # High numbers, so that they never meet those given out by the counter.
    patient_number = factory.Sequence(lambda n: f"P-{900_000 + n:06}")
    first_name = factory.Faker("first_name")
    last_name = factory.Faker("last_name")
    date_of_birth = date(1984, 3, 5)
    gender = "female"
    record = factory.RelatedFactory("tests.factories.MedicalRecordFactory", factory_related_name="patient")


class PatientMergeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PatientMerge

    kept = factory.SubFactory(PatientFactory)
    merged = factory.SubFactory(PatientFactory, is_active=False)
    merged_by_user = factory.SubFactory(UserFactory)
    reason = "Registered twice"
    undo_data = factory.LazyFunction(lambda: {"moved": {}, "filled": {}, "record": {}})


class MedicalRecordFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = MedicalRecord

    patient = factory.SubFactory(PatientFactory, record=None)


class PatientAllergyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PatientAllergy

    patient = factory.SubFactory(PatientFactory)
    substance = "Penicillin"


class AppointmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Appointment

    patient = factory.SubFactory(PatientFactory)
    doctor = factory.SubFactory(UserFactory, role=Role.DOCTOR)
    appointment_date = factory.LazyFunction(today)
    appointment_time = time(9, 0)


class WaitingListEntryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WaitingListEntry

    patient = factory.SubFactory(PatientFactory)


class DoctorScheduleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DoctorSchedule

    doctor = factory.SubFactory(UserFactory, role=Role.DOCTOR)
    weekday = 0
    start_time = time(8, 0)
    end_time = time(17, 0)


class DoctorAbsenceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DoctorAbsence

    doctor = factory.SubFactory(UserFactory, role=Role.DOCTOR)
    start_date = factory.LazyFunction(today)
    end_date = factory.LazyFunction(lambda: today() + timedelta(days=7))


class VitalSignFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = VitalSign

    patient = factory.SubFactory(PatientFactory)
    recorded_by_user = factory.SubFactory(UserFactory, role=Role.NURSE)
    systolic_bp = 120
    diastolic_bp = 80


class VisitFactory(AppointmentFactory):
    """An appointment of its own quarter of an hour, beside the one at nine, so that one doctor may have many."""

    appointment_time = factory.Sequence(lambda n: time((n // 4 % 23 + 10) % 24, n % 4 * 15))
    duration_minutes = 15
    status = "in_progress"


class ConsultationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Consultation

    appointment = factory.SubFactory(
        VisitFactory, patient=factory.SelfAttribute("..patient"), doctor=factory.SelfAttribute("..doctor")
    )
    patient = factory.SubFactory(PatientFactory)
    doctor = factory.SubFactory(UserFactory, role=Role.DOCTOR)

    class Params:
        completed = factory.Trait(
            completed_at=factory.LazyFunction(now),
            diagnosis="Acute viral pharyngitis",
            appointment=factory.SubFactory(
                VisitFactory,
                patient=factory.SelfAttribute("..patient"),
                doctor=factory.SelfAttribute("..doctor"),
                status="completed",
            ),
        )


class MedicationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Medication

    name = factory.Sequence(lambda n: f"Medication {n}")
    ingredients = "paracetamol"


class PrescriptionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Prescription

    consultation = factory.SubFactory(ConsultationFactory)
    patient = factory.SelfAttribute("consultation.patient")
    doctor = factory.SelfAttribute("consultation.doctor")
    medication_name = "Paracetamol 500 mg tablets"
    dosage = "500 mg"
    frequency = "four times a day"
    duration = "5 days"


class ProblemFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Problem

    patient = factory.SubFactory(PatientFactory)
    title = "Essential hypertension"
    noted_by_user = factory.SubFactory(UserFactory, role=Role.DOCTOR)


class TextTemplateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TextTemplate

    owner = factory.SubFactory(UserFactory, role=Role.DOCTOR)
    name = factory.Sequence(lambda n: f"template-{n}")
    text = "Lungs clear."


class LabTestFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = LabTest

    consultation = factory.SubFactory(ConsultationFactory)
    patient = factory.SelfAttribute("consultation.patient")
    ordered_by_doctor = factory.SelfAttribute("consultation.doctor")
    test_name = "Potassium"


class ServiceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Service

    name = factory.Sequence(lambda n: f"Service {n}")
    service_type = "consultation"
    default_price = Decimal("120.00")


class InvoiceFactory(factory.django.DjangoModelFactory):
    """A draft unless `status` says otherwise; the database wants every invoice to add up.

    `lines=[("Consultation", 1, "120.00", service), ...]` (the service may be left out) are written with it,
    and money columns that are not given follow from them. Any live status needs lines: one of 120.00 by
    default. What is paid comes from payments: PaymentFactory, or `status="paid"` for one of the whole total.
    """

    class Meta:
        model = Invoice

    # High numbers, so that they never meet those given out by the counter.
    invoice_number = factory.Sequence(lambda n: f"INV-{900_000 + n:06}")
    patient = factory.SubFactory(PatientFactory)

    @classmethod
    def _create(cls, model_class, *args, lines=None, **kwargs):
        status = kwargs.pop("status", "draft")
        if lines is None:
            lines = [] if status == "draft" else [("Consultation", 1, kwargs.get("subtotal", "120.00"))]
        if lines:
            kwargs["subtotal"] = sum((quantity * Decimal(price) for _, quantity, price, *_ in lines), Decimal(0))
        for name in ("subtotal", "tax_amount", "discount_amount"):
            kwargs[name] = Decimal(kwargs.get(name, 0))
        kwargs["total_amount"] = kwargs["subtotal"] + kwargs["tax_amount"] - kwargs["discount_amount"]
        kwargs["balance_due"] = kwargs["total_amount"]
        invoice = super()._create(model_class, *args, status="draft", **kwargs)
        for description, quantity, price, *service in lines:
            InvoiceLineItemFactory(
                invoice=invoice,
                description=description,
                quantity=quantity,
                unit_price=Decimal(price),
                service=service[0] if service else None,
            )
        if status != "draft":
            invoice.issued_at = now()
            invoice.status = "issued" if status == "paid" else status
            invoice.save()
        if status == "paid":
            PaymentFactory(invoice=invoice, amount=invoice.total_amount)
        return invoice


class InvoiceLineItemFactory(factory.django.DjangoModelFactory):
    """A line of a draft; it does not change the invoice's own sums."""

    class Meta:
        model = InvoiceLineItem

    invoice = factory.SubFactory(InvoiceFactory)
    description = "Consultation"
    quantity = 1
    unit_price = Decimal("120.00")
    line_total = factory.LazyAttribute(lambda line: line.quantity * line.unit_price)


class PaymentFactory(factory.django.DjangoModelFactory):
    """A payment of an issued invoice, which follows it."""

    class Meta:
        model = Payment

    invoice = factory.SubFactory(InvoiceFactory, status="issued")
    patient = factory.SelfAttribute("invoice.patient")
    amount = Decimal("20.00")
    payment_method = "cash"

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        with transaction.atomic():
            payment = super()._create(model_class, *args, **kwargs)
            # To the sum of what is live, whatever the test has said of the invoice before (the database insists).
            invoice = payment.invoice
            settle(invoice, invoice.payments.live().total() - invoice.amount_paid)
        return payment


class CashCloseFactory(factory.django.DjangoModelFactory):
    """A count that agrees, waiting for the second person."""

    class Meta:
        model = CashClose

    officer = factory.SubFactory(UserFactory, role=Role.BILLING_OFFICER)
    business_date = factory.LazyFunction(today)
    starts_at = factory.LazyFunction(lambda: now() - timedelta(hours=8))
    ends_at = factory.LazyFunction(lambda: now() - timedelta(hours=1))
    expected = {"cash": "20.00"}
    counted = {"cash": "20.00"}
    denominations = {"20": 1}
    expected_total = counted_total = Decimal("20.00")
    variance = Decimal(0)


class PatientImportFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PatientImport

    file_name = "patients.csv"
    stored_as = "patient_imports/none.csv"
    status = "checked"
    created_by_user = factory.SubFactory(UserFactory, role=Role.ADMINISTRATOR)


class ReportScheduleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ReportSchedule

    report_name = "Revenue, weekly"
    report_type = "revenue"
    generated_by_user = factory.SubFactory(UserFactory, role=Role.ADMINISTRATOR)
    next_on = factory.LazyFunction(today)


class ReportFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Report

    report_name = "Revenue"
    report_type = "revenue"
    generated_by_user = factory.SubFactory(UserFactory, role=Role.ADMINISTRATOR)
