"""Booking and rescheduling: the rules about a new time (RULE-APPT-1 to 4, 6 and 7)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from departments.models import Department, User
from healthcare.clock import is_skipped, today, wall_clock
from healthcare.events import record
from healthcare.fields import CompiledChoiceField
from healthcare.roles import Role
from healthcare.tasks import enqueue
from healthcare.workflow import lock, refuse, submit
from patients.forms.choice import active_patient
from scheduling.forms.rules import TAKEN, DoctorTimeForm
from scheduling.forms.steps import CheckInForm
from scheduling.models import (
    DEFAULT_DURATION,
    MAX_DURATION,
    MIN_DURATION,
    Appointment,
    AppointmentStatus,
    AppointmentType,
    WaitingListEntry,
)
from scheduling.slots import DAY, Agenda, Span, agendas, gaps, is_given_back, span_of, visits_of_patient

#: The fields that say when a visit begins.
START = ("appointment_date", "appointment_time")
#: Half a year of weekly visits.
MAX_SERIES = 26
#: Later dates are typing mistakes.
MAX_DAYS_AHEAD = 5 * 366


class TimeRulesForm(DoctorTimeForm):
    """Fields and rules that booking and rescheduling share."""

    permission = "appointments.edit"
    checked_by_model = False
    #: What makes up the doctor's time that is claimed.
    CLAIM = ("doctor", "appointment_date", "appointment_time", "duration_minutes")

    doctor = CompiledChoiceField(
        User.objects.doctors().select_related("department"),  # `check_department` looks at it
        locks=True,  # one booking of a doctor's time after the other
        label=gettext_lazy("Doctor"),
        error_messages={"invalid_choice": gettext_lazy("Choose an active doctor.")},
    )
    department = CompiledChoiceField(
        Department.objects.filter(is_active=True),
        label=gettext_lazy("Department"),
        required=False,
        help_text=gettext_lazy("The doctor's own if left empty."),
        error_messages={"invalid_choice": gettext_lazy("Choose an active department.")},
    )
    duration_minutes = forms.IntegerField(
        label=gettext_lazy("Duration (minutes)"),
        min_value=MIN_DURATION,
        max_value=MAX_DURATION,
        required=False,
        initial=DEFAULT_DURATION,
        widget=forms.NumberInput(attrs={"step": 5}),
    )
    override_hours = forms.BooleanField(
        label=gettext_lazy("Book outside working hours or in an absence"),
        required=False,
        help_text=gettext_lazy("Emergencies need no exception. The exception and its reason are kept and audited."),
    )

    class Meta:
        model = Appointment
        fields = [
            "doctor",
            "department",
            "appointment_date",
            "appointment_time",
            "duration_minutes",
            "appointment_type",
            "reason",
            "notes",
        ]
        widgets: ClassVar[dict[str, Any]] = {"notes": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, data: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, data=with_chosen_start(data), **kwargs)
        #: What was booked against a rule, knowingly; kept with the reason in the audit trail.
        self.exceptions: list[dict[str, str]] = []
        self.fields["override_reason"].label = _("Reason for the exception")
        # Whoever is on the row already may stay, so that a note can be changed after a doctor has left.
        for name in ("doctor", "department"):
            if key := getattr(self.instance, f"{name}_id"):
                field = self.fields[name]
                field.queryset = field.queryset | field.queryset.model.objects.filter(pk=key)

    @property
    def fieldsets(self) -> tuple[Any, ...]:  # type: ignore[override]
        """The reason for an exception stands beside its tick, or in the warning if there is one."""
        exception = ("override_hours",) if self.warnings else ("override_hours", "override_reason")
        return (
            (_("Who"), ("patient", "doctor", "department")),
            (_("When"), ("appointment_date", "appointment_time", "duration_minutes")),
            (_("What"), ("appointment_type", "reason", "notes")),
            (_("Exception"), exception),
        )

    def clean_appointment_time(self) -> time:
        at: time = self.cleaned_data["appointment_time"]
        if at.second or at.microsecond:
            raise refuse(_("Enter hours and minutes only, such as 09:30."), code="seconds")
        return at

    def clean_duration_minutes(self) -> int:
        return self.cleaned_data["duration_minutes"] or DEFAULT_DURATION

    # -- the asked time ----------------------------------------------------------------------

    def is_moved(self) -> bool:
        """Whether doctor or time differ from what is saved (always so for a new one)."""
        row, cleaned = self.instance, self.cleaned_data
        return bool(row._state.adding or any(cleaned.get(name) != getattr(row, name) for name in self.CLAIM))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.check_department(cleaned)
        if not self.is_moved():
            return cleaned
        day = cleaned.get("appointment_date")
        if day is not None and not bookable(day):
            message = _("This date is in the past.") if day < today() else _("This date is too far ahead.")
            self.add_error("appointment_date", refuse(message, code="past" if day < today() else "far"))
        doctor, day, at, minutes = (cleaned.get(name) for name in self.CLAIM)
        if doctor is not None and day is not None and at is not None and minutes is not None:
            span = span_of(day, at, minutes)
            self.claim = (doctor.pk, span)
            self.check_doctor(cleaned, span)
            self.check_patient(span)
        return cleaned

    def check_department(self, cleaned: dict[str, Any]) -> None:
        """RULE-APPT-3; the doctor's department where none was chosen."""
        department, doctor = cleaned.get("department"), cleaned.get("doctor")
        if department is None and doctor is not None and "department" not in self.errors:
            department = cleaned["department"] = doctor.department if doctor.department_id else None
            if department is not None and not department.is_active:
                cleaned["department"] = None
        elif department is not None and not department.is_active and department.pk != self.instance.department_id:
            self.add_error("department", refuse(_("Choose an active department."), code="inactive"))

    def check_doctor(self, cleaned: dict[str, Any], span: Span) -> None:
        """RULE-APPT-2, 3 and 6, with the doctor locked."""
        doctor = cleaned["doctor"]
        if not doctor.is_active or doctor.role != Role.DOCTOR:
            self.add_error("doctor", refuse(_("Choose an active doctor."), code="inactive"))
            return
        agenda = Agenda.around(doctor.pk, span, self.instance.pk)
        if is_skipped(span.start):
            self.refuse_time(_("There is no such time on this day: the clock is put forward."), "skipped")
            return
        if agenda.conflict(span):
            self.refuse_time(TAKEN, "overlap")
            return
        if cleaned.get("appointment_type") == AppointmentType.EMERGENCY:
            return
        if agenda.is_away(span):
            outside = _("%(doctor)s is away at this time.") % {"doctor": doctor}
        elif not agenda.is_working(span):
            outside = _("%(doctor)s does not work at this time.") % {"doctor": doctor}
        else:
            return
        if not cleaned.get("override_hours"):
            self.refuse_time(outside, "hours")
        elif not (cleaned.get("override_reason") or "").strip():
            self.add_error("override_reason", refuse(_("Give the reason for the exception."), code="reason"))
        else:
            self.exceptions.append({"kind": "hours", "message": outside})

    def patient_key(self) -> Any:
        """The patient whose appointment this is."""
        return self.instance.patient_id

    def check_patient(self, span: Span) -> None:
        """RULE-APPT-7: warn when the patient is somewhere else at the same time."""
        if (patient := self.patient_key()) is None:
            return
        days = (span.start.date() - DAY, span.end.date() + DAY)
        for doctor, *when in visits_of_patient(patient, *days, self.instance.pk):
            other = span_of(*when)
            if other.overlaps(span):
                self.warn(
                    "overlap",
                    "moderate",
                    _("The patient is already booked from %(start)s to %(end)s with %(doctor)s.")
                    % {
                        "start": f"{other.start:%Y-%m-%d %H:%M}",
                        "end": f"{other.end:%H:%M}",
                        "doctor": User.objects.get(pk=doctor),
                    },
                )

    # -- writing -----------------------------------------------------------------------------

    def save(self, commit: bool = True) -> Any:
        exceptions = [*self.exceptions, *self.warnings_for_record()]
        new, moved = self.instance._state.adding, self.claim is not None
        if exceptions or moved:
            self.instance.override_reason = self.cleaned_data["override_reason"].strip() if exceptions else ""
        saved = super().save(commit)
        if exceptions:
            record("override", saved, values={"reason": saved.override_reason, "exceptions": exceptions})
        if moved and saved.patient.email:
            enqueue("scheduling.mail.send_confirmation" if new else "scheduling.mail.send_move", str(saved.pk))
        if new:
            WaitingListEntry.objects.fulfil(saved)
        return saved


