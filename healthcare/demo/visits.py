"""The visits of the demo's present day, step by step through the very forms that people use."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import CommandError

from billing.forms.invoices import CreateInvoiceForm, IssueInvoiceForm
from billing.forms.payments import RecordPaymentForm
from billing.models import Invoice
from clinical.forms.consultations import CompleteConsultationForm, StartConsultationForm
from clinical.forms.lab_tests import (
    CancelLabTestForm,
    CollectSampleForm,
    EnterResultsForm,
    ReviewForm,
    StartProcessingForm,
)
from clinical.forms.vital_signs import RecordVitalSignsForm
from clinical.models import Consultation, LabTest, Medication
from departments.models import User
from healthcare.clock import at, local, now, today, years_before
from healthcare.demo.body import measured
from healthcare.demo.house import House, scenarios_for
from healthcare.demo.labs import lab_value
from healthcare.demo.scenarios import CANCEL_REASONS, Rx, Scenario
from healthcare.workflow import submit
from patients.models import Patient
from scheduling.forms.booking import BookAppointmentForm
from scheduling.forms.steps import CancelForm, CheckInForm, ConfirmForm, NoShowForm
from scheduling.models import Appointment

SLOT = timedelta(minutes=30)
#: To find a patient of fitting age by chance.
ATTEMPTS = 50
#: Instead of a number of steps.
CANCELLED = -1


@dataclass
class Visit:
    """One of today's visits, on its way through the day."""

    appointment: Appointment
    scenario: Scenario
    start: datetime


