"""Pages of working hours and absences."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from departments.models import User
from healthcare.clock import today
from healthcare.generic import Action, ActionPage, Column, CreatePage, DetailPage, EditPage, ListPage, Related, Section
from scheduling import forms
from scheduling.calendar import Period, day_of
from scheduling.filters import AbsenceFilter, ScheduleFilter
from scheduling.forms.hours import booked_in
from scheduling.models import DoctorAbsence, DoctorSchedule
from scheduling.views.appointments import MOVE
from scheduling.weeks import weeks

#: Doctors whose weeks are drawn; in a larger clinic one chooses.
DRAWN = 40


class ScheduleList(ListPage):
    """All doctors' working hours: a week as a table, and every entry."""

    template_name = "scheduling/hours.html"
    create_label = _("Enter hours")
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

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        days = Period.of("week", day_of(asked.get("week", ""))).days
        doctors = User.objects.doctors().search(self.search_text()) if self.search_text() else User.objects.doctors()
        with suppress(ValueError):
            doctors = doctors.filter(pk=UUID(asked.get("doctor", "")))
        return super().get_context_data(
            weeks=weeks(doctors.order_by("last_name", "first_name", "pk")[:DRAWN], days),
            days=days,
            today=today(),
            previous_url=self.url_with(week=(days[0] - timedelta(days=7)).isoformat()),
            this_url=self.url_with(week=""),
            next_url=self.url_with(week=(days[0] + timedelta(days=7)).isoformat()),
            **kwargs,
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
    """Enter working hours, for several weekdays at once."""

    permission = "settings.edit"
    model = DoctorSchedule
    form_class = forms.EnterHoursForm
    template_name = "scheduling/hours_form.html"
    page_title = _("Enter working hours")

    def get_initial(self) -> dict[str, Any]:
        asked = self.request.GET
        return {"doctor": asked.get("doctor", ""), "weekdays": asked.getlist("weekday")}

    def get_success_url(self, form: Any) -> str:
        return f"{reverse('doctor_schedule_list')}?{urlencode({'doctor': form.instance.doctor_id})}"


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
        Column("days", _("Days")),
        Column("reason"),
        Column("booked", _("Visits to move")),
        Column("is_active"),
    )

    def get_queryset(self) -> Any:
        return DoctorAbsence.objects.with_booked()


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
            row_actions=(MOVE,),
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
