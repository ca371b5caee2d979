"""Pages of working hours and absences."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from healthcare.generic import Action, ActionPage, Column, CreatePage, DetailPage, EditPage, ListPage, Related, Section
from scheduling import forms
from scheduling.filters import AbsenceFilter, ScheduleFilter
from scheduling.forms.hours import booked_in
from scheduling.models import DoctorAbsence, DoctorSchedule


class ScheduleList(ListPage):
    """All doctors' working hours."""

    permission = "settings.edit"
    create_permission = "settings.edit"
    model = DoctorSchedule
    filterset_class = ScheduleFilter
    ordering = ("doctor__last_name", "weekday", "start_time")
    select_related = ("doctor",)
    columns = (
        Column("doctor", ordering="doctor__last_name"),
        Column("weekday", ordering="weekday"),
        Column("start_time", ordering="start_time"),
        Column("end_time"),
        Column("valid_from"),
        Column("valid_until"),
        Column("is_active"),
    )


class ScheduleDetail(DetailPage):
    """One row of working hours."""

    permission = "settings.edit"
    audited = False
    model = DoctorSchedule
    sections = (Section("", ("doctor", "weekday", "start_time", "end_time", "valid_from", "valid_until")),)
    actions = (
        Action(_("Edit"), "doctor_schedule_edit", form=forms.ScheduleForm, style="primary", icon="pencil"),
        Action(_("Deactivate"), "doctor_schedule_delete", form=forms.DeactivateScheduleForm, style="danger"),
        Action(_("Reactivate"), "doctor_schedule_reactivate", form=forms.ReactivateScheduleForm),
    )

    def get_queryset(self) -> Any:
        return DoctorSchedule.objects.select_related("doctor")


class ScheduleCreate(CreatePage):
    """Enter working hours."""

    permission = "settings.edit"
    model = DoctorSchedule
    form_class = forms.ScheduleForm


class ScheduleEdit(EditPage):
    """Change working hours."""

    permission = "settings.edit"
    model = DoctorSchedule
    form_class = forms.ScheduleForm


class ScheduleDeactivate(ActionPage):
    """Take working hours out of use."""

    permission = "settings.edit"
    model = DoctorSchedule
    form_class = forms.DeactivateScheduleForm


class ScheduleReactivate(ActionPage):
    """Take working hours into use again."""

    permission = "settings.edit"
    model = DoctorSchedule
    form_class = forms.ReactivateScheduleForm


class AbsenceList(ListPage):
    """All doctors' absences."""

    permission = "settings.edit"
    create_permission = "settings.edit"
    model = DoctorAbsence
    filterset_class = AbsenceFilter
    ordering = ("-start_date",)
    select_related = ("doctor",)
    columns = (
        Column("doctor", ordering="doctor__last_name"),
        Column("start_date", ordering="start_date"),
        Column("end_date", ordering="end_date"),
        Column("reason"),
        Column("is_active"),
    )


class AbsenceDetail(DetailPage):
    """One absence."""

    permission = "settings.edit"
    audited = False
    model = DoctorAbsence
    sections = (Section("", ("doctor", "start_date", "end_date", "reason")),)
    related = (
        Related(
            _("Visits to move"),
            lambda absence, user: booked_in(absence),
            (
                Column("start", _("When")),
                Column("patient"),
                Column("patient.phone_shown", _("Phone")),
                Column("appointment_type"),
                Column("status"),
            ),
            permission="appointments.edit",
            empty=_("No visit is booked in this time."),
            limit=100,
        ),
    )
    actions = (
        Action(_("Edit"), "doctor_absence_edit", form=forms.AbsenceForm, style="primary", icon="pencil"),
        Action(_("Deactivate"), "doctor_absence_delete", form=forms.DeactivateAbsenceForm, style="danger"),
        Action(_("Reactivate"), "doctor_absence_reactivate", form=forms.ReactivateAbsenceForm),
    )

    def get_queryset(self) -> Any:
        return DoctorAbsence.objects.select_related("doctor")


class AbsenceCreate(CreatePage):
    """Enter an absence."""

    permission = "settings.edit"
    model = DoctorAbsence
    form_class = forms.AbsenceForm


class AbsenceEdit(EditPage):
    """Change an absence."""

    permission = "settings.edit"
    model = DoctorAbsence
    form_class = forms.AbsenceForm


class AbsenceDeactivate(ActionPage):
    """Take an absence back."""

    permission = "settings.edit"
    model = DoctorAbsence
    form_class = forms.DeactivateAbsenceForm


class AbsenceReactivate(ActionPage):
    """The absence holds again."""

    permission = "settings.edit"
    model = DoctorAbsence
    form_class = forms.ReactivateAbsenceForm
