"""The importer on files small enough to read: what each row becomes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection

from audit.models import AuditLog
from billing.models import Invoice, InvoiceLineItem, Payment, Service
from clinical.models import Consultation, LabTest, Prescription, VitalSign
from departments.models import User
from patients.models import InsuranceProvider, Patient, PatientAllergy
from scheduling.models import Appointment
from tests import factories
from tests.synthea.files import ROWS, counts, reasons, run, write

pytestmark = [pytest.mark.django_db, pytest.mark.spec("DATA-2")]


@pytest.fixture
def ana(tmp_path):
    """The small files, imported."""
    run(write(tmp_path / "set"), tmp_path)
    connection.check_constraints()
    return Patient.objects.get(last_name="Rentería")


def test_patient_loses_digits_and_keeps_accents(ana):
    assert (ana.first_name, ana.last_name) == ("Ana Lucía", "Rentería")
    assert (ana.gender, ana.date_of_birth, ana.postal_code) == ("female", date(1980, 2, 3), "02081")
    assert (ana.phone, ana.email, ana.emergency_contact_name, ana.medical_record.blood_type) == ("", "", "", "")
    assert ana.patient_number == "P-000001"
    assert ana.is_active


def test_latest_transition_insures_and_no_insurance_is_none(ana):
    assert (ana.insurance_provider.name, ana.insurance_policy_number) == ("Aetna", "M-2")
    assert Patient.objects.get(last_name="Wuckert").insurance_provider is None
    assert not InsuranceProvider.objects.filter(name__icontains="insurance").exists()


def test_insurer_of_the_same_name_is_reused(tmp_path):
    aetna = factories.InsuranceProviderFactory(name="AETNA")
    run(write(tmp_path / "set"), tmp_path)
    assert Patient.objects.get(last_name="Rentería").insurance_provider == aetna


def test_dead_patient_is_inactive_and_never_scheduled(ana):
    bo = Patient.objects.get(last_name="Wuckert")
    assert not bo.is_active
    assert set(bo.appointments.values_list("status", flat=True)) == {"completed"}


def test_provider_is_a_doctor_who_cannot_log_in(ana):
    doctor = User.objects.get(role="doctor")
    assert (doctor.first_name, doctor.last_name, doctor.department.name) == ("María José", "O'Hara", "General Practice")
    assert doctor.email.endswith("@synthea.invalid")
    assert not doctor.has_usable_password()


def test_encounter_is_a_completed_visit_with_its_note(ana):
    first, second = Appointment.objects.filter(patient=ana).order_by("appointment_date")
    assert (first.appointment_date, first.appointment_time, first.duration_minutes) == (
        date(2019, 3, 4),
        time(10, 0),
        30,
    )
    assert (first.status, first.appointment_type, first.reason) == ("completed", "consultation", "Sinusitis")
    assert first.started_at == datetime(2019, 3, 4, 10, 0, 30, tzinfo=UTC)
    note = first.consultation
    assert note.diagnosis == "Sinusitis; Essential hypertension"
    assert (note.chief_complaint, note.treatment_plan) == ("Sinusitis", "Procedures: Throat culture")
    assert note.notes == "Findings: Full-time employment"
    assert note.completed_at == first.completed_at == datetime(2019, 3, 4, 10, 30, 30, tzinfo=UTC)
    # 15 minutes 59 seconds never reach into the next visit.
    assert (second.duration_minutes, second.appointment_type) == (15, "routine_checkup")
    assert second.consultation.diagnosis == "Not recorded"
    assert second.consultation.chief_complaint == "General examination"


def test_visit_stands_on_the_clinics_wall_clock(tmp_path, settings):
    settings.TIME_ZONE = settings.CLINIC_TIME_ZONE = "America/New_York"
    run(write(tmp_path / "set"), tmp_path)
    first = Appointment.objects.order_by("appointment_date", "appointment_time").first()
    assert first.appointment_time == time(5, 0)


def test_vital_signs_are_rounded_half_up(ana):
    vital_signs = VitalSign.objects.get(patient=ana)
    assert (vital_signs.systolic_bp, vital_signs.diastolic_bp) == (121, 79)
    assert vital_signs.temperature_celsius == Decimal("36.7")
    assert vital_signs.recorded_at == datetime(2019, 3, 4, 10, 0, 30, tzinfo=UTC)


def test_laboratory_results_are_completed_and_reviewed(ana):
    potassium, colour = LabTest.objects.filter(patient=ana).order_by("-test_name")
    assert (potassium.result_value, potassium.result_unit, potassium.status) == ("4.2", "mmol/L", "completed")
    assert potassium.sample_collected_date == potassium.consultation.consultation_date
    assert potassium.reviewed_by_user == potassium.ordered_by_doctor
    assert potassium.reviewed_at is not None
    assert (colour.result_value, colour.result_unit) == ("Yellow (qualifier value)", "")


def test_medication_is_a_prescription_of_its_visit(ana):
    stopped, running = Prescription.objects.filter(patient=ana).order_by("prescribed_date")
    assert stopped.medication_name == "Ibuprofen 200 MG Oral Tablet"
    assert {stopped.dosage, stopped.frequency, stopped.duration} == {"Not recorded"}
    assert (stopped.is_active, stopped.prescribed_date) == (False, date(2019, 3, 4))
    assert stopped.discontinued_at == datetime(2019, 3, 14, 10, 0, 30, tzinfo=UTC)
    assert running.is_active
    assert running.consultation.appointment.appointment_date == date(2020, 3, 4)


def test_medication_of_the_catalogue_is_recognised(tmp_path):
    known = factories.MedicationFactory(name="ibuprofen 200 mg oral tablet")
    run(write(tmp_path / "set"), tmp_path)
    assert Prescription.objects.filter(medication=known).count() == 1


@pytest.mark.spec("RULE-RX-2")
def test_allergy_against_a_past_prescription_is_kept_with_it(tmp_path):
    rows = ["2019-03-04T10:00:30Z,,ana,e1,1,Amoxicillin 500 MG Oral Capsule"]
    run(write(tmp_path / "set", {"medications.csv": rows}), tmp_path)
    prescription = Prescription.objects.get()
    assert [warning["kind"] for warning in prescription.safety_warnings] == ["allergy"]
    assert prescription.override_reason == "Prescribed before the import."


def test_allergy_is_coded_with_its_worst_severity(ana):
    allergy = PatientAllergy.objects.get(patient=ana)
    assert (allergy.substance, allergy.severity) == ("Penicillin V", "severe")
    assert allergy.reaction == "Eruption of skin, Cough"
    assert ana.medical_record.allergy_status == "listed"
    assert Patient.objects.get(last_name="Wuckert").medical_record.allergy_status == "not_asked"


def test_open_disorders_are_chronic_and_immunizations_are_kept(ana):
    assert ana.medical_record.chronic_conditions == "2019-03-04 Essential hypertension"
    assert ana.medical_record.immunization_history == "2020-03-04 Influenza seasonal"


@pytest.mark.spec("RULE-INV-1", "RULE-INV-2", "RULE-INV-4")
def test_claims_of_a_visit_are_one_invoice(ana):
    invoice = Invoice.objects.get()
    assert invoice.appointment.appointment_date == invoice.invoice_date == date(2019, 3, 4)
    assert (invoice.total_amount, invoice.amount_paid, invoice.balance_due) == (
        Decimal("105.55"),
        Decimal("90.55"),
        Decimal("15.00"),
    )
    assert (invoice.status, invoice.invoice_number) == ("overdue", "INV-000001")
    assert invoice.insurance_note == "Aetna"
    assert invoice.issued_texts["patient_name"] == "Rentería, Ana Lucía"
    lines = list(invoice.line_items.values_list("description", "quantity", "unit_price", "line_total"))
    assert lines == [
        ("Encounter for problem", 1, Decimal("85.55"), Decimal("85.55")),
        ("Ibuprofen 200 MG Oral Tablet", 2, Decimal("10.00"), Decimal("20.00")),
    ]
    paid = Payment.objects.order_by("transaction_reference").values_list("payment_method", "amount")
    assert list(paid) == [
        ("cash", Decimal("50.00")),
        ("insurance", Decimal("35.55")),
        ("credit_card", Decimal("5.00")),
    ]


def test_what_was_charged_joins_the_price_list_out_of_use(ana):
    kinds = dict(Service.objects.values_list("name", "service_type"))
    assert kinds == {
        "Throat culture": "procedure",
        "Influenza seasonal": "vaccination",
        "Encounter for problem": "consultation",
        "Ibuprofen 200 MG Oral Tablet": "other",
    }
    assert not Service.objects.filter(is_active=True).exists()
    assert InvoiceLineItem.objects.filter(service__isnull=True).count() == 0


@pytest.mark.spec("AUD-1")
def test_every_row_has_its_audit_row(ana):
    told = AuditLog.objects.filter(action="import")
    for model in (Patient, Appointment, Consultation, VitalSign, LabTest, Prescription, Invoice, Payment, User):
        assert set(told.filter(entity_type=model.entity_name()).values_list("entity_id", flat=True)) == set(
            model.objects.values_list("pk", flat=True)
        )
    assert told.get(entity_type="patient", entity_id=ana.pk).new_values["last_name"] == "Rentería"
    assert not AuditLog.objects.exclude(action="import").exists()
    assert "password" not in AuditLog.objects.filter(entity_type="user").get().new_values


def test_imported_patient_is_found_by_name(ana):
    assert list(Patient.objects.search("renteria")) == [ana]


# -- again, and interrupted ----------------------------------------------------------------------


def test_second_run_adds_nothing(tmp_path):
    folder = write(tmp_path / "set")
    first, second = run(folder, tmp_path), run(folder, tmp_path)
    assert second.counts == first.counts
    assert first.rejects == second.rejects[: len(first.rejects)] == second.rejects
    assert all(imported == 0 for _rows, imported, _known, _rejected in second.table.values())


def test_second_run_explains_bad_rows_as_the_first_did(tmp_path):
    charge, copay, *_rest = ROWS["claims_transactions.csv"]
    rows = [charge, copay, copay.replace("t2", "t9").replace("COPAY", "GOLD")]
    folder = write(tmp_path / "set", {"claims_transactions.csv": rows})
    first, second = run(folder, tmp_path), run(folder, tmp_path)
    assert second.counts == first.counts
    assert first.table["claims_transactions.csv"] == (3, 2, 0, 1)
    assert second.table["claims_transactions.csv"] == (3, 0, 2, 1)


def test_larger_export_adds_what_is_new(tmp_path):
    early = {name: rows[:1] for name, rows in ROWS.items() if name not in {"payers.csv", "claims_transactions.csv"}}
    run(write(tmp_path / "early", early), tmp_path)
    run(write(tmp_path / "full"), tmp_path)
    assert Appointment.objects.count() == 3
    assert Prescription.objects.count() == 2
    assert Patient.objects.count() == 2
    connection.check_constraints()


def test_interrupted_run_leaves_whole_patients_and_the_next_completes_them(tmp_path, monkeypatch):
    from healthcare.synthea import history

    whole = run(write(tmp_path / "other"), tmp_path, limit_patients=1)
    folder = tmp_path / "other"
    written = []

    def fail_late(rows):
        real_write(rows)
        written.append(1)
        raise KeyboardInterrupt

    real_write = history.write
    monkeypatch.setattr(history, "write", fail_late)
    with pytest.raises(KeyboardInterrupt):
        run(folder, tmp_path)
    # The second patient's rows were all written, and all taken back.
    assert written
    assert {**counts(), "audit_logs": 0} == {**whole.counts, "audit_logs": 0}
    monkeypatch.setattr(history, "write", real_write)
    run(folder, tmp_path)
    assert Patient.objects.count() == 2
    assert Appointment.objects.count() == 3
    assert list(Patient.objects.order_by("patient_number").values_list("patient_number", flat=True)) == [
        "P-000001",
        "P-000002",
    ]


def test_patient_whom_the_database_refuses_is_rejected_whole(tmp_path, monkeypatch):
    from healthcare.synthea import history

    real_write = history.write

    def refuse_ana(rows):
        if any(isinstance(row, Invoice) for row in rows):
            raise IntegrityError("CHECK constraint failed: invoices_total_adds_up")
        real_write(rows)

    monkeypatch.setattr(history, "write", refuse_ana)
    result = run(write(tmp_path / "set"), tmp_path)
    assert list(Patient.objects.values_list("last_name", flat=True)) == ["Wuckert"]
    assert not Service.objects.exists()
    assert reasons(result, "patients.csv") == {2: "Total must be subtotal plus tax minus discount."}
    assert reasons(result, "claims.csv")[2].startswith("The patient was not imported")
