"""Who waits for a time that is not free yet (BYD-7)."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from departments.models import Department, User
from healthcare.clock import date_of, today
from healthcare.compiled import Compiled, lockable
from healthcare.models import BaseModel, enum_constraint, range_constraint
from patients.models import Patient
from patients.querysets import PatientRowQuerySet
from scheduling.models.appointment import DEFAULT_DURATION, MAX_DURATION, MIN_DURATION, Appointment, AppointmentType

#: So many of the waiting list are named when a time is free again.
OFFERED = 5
#: The hour that divides the day for who waits for a time.
NOON = 12


class WaitingStatus(models.TextChoices):
    """Where a wish stands."""

    WAITING = "waiting", _("Waiting")
    BOOKED = "booked", _("Booked")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class PartOfDay(models.TextChoices):
    """When somebody can come."""

    ANY = "any", _("Any time")
    MORNING = "morning", _("Morning")
    AFTERNOON = "afternoon", _("Afternoon")


@Compiled
def waiting_of_patient(patient: Any) -> Any:
    """The keys of a patient's open wishes: mostly none."""
    wishes = WaitingListEntry.objects.filter(patient_id=patient, status=WaitingStatus.WAITING)
    return wishes.order_by().values_list("pk", flat=True)


class WaitingListQuerySet(PatientRowQuerySet):
    """Wishes for an earlier time."""

    def waiting(self) -> Self:
        """Those still open and not past their last day, of patients who can be booked."""
        return self.filter(status=WaitingStatus.WAITING, patient__is_active=True).exclude(latest_date__lt=today())

    def for_any_of(self, doctors: list[User]) -> Self:
        """Those that one of these doctors could fulfil."""
        departments = {doctor.department_id for doctor in doctors}
        return self.filter(
            models.Q(doctor__in=doctors)
            | models.Q(doctor__isnull=True, department__isnull=True)
            | models.Q(doctor__isnull=True, department__in=departments - {None})
        )

    def fitting(self, visit: Appointment) -> Self:
        """Whom the time of this visit fits, who has waited longest first."""
        part = PartOfDay.MORNING if visit.appointment_time.hour < NOON else PartOfDay.AFTERNOON
        return (
            self.waiting()
            .filter(
                models.Q(doctor=visit.doctor_id)
                | models.Q(doctor__isnull=True, department__isnull=True)
                | models.Q(doctor__isnull=True, department=visit.department_id),
                models.Q(earliest_date__isnull=True) | models.Q(earliest_date__lte=visit.appointment_date),
                models.Q(latest_date__isnull=True) | models.Q(latest_date__gte=visit.appointment_date),
                part_of_day__in=(PartOfDay.ANY, part),
                duration_minutes__lte=visit.duration_minutes,
            )
            .order_by("created_at", "pk")
        )

    def offers(self, visit: Appointment) -> list[str]:
        """What to tell about a time that this visit gives back: who of the waiting list can come instead."""
        found = list(self.fitting(visit).select_related("patient")[: OFFERED + 1])
        if not found:
            return []
        names = "; ".join(str(entry.patient) for entry in found[:OFFERED]) + (" ..." if len(found) > OFFERED else "")
        when = f"{visit.start:%Y-%m-%d %H:%M}"
        return [gettext("%(when)s is free again. It fits who waits: %(names)s.") % {"when": when, "names": names}]

    def fulfil(self, visit: Appointment) -> None:
        """Close the patient's wishes that this new visit fits."""
        if not waiting_of_patient(visit.patient_id):
            return
        for entry in lockable(self.fitting(visit).filter(patient=visit.patient_id)):
            entry.status, entry.appointment = WaitingStatus.BOOKED, visit
            entry.save(update_fields=["status", "appointment"])


class WaitingListEntry(BaseModel):
    """A patient who wants a time that is not free yet."""

    SEARCH_FIELDS = ("note",)

    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="waiting_list_entries"
    )
    doctor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("doctor"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="waiting_list_entries",
    )
    department = models.ForeignKey(
        Department,
        verbose_name=_("department"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="waiting_list_entries",
    )
    appointment_type = models.CharField(
        _("type"), max_length=20, choices=AppointmentType.choices, default=AppointmentType.CONSULTATION
    )
    duration_minutes = models.PositiveSmallIntegerField(_("duration (minutes)"), default=DEFAULT_DURATION)
    earliest_date = models.DateField(_("not before"), null=True, blank=True)
    latest_date = models.DateField(_("not after"), null=True, blank=True)
    part_of_day = models.CharField(
        _("part of the day"), max_length=10, choices=PartOfDay.choices, default=PartOfDay.ANY
    )
    note = models.CharField(_("note"), max_length=300, blank=True, default="")
    status = models.CharField(_("status"), max_length=10, choices=WaitingStatus.choices, default=WaitingStatus.WAITING)
    appointment = models.ForeignKey(
        Appointment,
        verbose_name=_("appointment"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="waiting_list_entries",
    )

    objects = WaitingListQuerySet.as_manager()

    class Meta:
        db_table = "waiting_list_entries"
        verbose_name = _("waiting list entry")
        verbose_name_plural = _("waiting list")
        constraints = [
            enum_constraint("status", WaitingStatus, "waiting_list_entries"),
            enum_constraint("part_of_day", PartOfDay, "waiting_list_entries"),
            enum_constraint("appointment_type", AppointmentType, "waiting_list_entries"),
            range_constraint("duration_minutes", "waiting_list_entries", low=MIN_DURATION, high=MAX_DURATION),
        ]
        indexes = [models.Index(fields=["status", "created_at"], name="waiting_list_by_status")]

    def __str__(self) -> str:
        return f"{self.patient}, {self.whom}"

    @property
    def whom(self) -> str:
        """Who is waited for."""
        return str(self.doctor or self.department or _("any doctor"))

    @property
    def wanted(self) -> str:
        """The days and the part of the day that suit, as people read them: `from 2026-11-29, Morning`."""
        first, last = self.earliest_date, self.latest_date
        if first and last:
            days = f"{first} – {last}"
        elif first or last:
            days = (gettext("from %(day)s") if first else gettext("until %(day)s")) % {"day": first or last}
        else:
            days = gettext("any day")
        return days if self.part_of_day == PartOfDay.ANY else f"{days}, {self.get_part_of_day_display()}"

    @property
    def since(self) -> date:
        """The day on which somebody began to wait."""
        return date_of(self.created_at)
