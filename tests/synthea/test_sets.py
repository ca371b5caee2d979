"""The importer on Synthea's own sets, against figures worked out here from the files."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.db import connection, transaction

from audit.models import AuditLog
from billing.models import Invoice, InvoiceLineItem, Payment
from billing.reconcile import differences
from clinical.models import Consultation, LabTest, Prescription, VitalSign
from departments.models import User
from healthcare.clock import today
from healthcare.synthea.reading import identity, ordered_identity
from patients.models import InsuranceProvider, MedicalRecord, Patient
from reporting.periods import Period
from scheduling.models import Appointment
from tests.reporting.plain import Books, disagreements
from tests.synthea.files import directory, read, run

pytestmark = [pytest.mark.django_db, pytest.mark.spec("DATA-2")]

CLASSES = {"ambulatory", "outpatient", "wellness", "urgentcare", "emergency", "virtual"}
METHODS = {
    "paid_echeck": ("insurance", "ECHECK"),
    "paid_copay": ("cash", "COPAY"),
    "paid_cash": ("cash", "CASH"),
    "paid_cc": ("credit_card", "CC"),
    "paid_check": ("cheque", "CHECK"),
}
TABLES = {
    "patient": Patient,
    "medical_record": MedicalRecord,
    "appointment": Appointment,
    "consultation": Consultation,
    "vital_sign": VitalSign,
    "lab_test": LabTest,
    "prescription": Prescription,
    "invoice": Invoice,
    "invoice_line_item": InvoiceLineItem,
    "payment": Payment,
    "user": User,
    "insurance_provider": InsuranceProvider,
}


def moment(text):
    return datetime.fromisoformat(text)


def expected_encounters(folder):
    """Importable encounters by id, worked out from the file alone: class, duration, one visit at a time."""
    by_provider = defaultdict(list)
    for row in read(folder / "encounters.csv"):
        start, stop = moment(row["START"]), moment(row["STOP"])
        if row["ENCOUNTERCLASS"] in CLASSES and 15 * 60 <= (stop - start).total_seconds() <= 480 * 60:
            by_provider[row["PROVIDER"]].append((start, stop, row))
    found = {}
    for visits in by_provider.values():
        free = datetime.min.replace(tzinfo=UTC)
        for start, stop, row in sorted(visits, key=lambda visit: visit[0]):
            if start >= free:
                found[row["Id"]] = row
                free = stop
    return found


class Facts:
    """What an import left behind, as plain data, so that one import serves many tests."""

    def __init__(self, folder, first, second):
        self.folder, self.first, self.second = folder, first, second
        for name, model in TABLES.items():
            setattr(self, name, {row["id"]: row for row in model.objects.values()})
        self.differences = [str(difference) for difference in differences()]
        self.audited = Counter(AuditLog.objects.filter(action="import").values_list("entity_type", flat=True))


def facts_of(name, tmp_path, blocker, reports=False, **options):
    """Import a set twice within a transaction that is then taken back."""
    folder = directory(name)
    with blocker.unblock(), transaction.atomic():
        first = run(folder, tmp_path, **options)
        connection.check_constraints()
        second = run(folder, tmp_path, **options)
        facts = Facts(folder, first, second)
        # What the reports say of it and plain Python does not.
        facts.disagreements = disagreements(Books(), Period(date(2010, 1, 1), today())) if reports else None
        transaction.set_rollback(True)
    return facts


@pytest.fixture(scope="module")
def ma_11(django_db_setup, django_db_blocker, tmp_path_factory):
    """The newest layout, whole."""
    return facts_of("ma_11_full", tmp_path_factory.mktemp("ma_11"), django_db_blocker, reports=True)


@pytest.fixture(scope="module")
def ca_59(django_db_setup, django_db_blocker, tmp_path_factory):
    """Claims without transactions; the first patients."""
    return facts_of("ca_59", tmp_path_factory.mktemp("ca_59"), django_db_blocker, limit_patients=6)


@pytest.fixture(scope="module")
def ma_113(django_db_setup, django_db_blocker, tmp_path_factory):
    """The old layout; the first patients."""
    return facts_of("ma_113_old", tmp_path_factory.mktemp("ma_113"), django_db_blocker, limit_patients=6)


@pytest.fixture(params=["ma_11", "ca_59", "ma_113"])
def any_set(request):
    """Each of the sets."""
    return request.getfixturevalue(request.param)


def test_counts_agree_with_the_files(ma_11):
    encounters = expected_encounters(ma_11.folder)
    assert len(ma_11.patient) == len(ma_11.medical_record) == 11
    assert set(ma_11.appointment) == {identity("encounter", key) for key in encounters}
    assert len(ma_11.appointment) == len(ma_11.consultation) == 373
    assert sum(user["role"] == "doctor" for user in ma_11.user.values()) == 47
    assert len(ma_11.insurance_provider) == 9
    medications = [row for row in read(ma_11.folder / "medications.csv") if row["ENCOUNTER"] in encounters]
    assert len(ma_11.prescription) == len(medications)
    assert sum(row["is_active"] for row in ma_11.prescription.values()) == sum(not row["STOP"] for row in medications)
    results = [
        row
        for row in read(ma_11.folder / "observations.csv")
        if row["ENCOUNTER"] in encounters and row["CATEGORY"] == "laboratory"
    ]
    assert len(ma_11.lab_test) == len(results)
    assert Counter(row["result_value"] for row in ma_11.lab_test.values()) == Counter(row["VALUE"] for row in results)


@pytest.mark.spec("RPT-2", "RPT-3")
def test_every_report_agrees_with_plain_python(ma_11):
    assert ma_11.disagreements == []


@pytest.mark.spec("RULE-INV-5", "ENT-5")
def test_reconcile_finds_nothing(any_set):
    assert any_set.differences == []


def test_visits_are_completed_and_past(any_set):
    assert {row["status"] for row in any_set.appointment.values()} == {"completed"}
    assert all(row["appointment_date"] < today() for row in any_set.appointment.values())
    assert all(row["completed_at"] and row["diagnosis"] for row in any_set.consultation.values())
    assert {row["appointment_id"] for row in any_set.consultation.values()} == set(any_set.appointment)


def test_names_have_no_digits_and_gaps_stay_empty(any_set):
    source = {identity("patient", row["Id"]): row for row in read(any_set.folder / "patients.csv")}
    for key, row in any_set.patient.items():
        assert (row["first_name"], row["last_name"]) == (
            re.sub("[0-9]", "", source[key]["FIRST"]),
            re.sub("[0-9]", "", source[key]["LAST"]),
        )
        assert (row["phone"], row["email"], row["postal_code"]) == ("", "", source[key]["ZIP"])
        assert row["is_active"] is (not source[key]["DEATHDATE"])
        assert row["date_of_birth"] == date.fromisoformat(source[key]["BIRTHDATE"])
    doctors = [row for row in any_set.user.values() if row["role"] == "doctor"]
    assert not any(re.search("[0-9]", row["first_name"] + row["last_name"]) for row in doctors)
    assert len({row["email"] for row in doctors}) == len(doctors)


def test_insurer_is_the_latest_payer(ma_11):
    names = {row["Id"]: row["NAME"] for row in read(ma_11.folder / "payers.csv")}
    latest = {}
    for row in read(ma_11.folder / "payer_transitions.csv"):
        known = latest.get(row["PATIENT"])
        if known is None or row["START_DATE"] > known["START_DATE"]:
            latest[row["PATIENT"]] = row
    for source, row in latest.items():
        patient = ma_11.patient[identity("patient", source)]
        insurer = ma_11.insurance_provider.get(patient["insurance_provider_id"], {"name": "NO_INSURANCE"})
        assert insurer["name"] == names[row["PAYER"]]
        insured = insurer["name"] != "NO_INSURANCE"
        assert patient["insurance_policy_number"] == (row["MEMBERID"] if insured else "")


def test_vital_signs_agree_with_the_observations(any_set):
    columns = {
        "8480-6": ("systolic_bp", "1"),
        "8867-4": ("pulse_rate", "1"),
        "8310-5": ("temperature_celsius", "0.1"),
        "8331-1": ("temperature_celsius", "0.1"),
        "29463-7": ("weight_kg", "0.01"),
        "2708-6": ("oxygen_saturation", "1"),
    }
    rejected = {int(row["line"]) for row in any_set.first.rejects if row["file"] == "observations.csv"}
    seen = 0
    for line, row in enumerate(read(any_set.folder / "observations.csv"), start=2):
        if row["CODE"] not in columns or not row["ENCOUNTER"] or line in rejected:
            continue
        vital_signs = any_set.vital_sign.get(identity("vital_signs", row["ENCOUNTER"]))
        if vital_signs is None:
            assert identity("patient", row["PATIENT"]) not in any_set.patient  # left out by the limit
            continue
        column, places = columns[row["CODE"]]
        assert vital_signs[column] == Decimal(row["VALUE"]).quantize(Decimal(places), rounding=ROUND_HALF_UP)
        seen += 1
    assert seen > 20


@pytest.mark.spec("RULE-INV-2", "RULE-INV-5")
def test_claims_agree_with_the_answer_key_to_the_cent(ma_11):
    encounters = expected_encounters(ma_11.folder)
    payments = {row["transaction_reference"]: row for row in ma_11.payment.values()}
    lines = {key.bytes[4:]: row for key, row in ma_11.invoice_line_item.items()}
    invoices = {row["appointment_id"]: row for row in ma_11.invoice.values()}
    transactions = defaultdict(list)
    for row in read(ma_11.folder / "claims_transactions.csv"):
        transactions[row["CLAIMID"]].append(row)
    charged, paid, compared = defaultdict(Decimal), defaultdict(Decimal), 0
    for claim in read(ma_11.folder / "_claim_totals.csv"):
        if claim["encounter_id"] not in encounters:
            continue
        invoice = identity("invoice", claim["encounter_id"])
        own_lines, own_payments = [], defaultdict(Decimal)
        for row in transactions[claim["claim_id"]]:
            key = ordered_identity(0, "charge", invoice, row["ID"]).bytes[4:]
            if key in lines:
                own_lines.append(lines[key])
            if row["ID"] in payments:
                method, source = payments[row["ID"]]["payment_method"], row["METHOD"]
                own_payments[method, source] += payments[row["ID"]]["amount"]
        assert len(own_lines) == int(claim["n_charges"])
        assert sum(row["line_total"] for row in own_lines) == Decimal(claim["total_charge"])
        for column, method in METHODS.items():
            assert own_payments.get(method, 0) == Decimal(claim[column])
        charged[claim["encounter_id"]] += Decimal(claim["total_charge"])
        paid[claim["encounter_id"]] += Decimal(claim["total_paid"])
        compared += 1
    assert compared == 544
    assert len(invoices) == len(charged)
    for encounter, total in charged.items():
        invoice = invoices[identity("encounter", encounter)]
        assert invoice["total_amount"] == total
        assert invoice["amount_paid"] == paid[encounter]
    assert sum(row["total_amount"] for row in ma_11.invoice.values()) == sum(charged.values())
    assert sum(row["amount"] for row in ma_11.payment.values()) == sum(paid.values())


@pytest.mark.spec("RULE-INV-1", "RULE-INV-2", "RULE-INV-4", "RULE-INV-5", "ENT-5")
def test_invoices_add_up(ma_11):
    lines, paid = defaultdict(Decimal), defaultdict(Decimal)
    for row in ma_11.invoice_line_item.values():
        assert row["line_total"] == row["quantity"] * row["unit_price"]
        lines[row["invoice_id"]] += row["line_total"]
    for row in ma_11.payment.values():
        assert row["patient_id"] == ma_11.invoice[row["invoice_id"]]["patient_id"]
        paid[row["invoice_id"]] += row["amount"]
    for key, row in ma_11.invoice.items():
        assert row["subtotal"] == lines[key]
        assert row["total_amount"] == row["subtotal"] + row["tax_amount"] - row["discount_amount"]
        assert row["amount_paid"] == paid[key]
        assert row["balance_due"] == row["total_amount"] - row["amount_paid"] == 0
        assert row["status"] == "paid"
    visits = [row["appointment_id"] for row in ma_11.invoice.values()]
    assert len(set(visits)) == len(visits)
    numbers = sorted(row["invoice_number"] for row in ma_11.invoice.values())
    assert numbers == [f"INV-{number:06}" for number in range(1, len(numbers) + 1)]


def test_claims_without_transactions_are_explained(ca_59):
    assert not ca_59.invoice
    reasons = {row["reason"] for row in ca_59.first.rejects if row["file"] == "claims.csv"}
    assert "The claim has no charges, so there is nothing to invoice." in reasons


def test_old_layout_finds_doctors_and_laboratory(ma_113):
    assert sum(user["role"] == "doctor" for user in ma_113.user.values()) == 807
    assert {row["doctor_id"] for row in ma_113.appointment.values()} <= set(ma_113.user)
    assert ma_113.lab_test
    names = {row["test_name"] for row in ma_113.lab_test.values()}
    assert "Peanut IgE Ab in Serum" in names
    assert not names & {"Tobacco smoking status NHIS", "Body Mass Index", "QALY", "FEV1/FVC"}


def test_second_run_adds_nothing(any_set):
    assert any_set.second.counts == any_set.first.counts
    assert all(imported == 0 for _rows, imported, _known, _rejected in any_set.second.table.values())
    assert any_set.second.rejects == any_set.first.rejects


def test_every_row_is_imported_or_explained(ma_11):
    for file, (rows, imported, known, rejected) in ma_11.first.table.items():
        assert rows == len(read(ma_11.folder / file))
        assert rows == imported + known + rejected
        assert known == 0
    for file, (rows, imported, known, rejected) in ma_11.second.table.items():
        assert (rows, imported) == (known + rejected, 0), file


def test_rejects_name_each_row_once_with_a_reason(any_set):
    places = [(row["file"], row["line"]) for row in any_set.first.rejects]
    assert len(set(places)) == len(places)
    assert all(row["reason"].strip() for row in any_set.first.rejects)


@pytest.mark.spec("AUD-1")
def test_every_row_has_one_audit_row(any_set):
    for name in TABLES:
        assert any_set.audited[name] == len(getattr(any_set, name)), name
