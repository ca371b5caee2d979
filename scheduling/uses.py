"""Appointments that a doctor or department still has before it, and what a patient waits for."""

from django.utils.translation import gettext_lazy as _

from healthcare.clock import today
from healthcare.uses import Use
from scheduling.models import Appointment, WaitingListEntry, WaitingStatus


def ahead(**owner: object) -> object:
    """Appointments from today on that are to take place."""
    return Appointment.objects.blocking().filter(appointment_date__gte=today(), **owner)


USES = [
    Use(
        "patients.Patient",
        _("entries of the waiting list"),
        lambda patient: WaitingListEntry.objects.filter(patient=patient, status=WaitingStatus.WAITING),
    ),
    Use(
        "departments.User",
        _("appointments from today on"),
        lambda user: ahead(doctor=user),
        "appointment_list",
        lambda user: {"doctor": user.pk, "date_from": today().isoformat()},
    ),
    Use(
        "departments.Department",
        _("appointments from today on"),
        lambda department: ahead(department=department),
        "appointment_list",
        lambda department: {"department": department.pk, "date_from": today().isoformat()},
    ),
]
