"""Booking and rescheduling: the rules about a new time (RULE-APPT-1 to 4, 6 and 7)."""

from __future__ import annotations

from datetime import date, time
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from departments.models import Department, User
from healthcare.clock import today
from healthcare.events import record
from healthcare.fields import RemoteChoiceField
from healthcare.roles import Role
from healthcare.tasks import enqueue
from healthcare.workflow import lock, refuse
from patients.models import Patient
from scheduling.forms.rules import TAKEN, DoctorTimeForm
from scheduling.models import (
    DEFAULT_DURATION,
    MAX_DURATION,
    MIN_DURATION,
    Appointment,
    AppointmentStatus,
    AppointmentType,
)
from scheduling.slots import DAY, Agenda, Span, span_of

#: The fields that say when a visit begins.
START = ("appointment_date", "appointment_time")
#: Later dates are typing mistakes.
MAX_DAYS_AHEAD = 5 * 366


class TimeRulesForm(DoctorTimeForm):
    """Fields and rules that booking and rescheduling share."""

    permission = "appointments.edit"
    checked_by_model = False
    #: What makes up the doctor's time that is claimed.
    CLAIM = ("doctor", "appointment_date", "appointment_time", "duration_minutes")

    doctor = forms.ModelChoiceField(
        User.objects.none(),
        label=gettext_lazy("Doctor"),
        error_messages={"invalid_choice": gettext_lazy("Choose an active doctor.")},
    )
    department = forms.ModelChoiceField(
        Department.objects.none(),
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
        self.fields["doctor"].queryset = User.objects.doctors() | User.objects.filter(pk=self.instance.doctor_id)
        self.fields["department"].queryset = Department.objects.filter(is_active=True) | Department.objects.filter(
            pk=self.instance.department_id
        )

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
        """RULE-APPT-2, 3 and 6, with the doctor locked: one booking of a doctor's time after the other."""
        doctor = lock(cleaned["doctor"])
        if not doctor.is_active or doctor.role != Role.DOCTOR:
            self.add_error("doctor", refuse(_("Choose an active doctor."), code="inactive"))
            return
        agenda = Agenda.around(doctor.pk, span, self.instance.pk)
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
        others = Appointment.objects.blocking().filter(patient_id=patient, appointment_date__range=days)
        others = others.exclude(pk=self.instance.pk)
        for *when, doctor in others.values_list(
            "appointment_date", "appointment_time", "duration_minutes", "doctor_id"
        ):
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
        moved = self.claim is not None
        if exceptions or moved:
            self.instance.override_reason = self.cleaned_data["override_reason"].strip() if exceptions else ""
        saved = super().save(commit)
        if exceptions:
            record("override", saved, values={"reason": saved.override_reason, "exceptions": exceptions})
        if moved and saved.patient.email:
            enqueue("scheduling.mail.send_confirmation", str(saved.pk))
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

    patient = RemoteChoiceField(
        Patient.objects.filter(is_active=True),
        url_name="patient_options",
        label=gettext_lazy("Patient"),
        error_messages={"invalid_choice": gettext_lazy("Choose an active patient.")},
    )
    field_order = ["patient"]

    class Meta(TimeRulesForm.Meta):
        fields = ["patient", *TimeRulesForm.Meta.fields]

    def patient_key(self) -> Any:
        patient = self.cleaned_data.get("patient")
        return patient.pk if patient else None


class RescheduleAppointmentForm(TimeRulesForm):
    """Change a visit that has not begun: another time, doctor or wording. The patient stays."""

    OPEN = (AppointmentStatus.SCHEDULED, AppointmentStatus.CONFIRMED)

    class Meta(TimeRulesForm.Meta):
        pass

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.status in cls.OPEN

    def clean(self) -> dict[str, Any]:
        if self.instance.status not in self.OPEN:
            raise refuse(
                _("This is %(status)s and cannot be changed any more."),
                code="transition",
                status=self.instance.get_status_display().lower(),
            )
        return super().clean()