def with_chosen_start(data: Any) -> Any:
    """The posted data with the time of the button that was pressed after a refusal (BYD-1): `2026-11-24 09:30`."""
    chosen = str(data.get("book_at", "")).split() if data else []
    return (
        {**{name: data[name] for name in data}, **dict(zip(START, chosen, strict=True))} if len(chosen) == 2 else data
    )


def bookable(day: date) -> bool:
    """RULE-APPT-1, and no further ahead than anybody plans."""
    return 0 <= (day - today()).days <= MAX_DAYS_AHEAD


class BookAppointmentForm(TimeRulesForm):
    """Book a visit."""

    submit_label = gettext_lazy("Book")

    patient = active_patient(gettext_lazy("Choose an active patient."))
    field_order = ["patient"]

    class Meta(TimeRulesForm.Meta):
        fields = ["patient", *TimeRulesForm.Meta.fields]

    def patient_key(self) -> Any:
        patient = self.cleaned_data.get("patient")
        return patient.pk if patient else None


class BookSeriesForm(BookAppointmentForm):
    """Book a visit, perhaps again week after week: each of the others is booked or refused by itself, and told."""

    repeat_times = forms.IntegerField(
        label=gettext_lazy("Visits in all"),
        min_value=1,
        max_value=MAX_SERIES,
        required=False,
        help_text=gettext_lazy("More than one: a series at the same time of the day."),
    )
    repeat_weeks = forms.IntegerField(
        label=gettext_lazy("Weeks between them"), min_value=1, max_value=26, required=False, initial=1
    )

    class Meta(BookAppointmentForm.Meta):
        pass

    @property
    def fieldsets(self) -> tuple[Any, ...]:  # type: ignore[override]
        who, when, *others = super().fieldsets
        return (who, (when[0], (*when[1], "repeat_times", "repeat_weeks")), *others)

    def save(self, commit: bool = True) -> Any:
        times = self.cleaned_data["repeat_times"] or 1
        if times > 1:
            self.instance.series_id = self.instance.pk
        saved = super().save(commit)
        step = timedelta(weeks=self.cleaned_data["repeat_weeks"] or 1)
        for number in range(1, times):
            self.notices.append(self.book_again(saved, saved.appointment_date + number * step))
        return saved

    def book_again(self, first: Appointment, day: date) -> str:
        """Book the visit once more on a day; returns what to tell about it."""
        data = {name: self.data[name] for name in self.data if name not in ("repeat_times", "repeat_weeks", "book_at")}
        data |= {"appointment_date": day.isoformat(), "appointment_time": f"{first.appointment_time:%H:%M}"}
        form = submit(BookAppointmentForm, actor=self.actor, data=data, instance=Appointment(series_id=first.pk))
        if form.is_valid():
            return _("%(when)s: booked.") % {"when": f"{form.instance.start:%Y-%m-%d %H:%M}"}
        said = [str(error) for errors in form.errors.values() for error in errors]
        why = " ".join([*(warning.message for warning in form.warnings), *said][:1])
        return _("%(when)s: not booked. %(why)s") % {"when": day.isoformat(), "why": why}


