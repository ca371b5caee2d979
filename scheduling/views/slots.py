"""Free times of a doctor or of a department's doctors, to book from."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from departments.models import Department, User
from healthcare.clock import today, wall_clock
from healthcare.fields import ChoosingField, use_native_inputs
from healthcare.generic.base import Page
from scheduling.forms.booking import bookable
from scheduling.models import DEFAULT_DURATION, MAX_DURATION, MIN_DURATION, Appointment
from scheduling.slots import agendas

#: So many days are shown, beginning with the asked one; beside the booking form fewer, and fewer times of each.
DAYS, PANEL_DAYS, PANEL_TIMES = 7, 5, 12


class FreeTimesForm(forms.Form):
    """Whose time, from when, how long."""

    bound_field_class = ChoosingField

    doctor = forms.ModelChoiceField(User.objects.doctors(), label=_("Doctor"), required=False)
    department = forms.ModelChoiceField(
        Department.objects.filter(is_active=True), label=_("Department"), required=False
    )
    appointment_date = forms.DateField(label=_("From"))
    duration_minutes = forms.IntegerField(
        label=_("Duration (minutes)"), min_value=MIN_DURATION, max_value=MAX_DURATION, initial=DEFAULT_DURATION
    )
    #: The visit that is being moved: its own time counts as free.
    appointment = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_appointment_date(self) -> Any:
        day = self.cleaned_data["appointment_date"]
        if not bookable(day):
            raise forms.ValidationError(_("Choose a date from today on."))
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not cleaned.get("doctor") and not cleaned.get("department"):
            raise forms.ValidationError(_("Choose a doctor or a department."))
        return cleaned

    def doctors(self) -> list[User]:
        """Whose times are asked for: one doctor's, or those of a department."""
        if self.cleaned_data["doctor"]:
            return [self.cleaned_data["doctor"]]
        return list(User.objects.doctors().filter(department=self.cleaned_data["department"]))

    def days(self, count: int) -> list[dict[str, Any]]:
        """The days that have free times; a time that several doctors have free stands once for each."""
        first, minutes = self.cleaned_data["appointment_date"], self.cleaned_data["duration_minutes"]
        last = first + timedelta(days=count - 1)
        doctors = {doctor.pk: doctor for doctor in self.doctors()}
        found = agendas(doctors, first, last, self.cleaned_data["appointment"])
        starts = sorted(
            (start, str(doctors[key]), key)
            for key, agenda in found.items()
            for start in agenda.free_starts(minutes, wall_clock())
            if first <= start.date() <= last
        )
        return [
            {"day": day, "times": [{"start": start, "doctor": doctors[key]} for start, _name, key in group]}
            for day, group in groupby(starts, key=lambda entry: entry[0].date())
        ]


class FreeTimes(Page):
    """Free times of a week, each leading to the booking form; beside that form (htmx) those of the next days.

    What was typed into the booking form is posted here and goes back with the chosen time: a reason for a visit
    has no place in an address.
    """

    permission = "appointments.edit"
    model = Appointment
    template_name = "scheduling/slots.html"
    page_title = _("Free times")
    #: What the booking form takes back as it was, where nothing was posted.
    KEPT = ("patient", "department", "appointment_type")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = {"appointment_date": today().isoformat(), "duration_minutes": DEFAULT_DURATION, **request.GET.dict()}
        bound = request.GET.get("doctor") or request.GET.get("department")
        form = FreeTimesForm(asked if bound else None, initial=asked)
        if request.headers.get("HX-Request"):
            return self.panel(form)
        days = form.days(DAYS) if form.is_bound and form.is_valid() else []
        kept = {name: request.GET[name] for name in self.KEPT if request.GET.get(name)}
        for day in days:
            for free in day["times"]:
                free["url"] = self.booking_url(kept, free, asked["duration_minutes"])
        return self.page(form, days, [(name, value) for name, value in kept.items() if name not in form.fields])

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """From the booking form, with everything that was typed into it."""
        form = FreeTimesForm({"duration_minutes": DEFAULT_DURATION, **request.POST.dict()})
        carried = [
            (name, value)
            for name, value in request.POST.items()
            if name not in form.fields and name not in ("csrfmiddlewaretoken", "chosen")
        ]
        days = form.days(DAYS) if form.is_valid() else []
        return self.page(form, days, carried, back=self.form_url(form))

    def form_url(self, form: FreeTimesForm) -> str:
        """The form that asked: booking, or moving a visit."""
        moved = form.cleaned_data.get("appointment") if form.is_bound else None
        return reverse("appointment_edit", args=[moved]) if moved else reverse("appointment_create")

    def page(self, form: FreeTimesForm, days: Any, carried: Any, back: str = "") -> HttpResponse:
        """The whole page; with `back` each time is a button that returns what was typed."""
        use_native_inputs(form.fields)
        several = form.is_bound and form.is_valid() and not form.cleaned_data["doctor"]
        context = self.get_context_data(form=form, days=days, carried=carried, back=back, several=several)
        return self.render_to_response(context)

    def panel(self, form: FreeTimesForm) -> HttpResponse:
        """The next free times beside the booking form."""
        self.template_name = "scheduling/_free_times.html"
        days = form.days(PANEL_DAYS) if form.is_bound and form.is_valid() else []
        for day in days:
            day["more"] = max(0, len(day["times"]) - PANEL_TIMES)
            day["times"] = day["times"][:PANEL_TIMES]
        return self.render_to_response(
            {
                "days": days,
                "form": form,
                "several": form.is_bound and form.is_valid() and not form.cleaned_data["doctor"],
            }
        )

    @staticmethod
    def booking_url(kept: dict[str, str], free: dict[str, Any], minutes: Any) -> str:
        """The booking form with this time."""
        chosen = {
            "doctor": free["doctor"].pk,
            "appointment_date": f"{free['start']:%Y-%m-%d}",
            "appointment_time": f"{free['start']:%H:%M}",
            "duration_minutes": minutes,
        }
        return f"{reverse('appointment_create')}?{urlencode({**kept, **chosen})}"
