"""Appointments, encounters, conditions, measurements, orders, prescriptions and invoices as FHIR resources."""

from __future__ import annotations

import csv
import re
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from clinical.lab_catalogue import FILE
from healthcare.fhir.parts import (
    LOINC,
    NUMBERS,
    TERMS,
    concept,
    instant,
    made,
    money,
    on_the_wall,
    quantity,
    ref,
    term,
)
from healthcare.roles import may
from healthcare.text import fold

ICD10, ATC = "http://hl7.org/fhir/sid/icd-10-cm", "http://www.whocc.no/atc"
APPOINTMENT = {
    "scheduled": "booked",
    "confirmed": "booked",
    "checked_in": "checked-in",
    "in_progress": "arrived",
    "completed": "fulfilled",
    "cancelled": "cancelled",
    "no_show": "noshow",
}
#: `healthcare.synthea` keeps the code of a test that the catalogue does not know in its notes.
IMPORTED_LOINC = re.compile(r"\bLOINC ([0-9]{1,7}-[0-9])\b")
#: Units of results, as people write them and as imports bring them, with their UCUM codes.
WRITTEN_UNITS = {
    **{unit: unit for unit in ("mg/L", "g/L", "ng/mL", "ug/L", "U/L", "kU/L", "mU/L", "umol/L", "nmol/L", "pmol/L")},
    **{"10^9/L": "10*9/L", "10^12/L": "10*12/L", "µmol/L": "umol/L", "µg/L": "ug/L", "µg/dL": "ug/dL"},
    **{"mL/min/{1.73_m2}": "mL/min/{1.73_m2}", "mL/min": "mL/min", "[pH]": "[pH]", "pH": "[pH]", "INR": "{INR}"},
}
#: (column, LOINC, words, unit, UCUM); blood pressure is one observation of two components.
MEASURED = (
    ("pulse_rate", "8867-4", "Heart rate", "/min", "/min"),
    ("respiratory_rate", "9279-1", "Respiratory rate", "/min", "/min"),
    ("temperature_celsius", "8310-5", "Body temperature", "°C", "Cel"),
    ("oxygen_saturation", "2708-6", "Oxygen saturation in arterial blood", "%", "%"),
    ("weight_kg", "29463-7", "Body weight", "kg", "kg"),
    ("height_cm", "8302-2", "Body height", "cm", "cm"),
)
PRESSURES = (
    ("systolic_bp", "8480-6", "Systolic blood pressure"),
    ("diastolic_bp", "8462-4", "Diastolic blood pressure"),
)


def appointment(row: Any, user: Any) -> dict[str, Any]:
    """An appointment; why it was made for those who see that on pages."""
    people = [ref("Patient", row.patient_id), ref("Practitioner", row.doctor_id)]
    reason = row.reason if may(user, "appointments.reason") else ""
    return made(
        "Appointment",
        row,
        status=APPOINTMENT[row.status],
        appointmentType=concept(row.get_appointment_type_display()),
        reasonCode=[concept(reason)] if reason else None,
        start=on_the_wall(row.start),
        end=on_the_wall(row.end),
        minutesDuration=row.duration_minutes,
        created=instant(row.created_at),
        participant=[{"actor": person, "status": "accepted"} for person in people],
    )


def encounter(row: Any, user: Any) -> dict[str, Any]:
    """A consultation."""
    status = "entered-in-error" if row.is_abandoned else "finished" if row.is_completed else "in-progress"
    # "class" is a word of Python's.
    kind: dict[str, Any] = {"class": {"system": f"{TERMS}/v3-ActCode", "code": "AMB", "display": "ambulatory"}}
    period = {"start": instant(row.consultation_date), "end": instant(row.completed_at)}
    return made(
        "Encounter",
        row,
        status=status,
        **kind,
        subject=ref("Patient", row.patient_id),
        participant=[{"individual": ref("Practitioner", row.doctor_id)}],
        appointment=[ref("Appointment", row.appointment_id)] if row.appointment_id else None,
        period={name: value for name, value in period.items() if value},
        reasonCode=[concept(row.chief_complaint)] if row.chief_complaint else None,
        diagnosis=[{"condition": ref("Condition", row.pk)}] if row.diagnosis and not row.is_abandoned else None,
    )


def diagnosis(row: Any, user: Any) -> dict[str, Any]:
    """What a consultation found."""
    return made(
        "Condition",
        row,
        clinicalStatus=term("condition-clinical", "active"),
        verificationStatus=term("condition-ver-status", "confirmed"),
        category=[term("condition-category", "encounter-diagnosis")],
        code=concept(row.diagnosis, *((ICD10, entry["code"], entry["title"]) for entry in row.diagnosis_codes)),
        subject=ref("Patient", row.patient_id),
        encounter=ref("Encounter", row.pk),
        recordedDate=instant(row.consultation_date),
        recorder=ref("Practitioner", row.doctor_id),
    )


def problem(row: Any, user: Any) -> dict[str, Any]:
    """An entry of the problem list."""
    wrong = row.status == "entered_in_error"
    return made(
        "Condition",
        row,
        clinicalStatus=None if wrong else term("condition-clinical", row.status),
        verificationStatus=term("condition-ver-status", "entered-in-error" if wrong else "confirmed"),
        category=[term("condition-category", "problem-list-item")],
        code=concept(row.title, (ICD10, row.code, row.title)),
        subject=ref("Patient", row.patient_id),
        onsetDateTime=row.since.isoformat(),
        abatementDateTime=row.resolved_on.isoformat() if row.resolved_on else None,
        recordedDate=instant(row.created_at),
        recorder=ref("Practitioner", row.noted_by_user_id),
    )