class WalkInForm(BookAppointmentForm):
    """Somebody stands at the desk: the earliest time from now on today, and checked in at once."""

    submit_label = gettext_lazy("Book now and check in")
    #: Nobody types the time, so what is wrong with it is said of the whole form.
    time_field = ""

    class Meta(BookAppointmentForm.Meta):
        fields = [name for name in BookAppointmentForm.Meta.fields if name not in START]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["doctor"].required = False
        self.fields["doctor"].help_text = _("Left empty: who is free first.")

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        doctor, minutes = cleaned.get("doctor"), cleaned.get("duration_minutes")
        doctors = [doctor] if doctor else self.doctors_of(cleaned.get("department"))
        exception = cleaned.get("override_hours") or cleaned.get("appointment_type") == AppointmentType.EMERGENCY
        if minutes and not self.errors:
            found = first_free(doctors, minutes, at_any_hour=bool(doctor and exception))
            if found is None:
                said = _("Nobody is free any more today. Book another day, or an emergency or exception with a doctor.")
                raise refuse(said, code="full")
            start, earliest = found
            cleaned["doctor"] = earliest if doctor else lock(earliest)
            cleaned["appointment_date"], cleaned["appointment_time"] = start.date(), start.time()
        return super().clean()

    @staticmethod
    def doctors_of(department: Any) -> list[User]:
        """Who may be asked where no doctor was chosen."""
        rows = User.objects.doctors()
        return list(rows.filter(department=department) if department else rows)

    def save(self, commit: bool = True) -> Any:
        self.instance.doctor = self.cleaned_data["doctor"]
        self.instance.appointment_date = self.cleaned_data["appointment_date"]
        self.instance.appointment_time = self.cleaned_data["appointment_time"]
        saved = super().save(commit)
        self.instance = submit(CheckInForm, actor=self.actor, instance=saved).instance
        return self.instance


