"""What people do with appointments, working hours and absences: one form each."""

from scheduling.forms.booking import BookAppointmentForm, BookSeriesForm, RescheduleAppointmentForm, WalkInForm
from scheduling.forms.hours import (
    AbsenceForm,
    DeactivateAbsenceForm,
    DeactivateScheduleForm,
    EnterHoursForm,
    ReactivateAbsenceForm,
    ReactivateScheduleForm,
    ScheduleForm,
)
from scheduling.forms.steps import (
    AppointmentStep,
    CancelForm,
    CheckInForm,
    CompleteAppointmentForm,
    ConfirmForm,
    NoShowForm,
    UndoCheckInForm,
    UndoNoShowForm,
    consultation_of,
)

__all__ = [
    "AbsenceForm",
    "AppointmentStep",
    "BookAppointmentForm",
    "BookSeriesForm",
    "CancelForm",
    "CheckInForm",
    "CompleteAppointmentForm",
    "ConfirmForm",
    "DeactivateAbsenceForm",
    "DeactivateScheduleForm",
    "EnterHoursForm",
    "NoShowForm",
    "ReactivateAbsenceForm",
    "ReactivateScheduleForm",
    "RescheduleAppointmentForm",
    "ScheduleForm",
    "UndoCheckInForm",
    "UndoNoShowForm",
    "WalkInForm",
    "consultation_of",
]
