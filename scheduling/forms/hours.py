"""Working hours and absences, which administrators enter (RULE-APPT-6)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import islice
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from departments.forms import DeactivateForm, ReactivateForm
from departments.models import User
from healthcare.clock import today
from healthcare.workflow import WorkflowForm, lock, refuse
from scheduling.models import BOOKED_UNKNOWING, Appointment, DoctorAbsence, DoctorSchedule, Weekday
from scheduling.slots import Agenda, Span

#: So many of the booked visits are named in the notice about an absence.
NAMED = 10


def refuse_overlapping_hours(row: DoctorSchedule, doctor: User, **values: Any) -> None:
    """Refuse hours that the doctor already works on this weekday in the same weeks."""
    lock(doctor)
    others = DoctorSchedule.objects.filter(
        doctor=doctor,
        is_active=True,
        weekday=values["weekday"],
        start_time__lt=values["end_time"],
        end_time__gt=values["start_time"],
    ).exclude(pk=row.pk)
    if values["valid_until"]:
        others = others.filter(Q(valid_from__isnull=True) | Q(valid_from__lte=values["valid_until"]))
    if values["valid_from"]:
        others = others.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=values["valid_from"]))
    if other := others.first():
        raise refuse(_("These hours overlap others: %(other)s."), code="overlap", other=str(other))


def told(count: int, words: str, rows: Iterable[Appointment]) -> list[str]:
    """What to tell about visits, the first of them by name; nothing where there are none."""
    if not count:
        return []
    named = "; ".join(str(row) for row in islice(rows, NAMED))
    return [words % {"count": count, "named": named} + (" ..." if count > NAMED else "")]


def outside_hours(doctor: User) -> list[str]:
    """What to tell about the visits ahead that new hours leave outside, but for what was booked so knowingly."""
    ahead = Appointment.objects.expected().filter(BOOKED_UNKNOWING, doctor=doctor, appointment_date__gte=today())
    visits = list(ahead.select_related("patient", "doctor"))
    if not visits:
        return []
    days = [visit.appointment_date for visit in visits]
    agenda = Agenda.of(doctor.pk, min(days), max(days))
    outside = [visit for visit in visits if not agenda.is_working(Span(visit.start, visit.end))]
    words = ngettext(
        "%(count)d visit lies outside the working hours now: %(named)s",
        "%(count)d visits lie outside the working hours now: %(named)s",
        len(outside),
    )
    return told(len(outside), words, sorted(outside, key=lambda visit: visit.start))


class ScheduleForm(WorkflowForm):
    """Enter or change a doctor's working hours on a weekday."""

    permission = "settings.edit"
    VALUES = ("weekday", "start_time", "end_time", "valid_from", "valid_until")

    class Meta:
        model = DoctorSchedule
        fields = ["doctor", "weekday", "start_time", "end_time", "valid_from", "valid_until"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["doctor"].queryset = User.objects.doctors() | User.objects.filter(  # type: ignore[attr-defined]
            pk=self.instance.doctor_id
        )
        self.fields["end_time"].help_text = _("23:59 means midnight.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if cleaned["end_time"] <= cleaned["start_time"]:
            self.add_error("end_time", refuse(_("The end must be after the start."), code="order"))
        elif cleaned["valid_from"] and cleaned["valid_until"] and cleaned["valid_until"] < cleaned["valid_from"]:
            self.add_error("valid_until", refuse(_("The end must not be before the start."), code="order"))
        else:
            for values in self.rows(cleaned):
                refuse_overlapping_hours(self.instance, cleaned["doctor"], **values)
        return cleaned

    def rows(self, cleaned: dict[str, Any]) -> list[dict[str, Any]]:
        """The values of each row that this saves."""
        return [{name: cleaned[name] for name in self.VALUES}]

    def save(self, commit: bool = True) -> Any:
        saved = super().save(commit)
        self.notices = outside_hours(saved.doctor)
        return saved


class EnterHoursForm(ScheduleForm):
    """Enter a doctor's working hours: the same on several weekdays, with a break or without, all of them or none."""

    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Weekdays"), choices=Weekday.choices, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    break_start = forms.TimeField(label=gettext_lazy("Break from"), required=False)
    break_end = forms.TimeField(label=gettext_lazy("Break to"), required=False)
    fieldsets = (
        (gettext_lazy("Who"), ("doctor",)),
        (gettext_lazy("Every week"), ("weekdays", "start_time", "end_time", "break_start", "break_end")),
        (gettext_lazy("For how long"), ("valid_from", "valid_until")),
    )

    class Meta:
        model = DoctorSchedule
        fields = ["doctor", "start_time", "end_time", "valid_from", "valid_until"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["valid_until"].help_text = _("Left empty: until further notice.")

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        start, end = cleaned.get("break_start"), cleaned.get("break_end")
        if (start or end) and not (start and end):
            if not self.errors.keys() & {"break_start", "break_end"}:
                missing = "break_end" if start else "break_start"
                self.add_error(missing, refuse(_("Enter both times of the break, or neither."), code="order"))
        elif start and end:
            first, last = cleaned.get("start_time"), cleaned.get("end_time")
            if first and last and not first < start < end < last:
                self.add_error("break_end", refuse(_("The break must lie within the working hours."), code="order"))
        return super().clean()

    def rows(self, cleaned: dict[str, Any]) -> list[dict[str, Any]]:
        shared = {name: cleaned[name] for name in ("valid_from", "valid_until")}
        edges = (cleaned["start_time"], cleaned["end_time"])
        if cleaned.get("break_start"):
            spans = [(edges[0], cleaned["break_start"]), (cleaned["break_end"], edges[1])]
        else:
            spans = [edges]
        return [
            {"weekday": weekday, "start_time": start, "end_time": end, **shared}
            for weekday in sorted(cleaned["weekdays"])
            for start, end in spans
        ]

    def save(self, commit: bool = True) -> Any:
        first, *others = self.rows(self.cleaned_data)
        for name, value in first.items():
            setattr(self.instance, name, value)
        for values in others:
            DoctorSchedule(doctor=self.cleaned_data["doctor"], **values).save()
        return super().save(commit)


class DeactivateScheduleForm(DeactivateForm):
    """Take working hours out of use."""

    permission = "settings.edit"
    consequence = gettext_lazy("Booked visits stay; new ones need other hours or an exception.")

    class Meta:
        model = DoctorSchedule
        fields: list[str] = []

    def save(self, commit: bool = True) -> Any:
        saved = super().save(commit)
        self.notices = outside_hours(saved.doctor)
        return saved


class ReactivateScheduleForm(ReactivateForm):
    """Take working hours into use again, unless others have taken their place."""

    permission = "settings.edit"

    class Meta:
        model = DoctorSchedule
        fields: list[str] = []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        row = self.instance
        refuse_overlapping_hours(row, row.doctor, **{name: getattr(row, name) for name in ScheduleForm.VALUES})
        return cleaned


def booked_within(doctor: Any, first: date, last: date) -> Any:
    """Visits of a doctor that are still to come in a time."""
    rows = Appointment.objects.expected().filter(doctor=doctor, appointment_date__range=(first, last))
    return rows.select_related("patient", "doctor").order_by("appointment_date", "appointment_time", "pk")


def booked_in(absence: DoctorAbsence) -> Any:
    """The visits that an absence in force leaves to be moved."""
    rows = booked_within(absence.doctor_id, max(absence.start_date, today()), absence.end_date)
    return rows if absence.is_active else rows.none()


class AbsenceForm(WorkflowForm):
    """Enter or change an absence. Visits booked in it stay and are named, so that somebody moves them."""

    permission = "settings.edit"

    class Meta:
        model = DoctorAbsence
        fields = ["doctor", "start_date", "end_date", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["doctor"].queryset = User.objects.doctors() | User.objects.filter(  # type: ignore[attr-defined]
            pk=self.instance.doctor_id
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        start, end = cleaned.get("start_date"), cleaned.get("end_date")
        if start and end and end < start:
            self.add_error("end_date", refuse(_("The end must not be before the start."), code="order"))
        elif start and end and cleaned.get("doctor"):
            self.notices += self.notices_about(list(booked_within(lock(cleaned["doctor"]), start, end)))
        return cleaned

    def notices_about(self, booked: list[Appointment]) -> list[str]:
        """What to tell about the visits in the absence."""
        words = ngettext(
            "%(count)d visit is booked in this absence: %(named)s",
            "%(count)d visits are booked in this absence: %(named)s",
            len(booked),
        )
        return told(len(booked), words, booked)


class DeactivateAbsenceForm(DeactivateForm):
    """The doctor is there after all."""

    permission = "settings.edit"
    consequence = gettext_lazy("The doctor can be booked again in this time.")

    class Meta:
        model = DoctorAbsence
        fields: list[str] = []


class ReactivateAbsenceForm(ReactivateForm):
    """The absence holds again."""

    permission = "settings.edit"
    consequence = gettext_lazy("The doctor cannot be booked in this time without an exception.")

    class Meta:
        model = DoctorAbsence
        fields: list[str] = []
