"""Who may do what: the five roles and the permission matrix, as data, in this one place."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """The five roles; a user has exactly one."""

    ADMINISTRATOR = "administrator", _("Administrator")
    DOCTOR = "doctor", _("Doctor")
    NURSE = "nurse", _("Nurse")
    RECEPTIONIST = "receptionist", _("Receptionist")
    BILLING_OFFICER = "billing_officer", _("Billing officer")


A, D, N, R, B = (
    Role.ADMINISTRATOR,
    Role.DOCTOR,
    Role.NURSE,
    Role.RECEPTIONIST,
    Role.BILLING_OFFICER,
)

#: A view with this permission answers people who are not logged in.
PUBLIC = "public"

#: entity.verb -> roles. Menus, pages, forms, API, admin, printables and search all ask this table.
PERMISSIONS: dict[str, frozenset[Role]] = {
    name: frozenset(roles)
    for name, roles in {
        "signed_in": (A, D, N, R, B),
        "departments.view": (A,),
        "departments.edit": (A,),
        "users.view": (A,),
        "users.edit": (A,),
        "settings.edit": (A,),
        "services.view": (A, D, R, B),
        "services.edit": (A,),
        "insurance_providers.view": (A, R, B),
        "insurance_providers.edit": (A,),
        "patients.view": (A, D, N, R, B),
        "patients.edit": (A, R),
        "patients.merge": (A, R),  # rows pass unread from one chart to the other
        "patients.import": (A,),  # from a file
        "patients.phone": (A, D, N, R, B),
        "patients.contact": (A, D, R, B),  # address, e-mail, emergency contact, insurance
        "patients.confidential": (A,),  # mark a chart as confidential, and take the mark off
        "medical_records.view": (A, D),
        "medical_records.edit": (A, D),
        "allergies.view": (A, D, N),
        "allergies.add": (A, D, N),
        "allergies.edit": (A, D),
        "appointments.view": (A, D, N, R, B),  # billing officers: completed ones only (visible_to)
        "appointments.reason": (A, D, N, R),  # reason and notes are clinical text
        "appointments.edit": (A, R),
        "appointments.check_in": (A, R),
        "recalls.view": (A, R),  # whose follow-up is due, without what for
        "appointments.calendar": (A, D, R),
        "appointments.board": (A, D, N, R),  # who waits, by name
        "appointments.start": (D,),
        "appointments.complete": (D,),
        "vital_signs.view": (A, D, N),
        "vital_signs.record": (A, D, N),
        "vital_signs.edit": (A,),
        "consultations.list": (A, D, B),  # billing officers: completed ones, no clinical text
        "consultations.view": (A, D),
        "consultations.edit": (D,),
        "prescriptions.view": (A, D),
        "downtime.print": (A, D),  # a day's patients with allergies and medications
        "prescriptions.edit": (D,),
        "lab_tests.view": (A, D, N),  # nurses: the open worklist only (visible_to)
        "lab_tests.results": (A, D),
        "lab_tests.order": (D,),
        "lab_tests.review": (D,),
        "lab_tests.process": (A, D, N),
        "lab_tests.correct": (A, D),
        "invoices.view": (A, B),
        "invoices.edit": (A, B),
        "invoices.write_off": (A,),
        "payments.view": (A, B),
        "payments.edit": (A, B),
        "cash_closes.view": (A, B),
        "cash_closes.count": (A, B),
        "cash_closes.sign_off": (A, B),  # not one's own
        "reports.view": (A, D, R, B),
        "reports.patient_statistics": (A, D),
        "reports.revenue": (A, B),
        "reports.appointment_summary": (A, D, R),
        "reports.service_utilization": (A, B),
        "reports.doctor_performance": (A, D),
        "reports.billing_summary": (A, B),
        "reports.operational_metrics": (A,),
        "audit_logs.view": (A,),
        "fhir.export": (A,),  # everything in bulk
        "admin.use": (A,),
    }.items()
}


def roles_with(permission: str) -> frozenset[Role]:
    """The roles that hold a permission. KeyError if the matrix does not know it."""
    return PERMISSIONS[permission]


def may(user: Any, permission: str) -> bool:
    """Whether this user, active and logged in, holds the permission."""
    if permission == PUBLIC:
        return True
    return bool(user and user.is_authenticated and user.is_active and user.role in roles_with(permission))
