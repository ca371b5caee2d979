"""Free times of a doctor, to book from."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from departments.models import User
from healthcare.clock import today, wall_clock
from healthcare.fields import use_native_inputs
from healthcare.generic.base import Page
from scheduling.forms.booking import bookable
from scheduling.models import DEFAULT_DURATION, MAX_DURATION, MIN_DURATION, Appointment
from scheduling.slots import Agenda

#: So many days are shown, beginning with the asked one.
DAYS = 7


class FreeTimesForm(forms.Form):
    """Whose time, from when, how long."""

    doctor = forms.ModelChoiceField(User.objects.doctors(), label=_("Doctor"))
    appointment_date = forms.DateField(label=_("From"))
    duration_minutes = forms.IntegerField(
        label=_("Duration (minutes)"), min_value=MIN_DURATION, max_value=MAX_DURATION, initial=DEFAULT_DURATION
    )

    def clean_appointment_date(self) -> Any:
        day = self.cleaned_data["appointment_date"]
        if not bookable(day):
            raise forms.ValidationError(_("Choose a date from today on."))
        return day


class FreeTimes(Page):
    """A doctor's free times of a week; each leads to the booking form."""

    permission = "appointments.edit"
    model = Appointment
    template_name = "scheduling/slots.html"
    page_title = _("Free times")
    #: What the booking form takes back as it was.
    KEPT = ("patient", "department", "appointment_type")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = {"appointment_date": today().isoformat(), "duration_minutes": DEFAULT_DURATION, **request.GET.dict()}
        form = FreeTimesForm(asked if request.GET.get("doctor") else None, initial=asked)
        use_native_inputs(form.fields)
        days = self.days(**form.cleaned_data) if form.is_bound and form.is_valid() else []
        kept = [(name, request.GET[name]) for name in self.KEPT if request.GET.get(name)]
        return self.render_to_response(self.get_context_data(form=form, days=days, kept=kept))

    def days(self, doctor: User, appointment_date: Any, duration_minutes: int) -> list[dict[str, Any]]:
        """The days that have free times, with a link for each."""
        last = appointment_date + timedelta(days=DAYS - 1)
        agenda = Agenda.of(doctor.pk, appointment_date, last)
        kept = {name: self.request.GET[name] for name in self.KEPT if self.request.GET.get(name)}
        starts = [
            start
            for start in agenda.free_starts(duration_minutes, wall_clock())
            if appointment_date <= start.date() <= last
        ]
        return [
            {
                "day": day,
                "times": [
                    {
                        "start": start,
                        "url": reverse("appointment_create")
                        + "?"
                        + urlencode(
                            {
                                **kept,
                                "doctor": doctor.pk,
                                "appointment_date": day.isoformat(),
                                "appointment_time": f"{start:%H:%M}",
                                "duration_minutes": duration_minutes,
                            }
                        ),
                    }
                    for start in group
                ],
            }
            for day, group in groupby(starts, key=lambda start: start.date())
        ]
