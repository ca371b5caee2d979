"""Rows that the forms have accepted are written in bulk, each with its audit row, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps

from billing.models import Invoice, InvoiceLineItem, Payment, Service
from clinical.models import Consultation, LabTest, Prescription, VitalSign
from departments.models import Department, User
from healthcare.models import BaseModel
from patients.models import InsuranceProvider, MedicalRecord, Patient, PatientAllergy
from scheduling.models import Appointment

#: Parents first; an invoice after its lines and payments, as `billing.guards` asks of a bulk import.
ORDER: tuple[type[BaseModel], ...] = (
    InsuranceProvider,
    Department,
    User,
    Patient,
    MedicalRecord,
    PatientAllergy,
    Appointment,
    Consultation,
    VitalSign,
    Prescription,
    LabTest,
    Service,
    InvoiceLineItem,
    Payment,
    Invoice,
)
BATCH = 500
#: Told by the audit row itself, derived, or secret.
UNTOLD = frozenset({"id", "created_at", "updated_at", "search_text", "password", "last_login"})


def write(rows: Iterable[BaseModel]) -> None:
    """Insert the rows and say so in the audit trail; call in a transaction."""
    by_model: dict[type[BaseModel], list[BaseModel]] = {model: [] for model in ORDER}
    for row in rows:
        by_model[type(row)].append(row)
    for model, group in by_model.items():
        model._default_manager.bulk_create(group, batch_size=BATCH)
    # Nobody imports the audit app; an importer that writes in bulk tells it by its model.
    log = apps.get_model("audit", "AuditLog")
    log._default_manager.bulk_create(
        [
            log(
                action="import",
                entity_type=row.entity_name(),
                entity_id=row.pk,
                patient_id=row.patient_of_row(),
                new_values=_told(row),
                user_agent="manage.py import_synthea",
            )
            for group in by_model.values()
            for row in group
        ],
        batch_size=BATCH,
    )


def _told(row: BaseModel) -> dict[str, Any]:
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return {name: value for name, value in values.items() if name not in UNTOLD and value not in (None, "")}
