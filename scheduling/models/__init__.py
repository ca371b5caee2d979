"""Appointments, doctors' working hours and absences, and the waiting list."""

from scheduling.models.appointment import (
    BOOKED_UNKNOWING,
    DEFAULT_DURATION,
    MAX_DURATION,
    MIN_DURATION,
    Appointment,
    AppointmentStatus,
    AppointmentType,
    DoctorAbsence,
    DoctorSchedule,
    Weekday,
)
from scheduling.models.waiting import PartOfDay, WaitingListEntry, WaitingStatus

__all__ = [
    "BOOKED_UNKNOWING",
    "DEFAULT_DURATION",
    "MAX_DURATION",
    "MIN_DURATION",
    "Appointment",
    "AppointmentStatus",
    "AppointmentType",
    "DoctorAbsence",
    "DoctorSchedule",
    "PartOfDay",
    "WaitingListEntry",
    "WaitingStatus",
    "Weekday",
]
