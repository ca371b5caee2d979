"""The API's resource of appointments."""

from __future__ import annotations

from healthcare.rest import Brief, Nested, Resource
from patients.api import PATIENTS
from scheduling.views import appointments as pages

#: A doctor's name stands on every page; the account itself is the administrators'.
DOCTOR = Brief("doctor", ("id", "first_name", "last_name", "full_name", "role", "department_id"))
APPOINTMENTS = Resource(
    "appointments",
    list_page=pages.AppointmentList,
    detail_page=pages.AppointmentDetail,
    create=pages.AppointmentCreate,
    edit=pages.AppointmentEdit,
    delete=pages.AppointmentCancel,
    actions={
        "check-in": pages.AppointmentCheckIn,
        "cancel": pages.AppointmentCancel,
        "complete": pages.AppointmentComplete,
        "confirm": pages.AppointmentConfirm,
        "no-show": pages.AppointmentNoShow,
        "undo-check-in": pages.AppointmentUndoCheckIn,
        "undo-no-show": pages.AppointmentUndoNoShow,
    },
    hidden={"appointments.reason": ("reason", "notes", "cancellation_reason", "override_reason")},
    details={
        "patient": Nested("patient", PATIENTS),
        "doctor": DOCTOR,
        "department": Brief("department", ("id", "name", "description")),
    },
    details_related=("patient", "doctor", "department"),
    # Without any filter the page shows what lies ahead; a program is given all.
    list_defaults={"period": "all"},
    idempotent=True,
)
PATIENTS.details["appointments"] = Nested("appointments", APPOINTMENTS, order="-appointment_date")
RESOURCES = (APPOINTMENTS,)
