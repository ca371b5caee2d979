"""Appointments, doctors' working hours and absences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce, Greatest, TruncMinute
from django.utils.translation import gettext_lazy as _

from departments.models import Department, User
from healthcare.clock import now, today
from healthcare.models import BaseModel, BaseQuerySet, enum_constraint, range_constraint
from healthcare.roles import Role
from healthcare.text import LongTextField
from patients.models import Patient
from patients.querysets import OneOf, about_patients

MIN_DURATION, MAX_DURATION, DEFAULT_DURATION = 15, 480, 30


class AppointmentType(models.TextChoices):
    """As in the source specification."""

    CONSULTATION = "consultation", _("Consultation")
    FOLLOW_UP = "follow_up", _("Follow Up")
    EMERGENCY = "emergency", _("Emergency")
    ROUTINE_CHECKUP = "routine_checkup", _("Routine Checkup")
    PROCEDURE = "procedure", _("Procedure")


class AppointmentStatus(models.TextChoices):
    """As in the source specification."""

    SCHEDULED = "scheduled", _("Scheduled")
    CONFIRMED = "confirmed", _("Confirmed")
    CHECKED_IN = "checked_in", _("Checked In")
    IN_PROGRESS = "in_progress", _("In Progress")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")
    NO_SHOW = "no_show", _("No Show")


S = AppointmentStatus
#: Statuses whose time does not block the doctor (RULE-APPT-2).
FREE_STATUSES = (S.CANCELLED, S.NO_SHOW)


def measured_since_check_in() -> models.Exists:
    """Whether an appointment's patient has vital signs since the `checked_in_minute` (RULE-CONS-2)."""
    vitals = Patient._meta.get_field("vital_signs").related_model.objects.valid()  # type: ignore[union-attr]
    since = models.OuterRef("checked_in_minute")
    return models.Exists(vitals.filter(patient=models.OuterRef("patient"), recorded_at__range=(since, now())))


#: Neither an emergency nor an exception: nobody who booked it knew that the doctor would not be there.
BOOKED_UNKNOWING = ~models.Q(appointment_type=AppointmentType.EMERGENCY) & models.Q(override_reason="")


class AppointmentQuerySet(BaseQuerySet):
    """Appointments."""

    def visible_to(self, user: Any) -> Self:
        """Billing officers see completed visits only."""
        if user.role == Role.BILLING_OFFICER:
            return self.filter(status=S.COMPLETED)
        return self

    def search(self, text: str) -> Self:
        """Visits of the patients, or of the doctors, whom the text finds."""
        doctors = User.objects.filter(role=Role.DOCTOR).search(text).order_by()
        return self.filter(about_patients(text) | models.Q(OneOf("doctor_id", doctors.values("pk"))))

    def from_check_in(self) -> Self:
        """A nurse types minutes, so the whole minute of the check-in counts.

        In UTC, as it is compared with moments: cut in the clinic's zone it would be a wall clock's reading.
        """
        return self.alias(checked_in_minute=TruncMinute("checked_in_at", tzinfo=UTC))

    def with_measured(self) -> Self:
        """With `measured`: whether the patient has vital signs since the check-in."""
        return self.from_check_in().annotate(measured=measured_since_check_in())

    def awaiting_vitals(self) -> Self:
        """Checked in, and nobody has measured the patient since (the nurse's queue)."""
        return self.from_check_in().filter(~measured_since_check_in(), status=S.CHECKED_IN)

    def ready(self) -> Self:
        """Checked in and measured since (the doctor's queue)."""
        return self.from_check_in().filter(measured_since_check_in(), status=S.CHECKED_IN)

    def here(self) -> Self:
        """Those whose patient is in the clinic."""
        return self.filter(status__in=(S.CHECKED_IN, S.IN_PROGRESS))

    def left_waiting(self) -> Self:
        """Those of earlier days whose patient was checked in and never seen: only the desk can close them."""
        return self.filter(status=S.CHECKED_IN, appointment_date__lt=today())

    def blocking(self) -> Self:
        """Those whose time is taken."""
        return self.exclude(status__in=FREE_STATUSES)

    def expected(self) -> Self:
        """Those to whom somebody is still to come."""
        return self.filter(status__in=(S.SCHEDULED, S.CONFIRMED))

    def to_move(self) -> Self:
        """Those ahead whose doctor does not see patients any more, or in an absence of theirs, but for what was booked
        there knowingly (RULE-APPT-6)."""
        absences = DoctorAbsence.objects.active().filter(end_date__gte=today())
        away = absences.filter(
            doctor=models.OuterRef("doctor"),
            start_date__lte=models.OuterRef("appointment_date"),
            end_date__gte=models.OuterRef("appointment_date"),
        )
        gone = set(User.objects.gone().order_by().values_list("pk", flat=True))
        # The few who are away or gone come first: their days are read from an index, and not everybody's future.
        whose = gone.union(absences.values_list("doctor_id", flat=True))
        ahead = self.expected().filter(doctor__in=whose, appointment_date__gte=today())
        # What was last changed before the absence was entered is an emergency or an exception for another reason.
        since = models.Exists(away.filter(updated_at__gt=models.OuterRef("updated_at")))
        return ahead.filter(models.Q(doctor__in=gone) | (BOOKED_UNKNOWING & models.Exists(away)) | since)


