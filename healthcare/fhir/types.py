"""The types of resources: whose permission, which rows, how they are searched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Q

from billing.models import Invoice
from clinical.models import Consultation, LabTest, Prescription, VitalSign
from clinical.models.prescriptions import VALIDITY_DAYS
from clinical.models.problems import Problem
from departments.models import Department, User
from healthcare.clock import today
from healthcare.fhir import people, visits
from patients.models import AllergyStatus, InsuranceProvider, MedicalRecord, Patient, PatientAllergy
from scheduling.models import Appointment


@dataclass(frozen=True)
class Source:
    """Rows that become resources of one type."""

    rows: Callable[[], Any]
    read: Callable[[Any, Any], Any]
    permission: str
    #: Lookups of the search parameters `patient` and `date`; empty: these rows know none.
    patient: str = "patient_id"
    date: str = ""
    #: Whether `date` is a day on the wall, not a moment.
    days: bool = False
    #: FHIR's status -> condition on the rows.
    status: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """One type of resource."""

    name: str
    permission: str
    sources: tuple[Source, ...]
    #: In `Patient/$everything`.
    of_patient: bool = True
    #: Search parameters of its own, beside _id, patient, date and status.
    parameters: tuple[str, ...] = ()
    #: What FHIR calls the search by status.
    status_name: str = "status"


def kind(name: str, permission: str, rows: Any, read: Any, **more: Any) -> Kind:
    """A type with one source."""
    whole = {key: more.pop(key) for key in ("of_patient", "parameters", "status_name") if key in more}
    return Kind(name, permission, (Source(rows, read, permission, **more),), **whole)


def by(column: str, meanings: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The conditions behind FHIR's statuses, from a table of ours to theirs."""
    found: dict[str, dict[str, Any]] = {}
    for ours, theirs in meanings.items():
        found.setdefault(theirs, {f"{column}__in": []})[f"{column}__in"].append(ours)
    return found


LAB_ORDER = {
    **dict.fromkeys(("ordered", "sample_collected", "in_progress"), "active"),
    "completed": "completed",
    "cancelled": "revoked",
}
INVOICE = {
    "draft": "draft",
    **dict.fromkeys(("issued", "partially_paid", "overdue"), "issued"),
    "paid": "balanced",
    "cancelled": "cancelled",
}


def valid_from() -> date:
    """The earliest day of a prescription that is valid today."""
    return today() - timedelta(days=VALIDITY_DAYS)


KINDS = {
    found.name: found
    for found in (
        kind(
            "Patient",
            "patients.view",
            lambda: Patient.objects.all(),
            people.patient,
            patient="pk",
            of_patient=False,
            parameters=("identifier", "name", "family", "given", "birthdate", "gender"),
        ),
        kind(
            "Practitioner",
            "signed_in",
            lambda: User.objects.all(),
            people.practitioner,
            patient="",
            of_patient=False,
            parameters=("name",),
        ),
        Kind(
            "Organization",
            "signed_in",
            (
                Source(lambda: Department.objects.all(), people.department, "signed_in", patient=""),
                Source(lambda: InsuranceProvider.objects.all(), people.insurer, "insurance_providers.view", patient=""),
            ),
            of_patient=False,
            parameters=("name",),
        ),
        kind(
            "Coverage",
            "patients.contact",
            lambda: Patient.objects.filter(insurance_provider__isnull=False).select_related("insurance_provider"),
            people.coverage,
            patient="pk",
        ),
        Kind(
            "AllergyIntolerance",
            "allergies.view",
            (
                Source(
                    lambda: PatientAllergy.objects.all(),
                    people.allergy,
                    "allergies.view",
                    date="created_at",
                    status=by("status", {name: name for name in ("active", "inactive")}),
                ),
                Source(
                    lambda: MedicalRecord.objects.filter(~Q(allergies="") | Q(allergy_status=AllergyStatus.NONE_KNOWN)),
                    people.allergy_answer,
                    "allergies.view",
                    date="updated_at",
                    status={"active": {}},
                ),
            ),
            status_name="clinical-status",
        ),
        kind(
            "Appointment",
            "appointments.view",
            lambda: Appointment.objects.all(),
            visits.appointment,
            date="appointment_date",
            days=True,
            status=by("status", visits.APPOINTMENT),
        ),
        kind(
            "Encounter",
            "consultations.view",
            lambda: Consultation.objects.all(),
            visits.encounter,
            date="consultation_date",
            status={
                "finished": {"completed_at__isnull": False},
                "in-progress": {"completed_at__isnull": True, "abandoned_at__isnull": True},
                "entered-in-error": {"abandoned_at__isnull": False},
            },
        ),
        Kind(
            "Condition",
            "consultations.view",
            (
                Source(
                    lambda: Problem.objects.all(),
                    visits.problem,
                    "consultations.view",
                    date="since",
                    days=True,
                    status=by("status", {"active": "active", "resolved": "resolved"}),
                ),
                Source(
                    lambda: Consultation.objects.kept().exclude(diagnosis=""),
                    visits.diagnosis,
                    "consultations.view",
                    date="consultation_date",
                    status={"active": {}},
                ),
            ),
            status_name="clinical-status",
        ),
        Kind(
            "Observation",
            "vital_signs.view",
            (
                Source(
                    lambda: VitalSign.objects.all(),
                    visits.vital_signs,
                    "vital_signs.view",
                    date="recorded_at",
                    status={
                        "final": {"entered_in_error_at__isnull": True},
                        "entered-in-error": {"entered_in_error_at__isnull": False},
                    },
                ),
                Source(
                    lambda: LabTest.objects.filter(status="completed"),
                    visits.lab_result,
                    "lab_tests.results",
                    date="result_date",
                    status={"final": {}},
                ),
            ),
        ),
        kind(
            "ServiceRequest",
            "lab_tests.view",
            lambda: LabTest.objects.all(),
            visits.lab_order,
            date="ordered_date",
            status=by("status", LAB_ORDER),
        ),
        kind(
            "MedicationRequest",
            "prescriptions.view",
            lambda: Prescription.objects.select_related("medication"),
            visits.prescription,
            date="prescribed_date",
            days=True,
            # As `Prescription.state` says it; a callable, because it follows the calendar.
            status={
                "stopped": {"is_active": False},
                "active": lambda: {"is_active": True, "prescribed_date__gte": valid_from()},
                "completed": lambda: {"is_active": True, "prescribed_date__lt": valid_from()},
            },
        ),
        kind(
            "Invoice",
            "invoices.view",
            lambda: Invoice.objects.prefetch_related("line_items"),
            visits.invoice,
            date="invoice_date",
            days=True,
            status=by("status", INVOICE),
            parameters=("identifier",),
        ),
    )
}
