"""Appointments, working hours and absences in the Django admin."""

from django.contrib import admin

from healthcare.admin_site import ClinicAdmin
from scheduling.forms import hours
from scheduling.forms.booking import BookAppointmentForm, RescheduleAppointmentForm
from scheduling.forms.hours import AbsenceForm, ScheduleForm
from scheduling.forms.waiting import WaitingListForm
from scheduling.models import Appointment, DoctorAbsence, DoctorSchedule, WaitingListEntry


@admin.register(Appointment)
class AppointmentAdmin(ClinicAdmin):
    """Appointments; their steps have their own pages."""

    add_form = BookAppointmentForm
    change_form = RescheduleAppointmentForm
    list_display = ("appointment_date", "appointment_time", "patient", "doctor", "appointment_type", "status")
    list_filter = ("status", "appointment_type", "department", "appointment_date")
    search_fields = ("patient__last_name",)
    ordering = ("-appointment_date", "-appointment_time", "-id")


@admin.register(DoctorSchedule)
class DoctorScheduleAdmin(ClinicAdmin):
    """Working hours."""

    add_form = change_form = ScheduleForm
    list_display = ("doctor", "weekday", "start_time", "end_time", "is_active")
    list_filter = ("weekday", "is_active")
    search_fields = ("doctor__last_name",)
    row_forms = (hours.DeactivateScheduleForm, hours.ReactivateScheduleForm)


@admin.register(DoctorAbsence)
class DoctorAbsenceAdmin(ClinicAdmin):
    """Absences."""

    add_form = change_form = AbsenceForm
    list_display = ("doctor", "start_date", "end_date", "reason", "is_active")
    list_filter = ("is_active",)
    search_fields = ("doctor__last_name",)
    row_forms = (hours.DeactivateAbsenceForm, hours.ReactivateAbsenceForm)


@admin.register(WaitingListEntry)
class WaitingListEntryAdmin(ClinicAdmin):
    """Who waits for a free time."""

    add_form = change_form = WaitingListForm
    list_display = ("patient", "doctor", "department", "created_at")
    list_filter = ("doctor", "department")
    search_fields = ("note",)
