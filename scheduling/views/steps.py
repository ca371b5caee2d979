"""The steps of a visit, each asked first: the patient comes, calls off, does not come; two of them can be undone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from healthcare.generic import ActionPage
from scheduling import forms
from scheduling.models import Appointment


class AppointmentConfirm(ActionPage):
    """The patient will come."""

    permission = "appointments.edit"
    model = Appointment
    form_class = forms.ConfirmForm
    success_message = gettext_lazy("Confirmed.")


class DeskStep(ActionPage):
    """A step that the waiting board takes with one click too: back there afterwards, with a way to undo it."""

    abstract = True
    undo_url_name: ClassVar[str] = ""

    def get_success_url(self, form: Any) -> str:
        return reverse("appointment_board") if "board" in self.request.POST else super().get_success_url(form)

    def get_success_message(self, form: Any) -> str:
        undo = reverse(self.undo_url_name, args=[form.instance.pk])
        return format_html('{} <a href="{}">{}</a>', self.said(form.instance), undo, _("Undo"))

    def said(self, visit: Appointment) -> str:
        """What has happened."""
        return str(self.success_message)


class AppointmentCheckIn(DeskStep):
    """The patient is here."""

    permission = "appointments.check_in"
    model = Appointment
    form_class = forms.CheckInForm
    undo_url_name = "appointment_undo_check_in"

    def said(self, visit: Appointment) -> str:
        return _("%(patient)s is checked in: ticket %(number)s.") % {
            "patient": visit.patient,
            "number": visit.ticket_number,
        }


class AppointmentComplete(ActionPage):
    """The visit is over."""

    permission = "appointments.complete"
    model = Appointment
    form_class = forms.CompleteAppointmentForm
    success_message = gettext_lazy("Completed.")


class AppointmentCancel(ActionPage):
    """The visit is called off."""

    permission = "appointments.edit"
    model = Appointment
    form_class = forms.CancelForm
    success_message = gettext_lazy("Cancelled; the time is free again.")


class AppointmentNoShow(DeskStep):
    """The patient did not come."""

    permission = "appointments.edit"
    model = Appointment
    form_class = forms.NoShowForm
    undo_url_name = "appointment_undo_no_show"
    success_message = gettext_lazy("Marked as no-show.")


class AppointmentUndoCheckIn(ActionPage):
    """The check-in was a mistake."""

    permission = "appointments.check_in"
    model = Appointment
    form_class = forms.UndoCheckInForm
    success_message = gettext_lazy("The check-in is undone.")


class AppointmentUndoNoShow(ActionPage):
    """The patient came after all."""

    permission = "appointments.edit"
    model = Appointment
    form_class = forms.UndoNoShowForm
    success_message = gettext_lazy("The no-show is undone.")
