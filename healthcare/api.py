"""The API's assembly: the rooms' resources under /api/v1."""

from __future__ import annotations

from typing import Any

from django.urls import re_path

import audit.api
import billing.api
import clinical.api
import departments.api
import patients.api
import reporting.api
import scheduling.api
from healthcare.rest.operations import operations_of
from healthcare.rest.routes import NoSuchPath, build, patterns

ROOMS = (departments.api, patients.api, scheduling.api, clinical.api, billing.api, reporting.api, audit.api)
OPERATIONS = [
    operation
    for room in ROOMS
    for operation in (
        *(operation for resource in room.RESOURCES for operation in operations_of(resource)),
        *getattr(room, "OPERATIONS", ()),
    )
]

DESCRIPTION = """The clinic's day as JSON. Rules, roles and audit trail are those of the pages.

Every answer is `{"status", "data", "error"}`. Log in with `POST /auth/token`, send `Authorization: Bearer <access>`,
and renew it with `POST /auth/refresh`. Money is a text with two decimals. Unknown and read-only fields are ignored.
What warns is refused with `safety_warning` until the body says `acknowledge_warnings` and `override_reason`."""
_ID = "01932f5e-9d3c-7b1a-8f00-3c5a1d2e4f60"
_MEDICATION = {"medication_name": "Paracetamol 500 mg", "dosage": "500 mg", "frequency": "four times a day"}
#: Bodies that are shown as examples.
EXAMPLES: dict[str, dict[str, Any]] = {
    "POST /auth/token": {"email": "doctor@clinic.example", "password": "Clinic-demo-2026!", "otp": ""},
    "POST /patients": {
        **{"first_name": "Ada", "last_name": "Bernasconi", "date_of_birth": "1979-05-17", "gender": "female"},
        "phone": "+12025550143",
    },
    "POST /appointments": {
        **{"patient_id": _ID, "doctor_id": _ID, "appointment_date": "2026-12-01", "appointment_time": "09:30"},
        **{"duration_minutes": 30, "appointment_type": "consultation", "reason": "Sore throat"},
    },
    "POST /appointments/{id}/cancel": {"cancellation_reason": "The patient is ill"},
    "POST /vital-signs": {"patient_id": _ID, "systolic_bp": 128, "diastolic_bp": 82, "pulse_rate": 88},
    "POST /consultations": {"appointment_id": _ID, "chief_complaint": "Sore throat for two days"},
    "POST /consultations/{id}/complete": {
        "diagnosis": "Acute pharyngitis",
        "prescriptions": [{**_MEDICATION, "duration": "5 days"}],
        "lab_tests": [{"test_name": "C-reactive protein"}],
    },
    "POST /prescriptions": {"consultation_id": _ID, **_MEDICATION, "duration": "5 days"},
    "POST /lab-tests/{id}/enter-results": {
        **{"result_value": "12", "result_unit": "mg/L", "reference_range": "<5"},
    },
    "POST /invoices": {
        "appointment_id": _ID,
        "line_items": [{"description": "Consultation", "quantity": 1, "unit_price": "120.00"}],
    },
    "POST /payments": {"invoice_id": _ID, "amount": "120.00", "payment_method": "cash"},
    "POST /payments/process": {"invoice_id": _ID, "amount": "120.00", "payment_method": "cash"},
    "POST /payments/{id}/void": {"void_reason": "Wrong invoice"},
    "POST /reports/generate": {
        **{"report_type": "revenue", "start_date": "2026-11-01", "end_date": "2026-11-30"},
    },
}
api = build(OPERATIONS, title="Healthcare Management System", version="1.0.0", description=DESCRIPTION)

api_urls = [
    *patterns(api, OPERATIONS),
    re_path(r"^.*$", NoSuchPath.as_view(), name="api_no_such_path"),
]

__all__ = ["EXAMPLES", "OPERATIONS", "api", "api_urls"]
