"""Pages that claim a time: booking a visit, a walk-in, moving a visit."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from healthcare.clock import today
from healthcare.generic import CreatePage, EditPage, FormPage
from patients.views.asked import PatientAskedMixin
from scheduling import forms
from scheduling.models import Appointment


class AppointmentFormPage(FormPage):
    """Booking and rescheduling: the form, with the free times beside it."""

    abstract = True
    template_name = "scheduling/appointment_form.html"

    def get_context_data(self, *, form: Any, **kwargs: Any) -> dict[str, Any]:
        moved = self.object.pk if self.object else ""
        return super().get_context_data(form=form, slots_url=reverse("appointment_slots"), moved=moved, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Submits, unless it comes back from the page of free times with what was typed and perhaps a time."""
        if "chosen" not in request.POST:
            return super().post(request, *args, **kwargs)
        typed = {**request.POST.dict(), **chosen_time(request.POST["chosen"])}
        return self.render_form(self.form_class(actor=request.user, initial=typed, instance=self.object))


def chosen_time(text: str) -> dict[str, str]:
    """The form's fields from a button of the page of free times: `<doctor> 2026-11-24 09:30`."""
    parts = text.split()
    return dict(zip(("doctor", "appointment_date", "appointment_time"), parts, strict=True)) if len(parts) == 3 else {}


class AppointmentCreate(PatientAskedMixin, AppointmentFormPage, CreatePage):
    """Book a visit."""

    permission = "appointments.edit"
    model = Appointment
    form_class = forms.BookSeriesForm
    page_title = gettext_lazy("Book appointment")
    success_message = gettext_lazy("Booked.")
    PREFILLED = (
        "doctor",
        "department",
        "appointment_date",
        "appointment_time",
        "duration_minutes",
        "appointment_type",
    )

    def get_initial(self) -> dict[str, Any]:
        asked = {name: self.request.GET[name] for name in self.PREFILLED if self.request.GET.get(name)}
        return {"appointment_date": today(), **asked}


class AppointmentWalkIn(PatientAskedMixin, CreatePage):
    """Somebody is here without an appointment."""

    permission = "appointments.edit"
    model = Appointment
    form_class = forms.WalkInForm
    page_title = gettext_lazy("Walk-in")

    def get_success_message(self, form: Any) -> str:
        visit = form.instance
        return _("%(patient)s is checked in for %(time)s with %(doctor)s: ticket %(number)s.") % {
            "patient": visit.patient,
            "time": f"{visit.appointment_time:%H:%M}",
            "doctor": visit.doctor,
            "number": visit.ticket_number,
        }

    def get_success_url(self, form: Any) -> str:
        return reverse("appointment_board")


class AppointmentEdit(AppointmentFormPage, EditPage):
    """Move or change a visit."""

    permission = "appointments.edit"
    model = Appointment
    form_class = forms.RescheduleAppointmentForm
    page_title = gettext_lazy("Reschedule")
    #: From a drag that the calendar's form refused and that needs more words.
    PREFILLED = ("doctor", "appointment_date", "appointment_time", "duration_minutes")

    def get_initial(self) -> dict[str, Any]:
        return {name: self.request.GET[name] for name in self.PREFILLED if self.request.GET.get(name)}
