"""The API's resource of appointments."""

from __future__ import annotations

from healthcare.rest import Brief, Nested, Resource
from patients.api import PATIENTS
from scheduling.views import appointments, booking, steps

#: A doctor's name stands on every page; the account itself is the administrators'.
DOCTOR = Brief("doctor", ("id", "first_name", "last_name", "full_name", "role", "department_id"))
APPOINTMENTS = Resource(
    "appointments",
    list_page=appointments.AppointmentList,
    detail_page=appointments.AppointmentDetail,
    create=booking.AppointmentCreate,
    edit=booking.AppointmentEdit,
    delete=steps.AppointmentCancel,
    actions={
        "check-in": steps.AppointmentCheckIn,
        "cancel": steps.AppointmentCancel,
        "complete": steps.AppointmentComplete,
        "confirm": steps.AppointmentConfirm,
        "no-show": steps.AppointmentNoShow,
        "undo-check-in": steps.AppointmentUndoCheckIn,
        "undo-no-show": steps.AppointmentUndoNoShow,
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
