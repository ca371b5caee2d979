"""Consultations and their addenda."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from clinical.models.staff_key import user_key
from healthcare.clock import date_of, local, now
from healthcare.models import BaseModel
from healthcare.roles import Role
from healthcare.text import LongTextField
from patients.models import Patient
from patients.querysets import PatientRowQuerySet
from scheduling.models import Appointment

#: A completed consultation may be corrected for so long (RULE-CONS-5).
EDITABLE_AFTER_COMPLETION = timedelta(hours=24)


class ConsultationQuerySet(PatientRowQuerySet):
    """Consultations."""

    def visible_to(self, user: Any) -> Self:
        """Billing officers see completed ones (without clinical text)."""
        if user.role == Role.BILLING_OFFICER:
            return self.completed()
        return self

    def active(self) -> Self:
        """Lists leave out what was started by mistake, unless asked for."""
        return self.kept()

    def kept(self) -> Self:
        """All but those that were started by mistake."""
        return self.filter(abandoned_at__isnull=True)

    def open(self) -> Self:
        """Begun and not finished."""
        return self.kept().filter(completed_at__isnull=True)

    def completed(self) -> Self:
        """Those that are finished."""
        return self.filter(completed_at__isnull=False)

    def follow_ups_to_book(self) -> Self:
        """Those that asked for a follow-up, and no visit of the patient stands after them."""
        booked = Appointment.objects.blocking().filter(
            patient=models.OuterRef("patient"), appointment_date__gt=models.OuterRef("consultation_date__date")
        )
        wanted = self.completed().filter(follow_up_required=True, patient__is_active=True)
        return wanted.filter(~models.Exists(booked))

    def editable_by(self, doctor: Any) -> Self:
        """Those that this doctor may still change: their own, open or completed less than 24 hours ago."""
        return self.kept().filter(doctor=doctor).exclude(completed_at__lte=now() - EDITABLE_AFTER_COMPLETION)


class Consultation(BaseModel):
    """A doctor's note of one visit. Started when created, finished at `completed_at`."""

    SEARCH_FIELDS = ("doctor__last_name", "doctor__first_name")

    appointment = models.OneToOneField(
        Appointment,
        verbose_name=_("appointment"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="consultation",
    )
    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="consultations", db_index=False
    )
    doctor = user_key(_("doctor"), "consultations", db_index=False)
    consultation_date = models.DateTimeField(_("date"), default=now)
    chief_complaint = LongTextField(_("chief complaint"))
    present_illness = LongTextField(_("present illness"))
    examination_findings = LongTextField(_("examination findings"))
    diagnosis = LongTextField(_("diagnosis"))
    #: ICD-10 codes beside the words: [{"code", "title"}], with the titles that they had.
    diagnosis_codes = models.JSONField(_("ICD-10 codes"), default=list, blank=True)
    treatment_plan = LongTextField(_("treatment plan"))
    notes = LongTextField(_("notes"))
    follow_up_required = models.BooleanField(_("follow-up required"), default=False)
    follow_up_date = models.DateField(_("follow-up date"), null=True, blank=True)
    completed_at = models.DateTimeField(_("completed at"), null=True, blank=True)
    #: Started by mistake: the row stays, and gives its appointment back (`appointment` is one-to-one).
    abandoned_at = models.DateTimeField(_("abandoned at"), null=True, blank=True)
    abandoned_reason = models.CharField(_("reason for abandoning"), max_length=500, blank=True, default="")
    abandoned_appointment = models.ForeignKey(
        Appointment,
        verbose_name=_("started from"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="abandoned_consultations",
    )

    objects = ConsultationQuerySet.as_manager()

    class Meta:
        db_table = "consultations"
        verbose_name = _("consultation")
        verbose_name_plural = _("consultations")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(follow_up_required=False) | models.Q(follow_up_date__isnull=False),
                name="consultations_follow_up_dated",
                violation_error_message=_("Give the date of the follow-up."),
            ),
            models.CheckConstraint(
                condition=models.Q(completed_at__isnull=True) | ~models.Q(diagnosis=""),
                name="consultations_completed_diagnosed",
                violation_error_message=_("A diagnosis is needed to complete."),
            ),
            models.CheckConstraint(
                condition=models.Q(abandoned_at__isnull=True)
                | models.Q(completed_at__isnull=True, appointment__isnull=True),
                name="consultations_abandoned_is_empty",
                violation_error_message=_("A completed consultation cannot be abandoned."),
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "consultation_date"], name="consultations_by_patient"),
            models.Index(fields=["doctor", "consultation_date"], name="consultations_by_doctor"),
            models.Index(fields=["consultation_date", "id"], name="consultations_newest"),
            models.Index(
                fields=["follow_up_date", "id"],
                condition=models.Q(follow_up_required=True),
                name="consultations_follow_ups",
            ),
            models.Index(
                fields=["doctor", "consultation_date"],
                condition=models.Q(completed_at__isnull=True, abandoned_at__isnull=True),
                name="consultations_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patient} {local(self.consultation_date):%Y-%m-%d}"

    @classmethod
    def can_be_inactive(cls) -> bool:
        """One that was started by mistake is hidden in lists like the deactivated."""
        return True

    @property
    def codes_shown(self) -> list[str]:
        """The codes in words."""
        return [f"{entry['code']} {entry['title']}" for entry in self.diagnosis_codes]

    @property
    def is_completed(self) -> bool:
        """Whether the doctor has finished."""
        return self.completed_at is not None

    @property
    def is_abandoned(self) -> bool:
        """Whether it was started by mistake."""
        return self.abandoned_at is not None

    @property
    def struck(self) -> bool:
        """Whether it counts for nothing, and so is shown struck through."""
        return self.is_abandoned

    @property
    def prescriptions_to_sign(self) -> list[Any]:
        """What stands under this doctor's signature: another doctor's renewal is printed by itself."""
        return self.to_sign(sorted(self.prescriptions.all(), key=lambda row: row.created_at))

    def to_sign(self, prescriptions: Iterable[Any]) -> list[Any]:
        """Those of its prescriptions that stand under this doctor's signature."""
        return [row for row in prescriptions if row.is_active and row.doctor_id == self.doctor_id]

    @property
    def lab_tests_to_do(self) -> list[Any]:
        """What its doctor ordered and the laboratory has yet to finish, for one requisition."""
        own = [row for row in self.lab_tests.all() if row.ordered_by_doctor_id == self.doctor_id]
        return sorted((row for row in own if row.TRANSITIONS.get(row.status)), key=lambda row: row.pk)

    @cached_property
    def follow_up_visit(self) -> Appointment | None:
        """The visit booked after this one, if a follow-up was asked for."""
        if not (self.follow_up_required and self.is_completed):
            return None
        day = date_of(self.consultation_date)
        later = self.patient.appointments.blocking().filter(appointment_date__gt=day).select_related("patient")
        return later.order_by("appointment_date", "appointment_time").first()

    @property
    def follow_up_unbooked(self) -> bool:
        """Whether a follow-up was asked for and nobody booked it yet."""
        return self.follow_up_required and self.is_completed and self.follow_up_visit is None

    @property
    def follow_up_shown(self) -> Any:
        """The visit booked after this one, or where the front desk finds that none is."""
        waits = _("Not booked yet: it stands on the front desk's recall list and in the patient's chart")
        return waits if self.follow_up_unbooked else self.follow_up_visit

    @property
    def state(self) -> str:
        """in_progress, completed, locked (24 hours after completion) or abandoned, as shown."""
        if self.is_abandoned:
            return "abandoned"
        if self.locked():
            return "locked"
        return "completed" if self.is_completed else "in_progress"

    def locked(self, at: datetime | None = None) -> bool:
        """Whether 24 hours have passed since completion, so that only addenda are possible."""
        return self.completed_at is not None and (at or now()) - self.completed_at >= EDITABLE_AFTER_COMPLETION


class ConsultationAddendum(BaseModel):
    """A dated, signed addition to a completed consultation; never changed."""

    consultation = models.ForeignKey(
        Consultation, verbose_name=_("consultation"), on_delete=models.PROTECT, related_name="addenda"
    )
    author = user_key(_("signed by"), "addenda")
    text = LongTextField(_("addendum"), blank=False)

    class Meta:
        db_table = "consultation_addenda"
        verbose_name = _("addendum")
        verbose_name_plural = _("addenda")
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"{self.consultation} {local(self.created_at):%Y-%m-%d %H:%M}"

    def patient_of_row(self) -> Any:
        return self.consultation.patient_id if self.consultation_id else None
