"""Patients, staff, departments and insurers as FHIR resources."""

from __future__ import annotations

from typing import Any

from healthcare.fhir.parts import NO_ALLERGY, NO_ALLERGY_CODE, NUMBERS, SNOMED, concept, made, ref, term
from healthcare.roles import may
from patients.models import AllergyStatus


def patient(row: Any, user: Any) -> dict[str, Any]:
    """A patient; address and contacts for those who see them on pages."""
    telecom: list[dict[str, str]] = []
    more: dict[str, Any] = {}
    if may(user, "patients.phone") and row.phone:
        telecom.append({"system": "phone", "value": row.phone})
    if may(user, "patients.contact"):
        if row.email:
            telecom.append({"system": "email", "value": row.email})
        address = {
            "line": [row.address] if row.address else None,
            "city": row.city,
            "state": row.state,
            "postalCode": row.postal_code,
            "country": row.country,
        }
        more["address"] = [{name: value for name, value in address.items() if value}] if any(address.values()) else None
        if row.emergency_contact_name:
            contact: dict[str, Any] = {"name": {"text": row.emergency_contact_name}}
            if row.emergency_contact_phone:
                contact["telecom"] = [{"system": "phone", "value": row.emergency_contact_phone}]
            if row.emergency_contact_relationship:
                contact["relationship"] = [{"text": row.emergency_contact_relationship}]
            more["contact"] = [contact]
    return made(
        "Patient",
        row,
        identifier=[{"system": f"{NUMBERS}:patient-number", "value": row.patient_number}],
        active=row.is_active,
        name=[{"family": row.last_name, "given": row.first_name.split(), "text": f"{row.first_name} {row.last_name}"}],
        gender=row.gender,
        birthDate=row.date_of_birth.isoformat(),
        telecom=telecom,
        **more,
    )


def practitioner(row: Any, user: Any) -> dict[str, Any]:
    """A member of staff: the name that stands on every page, and nothing of the account."""
    name = {"family": row.last_name, "given": [row.first_name], "text": row.full_name}
    return made("Practitioner", row, active=row.is_active, name=[name])


def department(row: Any, user: Any) -> dict[str, Any]:
    """A department."""
    return made("Organization", row, active=row.is_active, type=[term("organization-type", "dept")], name=row.name)


def insurer(row: Any, user: Any) -> dict[str, Any]:
    """An insurer."""
    return made("Organization", row, active=row.is_active, type=[term("organization-type", "ins")], name=row.name)


def coverage(row: Any, user: Any) -> dict[str, Any]:
    """A patient's insurance."""
    return made(
        "Coverage",
        row,
        status="active" if row.is_active else "cancelled",
        subscriberId=row.insurance_policy_number,
        beneficiary=ref("Patient", row.pk, row),
        relationship=term("subscriber-relationship", "other"),
        payor=[ref("Organization", row.insurance_provider_id, row.insurance_provider)],
    )


def allergy(row: Any, user: Any) -> dict[str, Any]:
    """A coded allergy."""
    wrong = row.status == "entered_in_error"
    reaction = {"manifestation": [{"text": row.reaction or "unknown"}], "severity": row.severity}
    return made(
        "AllergyIntolerance",
        row,
        clinicalStatus=None if wrong else term("allergyintolerance-clinical", row.status),
        verificationStatus=term("allergyintolerance-verification", "entered-in-error" if wrong else "confirmed"),
        code=concept(row.substance),
        patient=ref("Patient", row.patient_id),
        recordedDate=row.created_at.isoformat(),
        recorder=ref("Practitioner", row.recorded_by_user_id),
        reaction=[reaction],
    )


def allergy_answer(row: Any, user: Any) -> dict[str, Any]:
    """What the record says beside the coded allergies: its free text, which counts too, or that none are known."""
    text = row.allergies.strip()
    none_known = not text and row.allergy_status == AllergyStatus.NONE_KNOWN
    return made(
        "AllergyIntolerance",
        row,
        clinicalStatus=term("allergyintolerance-clinical", "active"),
        verificationStatus=term("allergyintolerance-verification", "confirmed" if none_known else "unconfirmed"),
        code=concept(NO_ALLERGY, (SNOMED, NO_ALLERGY_CODE, NO_ALLERGY)) if none_known else concept(text or "unknown"),
        patient=ref("Patient", row.patient_id),
        recordedDate=row.updated_at.isoformat(),
    )