def first_free(doctors: list[User], minutes: int, *, at_any_hour: bool = False) -> tuple[datetime, User] | None:
    """The earliest time from now on today at which one of the doctors is free for so long; or not booked at least."""
    present = wall_clock().replace(second=0, microsecond=0)
    known = agendas([doctor.pk for doctor in doctors], present.date(), present.date())
    length = timedelta(minutes=minutes)
    found: list[tuple[datetime, str, User]] = []
    for doctor in doctors:
        agenda = known[doctor.pk]
        hours = [Span(present, present + DAY + length)] if at_any_hour or agenda.always else agenda.working
        for span in gaps(hours, [*agenda.booked, *agenda.skipped, *([] if at_any_hour else agenda.away)]):
            start = max(span.start, present)
            if start.date() == present.date() and start + length <= span.end:
                found.append((start, str(doctor), doctor))
                break
    if not found:
        return None
    start, _name, doctor = min(found, key=lambda entry: entry[:2])
    return start, doctor


class RescheduleAppointmentForm(TimeRulesForm):
    """Change a visit that has not begun: another time, doctor or wording. The patient stays."""

    OPEN = (AppointmentStatus.SCHEDULED, AppointmentStatus.CONFIRMED)

    class Meta(TimeRulesForm.Meta):
        pass

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.status in cls.OPEN

    def patient_key(self) -> Any:
        return lock(self.instance.patient).pk  # who may be booked elsewhere at this moment

    def clean(self) -> dict[str, Any]:
        if self.instance.status not in self.OPEN:
            raise refuse(
                _("This is %(status)s and cannot be changed any more."),
                code="transition",
                status=self.instance.get_status_display().lower(),
            )
        return super().clean()

    def save(self, commit: bool = True) -> Any:
        before = Appointment.objects.get(pk=self.instance.pk)
        saved = super().save(commit)
        # A longer or shorter visit at its old place gives nothing back that somebody waits for.
        moved = any(getattr(before, name) != getattr(saved, name) for name in ("doctor_id", *START))
        if moved and is_given_back(before):
            self.notices += WaitingListEntry.objects.offers(before)
        return saved