class Visits:
    """Books visits and plays each as far as the clock has come."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.house, self.now = rng, House.read(), now()
        self.today = today()
        self.registered = Patient.objects.count()
        self.prescribed_against_allergy = False
        #: How far each ordered test gets: collected, processed, measured, reviewed. In turn, so that none is missing.
        self.lab_steps = itertools.cycle((3, 0, 4, 1, CANCELLED, 3, 2))

    def clerk(self) -> User:
        """Somebody at the front desk."""
        return self.rng.choice(self.house.clerks)

    def do(self, form_class: Any, actor: User, **arguments: Any) -> Any:
        """Submit a form; the demo must obey every rule, so a refusal stops the build."""
        form = submit(form_class, actor=actor, **arguments)
        if not form.is_valid():
            raise CommandError(f"The demo broke a rule in {form_class.__name__}: {form.errors.as_json()}")
        return form.instance

    def patient_for(self, scenario: Scenario) -> Patient:
        """An active patient who is not here today yet, of fitting age if there is one."""
        low, high = scenario.ages
        others = Patient.objects.filter(is_active=True).exclude(appointments__appointment_date=self.today)
        fitting = others.filter(
            date_of_birth__lte=years_before(self.today, low), date_of_birth__gt=years_before(self.today, high + 1)
        )
        # By number, as counting the fitting ones among many would take longer than all the rest.
        for _attempt in range(ATTEMPTS):
            number = f"P-{self.rng.randrange(1, self.registered + 1):06}"
            if patient := fitting.filter(patient_number=number).first():
                return patient
        for rows in (fitting, others, Patient.objects.filter(is_active=True)):
            if count := rows.count():
                break
        return rows.order_by("id")[self.rng.randrange(count)]

    def book(self, doctor: User, start: datetime) -> Visit:
        """Booked two days ago."""
        scenario = self.rng.choice(scenarios_for(doctor))
        patient = self.patient_for(scenario)
        data = {
            "patient": patient.pk,
            "doctor": doctor.pk,
            "appointment_date": self.today.isoformat(),
            "appointment_time": f"{start:%H:%M}",
            "duration_minutes": "30",
            "appointment_type": scenario.visit_type,
            "reason": scenario.reason,
            "acknowledge_warnings": "on",
            "override_reason": "Asked for by the patient",
        }
        with at(self.now - timedelta(days=2, minutes=self.rng.randrange(600))):
            appointment = self.do(BookAppointmentForm, self.clerk(), data=data)
        # In UTC: eight minutes before three o'clock may be before the clocks were put forward.
        return Visit(appointment, scenario, start.astimezone(UTC))

    def arrive(self, visit: Visit, moment: datetime, vitals: bool = True) -> None:
        """Checked in, on the day itself, and measured by a nurse."""
        moment = max(moment, local(self.now).replace(hour=0, minute=0, second=0, microsecond=0))
        with at(moment):
            self.do(CheckInForm, self.clerk(), instance=visit.appointment)
        if vitals:
            with at(min(moment + timedelta(minutes=1), self.now)):
                data = {"patient": visit.appointment.patient_id, **self.measurements(visit)}
                self.do(RecordVitalSignsForm, self.rng.choice(self.house.nurses), data=data)

    def measurements(self, visit: Visit) -> dict[str, str]:
        """As a nurse types them."""
        patient = visit.appointment.patient
        values = measured(
            patient.pk, patient.gender, patient.date_of_birth, self.today, visit.scenario.vitals, self.rng
        )
        return {
            **{name: str(value) for name, value in values.items()},
            "temperature_unit": "C",
            # Most are asked how they are, and breathe room air: then NEWS2 is complete.
            **({"consciousness": "A", "supplemental_oxygen": "false"} if self.rng.random() < 0.7 else {}),
        }

    def start(self, visit: Visit, moment: datetime) -> Consultation:
        """The doctor calls the patient in."""
        appointment = visit.appointment
        with at(moment):
            return self.do(
                StartConsultationForm, appointment.doctor, data={"appointment": appointment.pk}, appointment=appointment
            )

    def waiting(self, visit: Visit) -> None:
        """Some have arrived early, some have been measured, some are late."""
        arrived = self.now - timedelta(minutes=self.rng.randrange(6, 34))
        if self.rng.random() < 0.75:
            self.arrive(visit, max(arrived, visit.start - SLOT), vitals=self.rng.random() < 0.55)

    def in_progress(self, visit: Visit) -> None:
        """With the doctor now; the note has begun."""
        self.arrive(visit, visit.start - timedelta(minutes=8))
        called = max(visit.start + timedelta(minutes=3), self.now - timedelta(minutes=35))
        self.start(visit, min(called, self.now))

    def ahead(self, visit: Visit) -> None:
        """Still to come; some have said that they will."""
        if self.rng.random() < 0.5:
            with at(self.now - timedelta(hours=2)):
                self.do(ConfirmForm, self.clerk(), instance=visit.appointment)

    def past(self, visit: Visit, seen: bool = False) -> None:
        """Seen, cancelled or missed."""
        kind = "seen" if seen else self.rng.choices(["seen", "cancelled", "no_show"], [84, 8, 8])[0]
        if kind == "cancelled":
            with at(visit.start - timedelta(hours=3)):
                data = {"cancellation_reason": self.rng.choice(CANCEL_REASONS)}
                self.do(CancelForm, self.clerk(), instance=visit.appointment, data=data)
        elif kind == "no_show":
            with at(visit.start + timedelta(minutes=25)):
                self.do(NoShowForm, self.clerk(), instance=visit.appointment)
        else:
            # Measuring takes four minutes and comes before the doctor's call.
            self.arrive(visit, visit.start - timedelta(minutes=self.rng.randrange(4, 14)))
            consultation = self.start(visit, visit.start + timedelta(minutes=self.rng.randrange(1, 9)))
            ended = visit.start + timedelta(minutes=self.rng.randrange(18, 30))
            self.complete(visit, consultation, ended)
            self.follow_labs(consultation, ended)
            self.bill(visit, ended)

    def complete(self, visit: Visit, consultation: Consultation, ended: datetime) -> None:
        """Note, prescriptions and lab orders, all at once; an allergy warning is acknowledged once a day."""
        scenario = visit.scenario
        data: dict[str, Any] = {
            "chief_complaint": scenario.complaint,
            "present_illness": scenario.illness,
            "examination_findings": scenario.findings,
            "diagnosis": scenario.diagnosis,
            "treatment_plan": scenario.plan,
        }
        if scenario.follow_up_days:
            data |= {
                "follow_up_required": "on",
                "follow_up_date": (self.today + timedelta(days=scenario.follow_up_days)).isoformat(),
            }
        rows = [self.prescription_row(rx) for rx in scenario.prescriptions]
        data |= formset_data("lab_tests", [{"test_name": name} for name in scenario.labs])
        doctor = consultation.doctor
        with at(ended):
            form = submit(
                CompleteConsultationForm,
                actor=doctor,
                instance=consultation,
                data=data | formset_data("prescriptions", rows),
            )
            if form.is_valid():
                return
            if not self.prescribed_against_allergy:
                self.prescribed_against_allergy = True
                for row in rows:
                    row |= {
                        "acknowledge_warnings": "on",
                        "override_reason": "Tolerated before without any reaction; benefit outweighs the risk.",
                    }
                self.do(
                    CompleteConsultationForm,
                    doctor,
                    instance=consultation,
                    data=data | formset_data("prescriptions", rows),
                )
                return
            # The check warned: this doctor prescribes something else another time.
            self.do(CompleteConsultationForm, doctor, instance=consultation, data=data)

    def prescription_row(self, rx: Rx) -> dict[str, Any]:
        """A scenario's prescription as typed into the page."""
        medication: Medication | None = self.house.medication(rx)
        return {
            "medication": medication.pk if medication else "",
            "medication_name": "" if medication else f"{rx.ingredients} {rx.hint}".capitalize(),
            "dosage": rx.dosage,
            "frequency": rx.frequency,
            "duration": rx.duration,
            "quantity": str(rx.quantity),
            "route": medication.route if medication else "",
            "special_instructions": rx.instructions,
        }

    def follow_labs(self, consultation: Consultation, ended: datetime) -> None:
        """The ordered tests are at every step of their way."""
        nurse = self.rng.choice(self.house.nurses)
        for test in LabTest.objects.filter(consultation=consultation).order_by("id"):
            steps = next(self.lab_steps)
            if steps == CANCELLED:
                with at(min(ended + timedelta(minutes=3), self.now)):
                    reason = {"cancellation_reason": "Ordered twice"}
                    self.do(CancelLabTestForm, consultation.doctor, instance=test, data=reason)
                continue
            forms: list[tuple[Any, User, dict[str, str]]] = [
                (CollectSampleForm, nurse, {}),
                (StartProcessingForm, nurse, {}),
                (EnterResultsForm, nurse, self.result_of(test)),
                (ReviewForm, consultation.doctor, {"review_comment": "Seen; patient informed."}),
            ]
            for number, (form, actor, data) in enumerate(forms[:steps], start=1):
                with at(min(ended + timedelta(minutes=8 * number), self.now)):
                    self.do(form, actor, instance=test, data=data)

    def result_of(self, test: LabTest) -> dict[str, str]:
        """A value near the reference range; one in four outside."""
        sex = "M" if test.patient.gender == "male" else "F"
        entry = self.house.labs[test.test_name, sex]
        value, _abnormal = lab_value(entry, self.rng, abnormal=0.25)
        return {
            "result_value": value,
            "result_unit": entry["unit"],
            "reference_range": entry["reference_range_text"],
        }

    def bill(self, visit: Visit, ended: datetime) -> None:
        """Half of the visits are billed by now; most of these are paid at once."""
        if self.rng.random() < 0.45:
            return
        officer = self.rng.choice(self.house.officers)
        services = [self.house.fee(visit.scenario.visit_type)]
        services += [self.house.services[name] for name in visit.scenario.labs if name in self.house.services]
        lines = [{"service": service.pk, "quantity": "1"} for service in services]
        with at(min(ended + timedelta(minutes=9), self.now)):
            invoice: Invoice = self.do(
                CreateInvoiceForm,
                officer,
                data={
                    "appointment": visit.appointment.pk,
                    "invoice_date": self.today.isoformat(),
                    "due_date": (self.today + timedelta(days=30)).isoformat(),
                    **formset_data("line_items", lines),
                },
            )
            if self.rng.random() < 0.2:
                return
            invoice = self.do(IssueInvoiceForm, officer, instance=invoice)
        if self.rng.random() < 0.7:
            whole = self.rng.random() < 0.75
            method = self.rng.choice(["cash", "credit_card", "debit_card", "insurance"])
            with at(min(ended + timedelta(minutes=14), self.now)):
                self.do(
                    RecordPaymentForm,
                    officer,
                    data={
                        "invoice": invoice.pk,
                        "amount": str(
                            invoice.balance_due if whole else (invoice.balance_due / 2).quantize(invoice.balance_due)
                        ),
                        "payment_method": method,
                        "transaction_reference": "" if method == "cash" else f"T{self.rng.randrange(10**7, 10**8)}",
                    },
                )


def formset_data(prefix: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Rows as a page posts them."""
    data: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": str(len(rows)), f"{prefix}-INITIAL_FORMS": "0"}
    for number, row in enumerate(rows):
        data |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return data