def vital_signs(row: Any, user: Any) -> list[dict[str, Any]]:
    """One observation for each thing measured."""
    shared = {
        "status": "entered-in-error" if row.struck else "final",
        "category": [term("observation-category", "vital-signs")],
        "subject": ref("Patient", row.patient_id),
        "effectiveDateTime": instant(row.recorded_at),
        "performer": [ref("Practitioner", row.recorded_by_user_id)],
    }
    found = []
    pressures = [
        {"code": concept(words, (LOINC, code, words)), "valueQuantity": quantity(value, "mmHg", "mm[Hg]")}
        for name, code, words in PRESSURES
        if (value := getattr(row, name)) is not None
    ]
    if pressures:
        panel = concept("Blood pressure", (LOINC, "85354-9", "Blood pressure panel"))
        found.append(made("Observation", row, ".blood-pressure", code=panel, component=pressures, **shared))
    for name, code, words, unit, ucum in MEASURED:
        if (value := getattr(row, name)) is not None:
            suffix = f".{name.replace('_', '-')}"
            measured = {"code": concept(words, (LOINC, code, words)), "valueQuantity": quantity(value, unit, ucum)}
            found.append(made("Observation", row, suffix, **measured, **shared))
    return found


@cache
def loinc_codes() -> dict[str, str]:
    """The catalogue's LOINC codes by folded name."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {fold(row["test_name"]): row["loinc"] for row in csv.DictReader(file)}


@cache
def ucum_units() -> dict[str, str]:
    """The catalogue's units, which are UCUM, and how people write some of them, each with its code."""
    with FILE.open(encoding="utf-8", newline="") as file:
        units = {row["unit"]: row["unit"] for row in csv.DictReader(file) if row["unit"]}
    return units | WRITTEN_UNITS


def test_code(row: Any) -> dict[str, Any] | None:
    """What is tested: its code from the catalogue, or from where it was imported."""
    told = IMPORTED_LOINC.search(row.notes)
    return concept(row.test_name, (LOINC, loinc_codes().get(fold(row.test_name), "") or (told[1] if told else ""), ""))


def lab_result(row: Any, user: Any) -> dict[str, Any]:
    """A completed lab test."""
    try:
        unit = row.result_unit
        value: dict[str, Any] = {"valueQuantity": quantity(Decimal(row.result_value), unit, ucum_units().get(unit, ""))}
        if not Decimal(row.result_value).is_finite():
            raise InvalidOperation
    except InvalidOperation:
        value = {"valueString": f"{row.result_value} {row.result_unit}".strip()}
    flag = {True: "A", False: "N"}.get(row.is_abnormal)
    return made(
        "Observation",
        row,
        status="final",
        basedOn=[ref("ServiceRequest", row.pk)],
        category=[term("observation-category", "laboratory")],
        code=test_code(row),
        subject=ref("Patient", row.patient_id),
        encounter=ref("Encounter", row.consultation_id),
        effectiveDateTime=instant(row.sample_collected_date),
        issued=instant(row.result_date),
        **value,
        interpretation=[term("v3-ObservationInterpretation", flag)] if flag else None,
        referenceRange=[{"text": row.reference_range}] if row.reference_range else None,
    )


def lab_order(row: Any, user: Any) -> dict[str, Any]:
    """The order of a lab test."""
    return made(
        "ServiceRequest",
        row,
        status={"completed": "completed", "cancelled": "revoked"}.get(row.status, "active"),
        intent="order",
        code=test_code(row),
        subject=ref("Patient", row.patient_id),
        encounter=ref("Encounter", row.consultation_id),
        authoredOn=instant(row.ordered_date),
        requester=ref("Practitioner", row.ordered_by_doctor_id),
    )


def prescription(row: Any, user: Any) -> dict[str, Any]:
    """A prescription, with its ATC code where it is from the catalogue."""
    atc = row.medication.atc_code if row.medication_id else ""
    dosage = {
        "text": ", ".join(part for part in (row.dosage, row.frequency, row.duration) if part),
        "patientInstruction": row.special_instructions,
        "route": concept(row.route),
    }
    supply: dict[str, Any] = {
        "validityPeriod": {"start": row.prescribed_date.isoformat(), "end": row.valid_until.isoformat()}
    }
    if row.quantity:
        supply["quantity"] = {"value": row.quantity}
    return made(
        "MedicationRequest",
        row,
        status={"active": "active", "expired": "completed"}.get(row.state, "stopped"),
        intent="order",
        medicationCodeableConcept=concept(row.medication_name, (ATC, atc, "")),
        subject=ref("Patient", row.patient_id),
        encounter=ref("Encounter", row.consultation_id),
        authoredOn=row.prescribed_date.isoformat(),
        requester=ref("Practitioner", row.doctor_id),
        dosageInstruction=[{name: value for name, value in dosage.items() if value}],
        dispenseRequest=supply,
    )


def invoice(row: Any, user: Any) -> dict[str, Any]:
    """An invoice with its lines."""
    lines = [
        {
            "sequence": number,
            "chargeItemCodeableConcept": concept(line.description),
            "priceComponent": [{"type": "base", "factor": line.quantity, "amount": money(line.line_total)}],
        }
        for number, line in enumerate(row.line_items.all(), 1)
    ]
    return made(
        "Invoice",
        row,
        identifier=[{"system": f"{NUMBERS}:invoice-number", "value": row.invoice_number}],
        status={"draft": "draft", "paid": "balanced", "cancelled": "cancelled"}.get(row.shown_status, "issued"),
        subject=ref("Patient", row.patient_id),
        date=row.invoice_date.isoformat(),
        lineItem=lines,
        totalNet=money(row.subtotal - row.discount_amount),
        totalGross=money(row.total_amount),
    )
