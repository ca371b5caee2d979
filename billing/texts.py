"""The names and addresses on an invoice, as they stand now or as they stood when it was issued."""

from __future__ import annotations

from typing import Any

from billing.models import Invoice
from departments.models import ClinicSettings
from healthcare.text import display_phone


def present_texts(invoice: Invoice) -> dict[str, str]:
    """What the invoice would say if it were issued now."""
    clinic, patient, appointment = ClinicSettings.current(), invoice.patient, invoice.appointment
    return {
        "clinic_name": clinic.name,
        "clinic_address": clinic.address,
        "clinic_phone": display_phone(clinic.phone),
        "clinic_email": clinic.email,
        "patient_name": str(patient),
        "patient_number": patient.patient_number,
        "patient_date_of_birth": patient.date_of_birth.isoformat(),
        "patient_address": patient.postal_address,
        "insurer": str(patient.insurance_provider or ""),
        "policy_number": patient.insurance_policy_number,
        "visit_date": appointment.appointment_date.isoformat() if appointment else "",
        "doctor": appointment.doctor.full_name if appointment else "",
    }


def texts_of(invoice: Invoice) -> dict[str, str]:
    """The frozen texts of an issued invoice, the present ones of a draft."""
    return invoice.issued_texts or present_texts(invoice)


def letterhead_of(texts: dict[str, str]) -> dict[str, str]:
    """The clinic of a document, as it was called when the invoice was issued."""
    return {name: texts[f"clinic_{name}"] for name in ("name", "address", "phone", "email")}


def paper_of(invoice: Invoice) -> dict[str, Any]:
    """What every document about an invoice needs of it: itself, its names and addresses, the clinic at its head."""
    texts = texts_of(invoice)
    return {"invoice": invoice, "texts": texts, "clinic": letterhead_of(texts)}


def insurance_note_for(patient: object) -> str:
    """What the patient's insurance has to say on an invoice, to start the note with."""
    insurer = getattr(patient, "insurance_provider", None)
    if insurer is None:
        return ""
    policy = getattr(patient, "insurance_policy_number", "")
    return "\n".join(part for part in (insurer.name, policy, insurer.coverage_policy) if part)