class Appointment(BaseModel):
    """A visit of a patient to a doctor, at a date and time of the clinic's wall clock."""

    #: RULE-APPT-5. Undoing a mistaken check-in or no-show is its own action, with a reason.
    TRANSITIONS = {
        S.SCHEDULED: (S.CONFIRMED, S.CHECKED_IN, S.CANCELLED, S.NO_SHOW),
        S.CONFIRMED: (S.CHECKED_IN, S.CANCELLED, S.NO_SHOW),
        S.CHECKED_IN: (S.IN_PROGRESS, S.CANCELLED),
        S.IN_PROGRESS: (S.COMPLETED,),
        S.COMPLETED: (),
        S.CANCELLED: (),
        S.NO_SHOW: (),
    }
    #: Mistakes that can be taken back the same day, and where they lead back to.
    UNDO = {S.CHECKED_IN: (S.SCHEDULED, S.CONFIRMED), S.NO_SHOW: (S.SCHEDULED, S.CONFIRMED)}
    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="appointments", db_index=False
    )
    doctor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("doctor"),
        on_delete=models.PROTECT,
        related_name="appointments",
        db_index=False,
    )
    department = models.ForeignKey(
        Department,
        verbose_name=_("department"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="appointments",
    )
    appointment_date = models.DateField(_("date"))
    appointment_time = models.TimeField(_("time"))
    duration_minutes = models.PositiveSmallIntegerField(_("duration (minutes)"), default=DEFAULT_DURATION)
    appointment_type = models.CharField(
        _("type"), max_length=20, choices=AppointmentType.choices, default=AppointmentType.CONSULTATION
    )
    status = models.CharField(_("status"), max_length=12, choices=AppointmentStatus.choices, default=S.SCHEDULED)
    reason = models.CharField(_("reason for visit"), max_length=500, blank=True, default="")
    notes = LongTextField(_("notes"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    checked_in_at = models.DateTimeField(_("checked in at"), null=True, blank=True)
    #: Given out at check-in, anew each day: the waiting room calls numbers, not names.
    ticket_number = models.PositiveSmallIntegerField(_("ticket"), null=True, blank=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    completed_at = models.DateTimeField(_("completed at"), null=True, blank=True)
    cancellation_reason = models.CharField(_("reason for cancelling"), max_length=500, blank=True, default="")
    #: The first visit's key, on each of those that were booked together, week after week.
    series_id = models.UUIDField(_("series"), null=True, blank=True, editable=False)
    #: Why it was booked outside working hours or over a warning (RULE-APPT-6, RULE-APPT-7), or a step undone.
    override_reason = models.CharField(_("reason for the exception"), max_length=500, blank=True, default="")

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        db_table = "appointments"
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        constraints = [
            enum_constraint("status", AppointmentStatus, "appointments"),
            enum_constraint("appointment_type", AppointmentType, "appointments"),
            range_constraint(
                "duration_minutes",
                "appointments",
                low=MIN_DURATION,
                high=MAX_DURATION,
                message=_("An appointment lasts 15 to 480 minutes."),
            ),
        ]
        indexes = [
            models.Index(fields=["doctor", "appointment_date", "appointment_time"], name="appointments_by_doctor"),
            models.Index(fields=["appointment_date", "appointment_time", "id"], name="appointments_by_day"),
            models.Index(fields=["patient", "appointment_date"], name="appointments_by_patient"),
            models.Index(fields=["status", "appointment_date"], name="appointments_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.appointment_date:%Y-%m-%d} {self.appointment_time:%H:%M} {self.patient}"

    def status_before_mistake(self) -> AppointmentStatus:
        """Where undoing a check-in or a no-show leads back to."""
        return S.CONFIRMED if self.confirmed_at else S.SCHEDULED

    @property
    def start(self) -> datetime:
        """Begin, on the clinic's wall clock (naive)."""
        return datetime.combine(self.appointment_date, self.appointment_time)

    @property
    def end(self) -> datetime:
        """End, exclusive, on the clinic's wall clock (naive); may be after midnight."""
        return self.start + timedelta(minutes=self.duration_minutes)


class Weekday(models.IntegerChoices):
    """As date.weekday()."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class DoctorSchedule(BaseModel):
    """Working hours of a doctor on a weekday; several rows a day leave breaks between them."""

    SEARCH_FIELDS = ("doctor__last_name", "doctor__first_name")

    doctor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("doctor"),
        on_delete=models.PROTECT,
        related_name="schedules",
        db_index=False,
    )
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    start_time = models.TimeField(_("from"))
    end_time = models.TimeField(_("to"))
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        db_table = "doctor_schedules"
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering = ["doctor", "weekday", "start_time"]
        constraints = [
            range_constraint("weekday", "doctor_schedules", low=0, high=6),
            models.CheckConstraint(
                condition=models.Q(end_time__gt=models.F("start_time")),
                name="doctor_schedules_end_after_start",
                violation_error_message=_("The end must be after the start."),
            ),
        ]
        indexes = [models.Index(fields=["doctor", "weekday"], name="doctor_schedules_by_day")]

    def __str__(self) -> str:
        return f"{self.doctor} {self.get_weekday_display()} {self.start_time:%H:%M}-{self.end_time:%H:%M}"


class DoctorAbsenceQuerySet(BaseQuerySet):
    """Absences."""

    def with_booked(self) -> Self:
        """With `booked`: how many visits still lie in each, from today on."""
        visits = Appointment.objects.expected().filter(
            doctor=models.OuterRef("doctor"),
            appointment_date__range=(Greatest(models.OuterRef("start_date"), today()), models.OuterRef("end_date")),
        )
        count = visits.order_by().values("doctor").annotate(count=models.Count("pk")).values("count")
        return self.annotate(booked=Coalesce(models.Subquery(count), 0))


class DoctorAbsence(BaseModel):
    """A time in which a doctor is away."""

    SEARCH_FIELDS = ("doctor__last_name", "reason")

    doctor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("doctor"),
        on_delete=models.PROTECT,
        related_name="absences",
        db_index=False,
    )
    start_date = models.DateField(_("from"))
    end_date = models.DateField(_("to"))
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")
    is_active = models.BooleanField(_("active"), default=True)

    objects = DoctorAbsenceQuerySet.as_manager()

    class Meta:
        db_table = "doctor_absences"
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["-start_date"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(end_date__gte=models.F("start_date")),
                name="doctor_absences_end_after_start",
                violation_error_message=_("The end must not be before the start."),
            )
        ]
        indexes = [models.Index(fields=["doctor", "start_date", "end_date"], name="doctor_absences_by_day")]

    def __str__(self) -> str:
        return f"{self.doctor} {self.start_date} - {self.end_date}"

    @property
    def days(self) -> int:
        """How long it lasts, both days included."""
        return (self.end_date - self.start_date).days + 1
