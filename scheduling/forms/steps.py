"""The steps of an appointment along Appointment.TRANSITIONS, and the two that can be undone (RULE-APPT-5)."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from departments.models import Counter
from healthcare.clock import date_of, now, today, wall_clock
from healthcare.roles import may
from healthcare.tasks import enqueue
from healthcare.workflow import TransitionForm, lock, refuse
from scheduling.forms.rules import TAKEN, DoctorTimeForm
from scheduling.models import Appointment, AppointmentStatus, WaitingListEntry
from scheduling.slots import Agenda, Span, is_given_back


class AppointmentStep(TransitionForm):
    """A step of an appointment. Starting it is clinical's: the consultation begins with it."""

    class Meta:
        model = Appointment
        fields: list[str] = []


class ConfirmForm(AppointmentStep):
    """The patient said that they will come."""

    permission = "appointments.edit"
    action = "confirm"
    to = AppointmentStatus.CONFIRMED
    submit_label = gettext_lazy("Confirm")
    question = gettext_lazy("Confirm the visit {object}?")
    consequence = gettext_lazy("It shows that the patient has said that they will come.")

    def before_save(self) -> None:
        self.instance.confirmed_at = now()


class CheckInForm(AppointmentStep):
    """The patient has arrived; only on the day itself."""

    permission = "appointments.check_in"
    action = "check_in"
    to = AppointmentStatus.CHECKED_IN
    submit_label = gettext_lazy("Check in")
    question = gettext_lazy("Check in {object}?")
    consequence = gettext_lazy("The waiting time starts now, and the nurse sees the patient in the queue.")

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.appointment_date == today()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.instance.appointment_date != today():
            raise refuse(
                _("Check-in is possible on the day of the appointment only, %(day)s."),
                code="day",
                day=self.instance.appointment_date.isoformat(),
            )
        return cleaned

    def before_save(self) -> None:
        self.instance.checked_in_at = now()
        self.instance.ticket_number = Counter.next(f"ticket {today()}")


def consultation_of(appointment: Appointment) -> Any:
    """The consultation of this visit, or None."""
    return getattr(appointment, "consultation", None)


class CompleteAppointmentForm(AppointmentStep):
    """Close a visit whose consultation is completed (RULE-CONS-6). Completing the consultation does it too."""

    permission = "appointments.complete"
    action = "complete"
    to = AppointmentStatus.COMPLETED
    submit_label = gettext_lazy("Complete")
    question = gettext_lazy("Complete the visit {object}?")

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        consultation = consultation_of(instance)
        return (
            super().available(instance, actor)
            and consultation is not None
            and consultation.is_completed
            and actor.pk in (instance.doctor_id, consultation.doctor_id)
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        consultation = consultation_of(self.instance)
        if consultation is None or not consultation.is_completed:
            raise refuse(_("Complete the consultation first."), code="consultation")
        if self.actor.pk not in (self.instance.doctor_id, consultation.doctor_id):
            raise refuse(_("Only the doctor of this visit can complete it."), code="doctor")
        return cleaned

    def before_save(self) -> None:
        self.instance.completed_at = now()


class CancelForm(AppointmentStep):
    """Call a visit off, with the reason; the time is free again."""

    permission = "appointments.edit"
    action = "cancel"
    to = AppointmentStatus.CANCELLED
    submit_label = gettext_lazy("Cancel appointment")
    question = gettext_lazy("Cancel the visit {object}?")
    consequence = gettext_lazy("The time becomes free again. This cannot be undone; a new visit can be booked.")
    danger = True

    class Meta(AppointmentStep.Meta):
        fields = ["cancellation_reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cancellation_reason"].required = True

    def save(self, commit: bool = True) -> Any:
        saved = super().save(commit)
        if saved.patient.email and saved.start > wall_clock():
            enqueue("scheduling.mail.send_cancellation", str(saved.pk))
        if is_given_back(saved):
            self.notices += WaitingListEntry.objects.offers(saved)
        return saved


class NoShowForm(AppointmentStep):
    """The patient did not come; only once the start has passed. A nightly command may say so too."""

    permission = "appointments.edit"
    by_command = True
    action = "no_show"
    to = AppointmentStatus.NO_SHOW
    submit_label = gettext_lazy("No-show")
    question = gettext_lazy("Mark {object} as not shown up?")
    consequence = gettext_lazy("The time becomes free again. It can be undone today.")
    danger = True

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.start <= wall_clock()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.instance.start > wall_clock():
            raise refuse(_("The appointment has not begun yet, so the patient may still come."), code="early")
        return cleaned


class UndoForm(DoctorTimeForm):
    """Take back a step that was a mistake: the same day, with a reason, before any consultation."""

    action = "undo"
    #: The status that is taken back.
    undone: ClassVar[str] = ""
    danger: ClassVar[bool] = False
    time_field = ""

    undo_reason = forms.CharField(label=gettext_lazy("What was the mistake?"), max_length=500)

    class Meta:
        model = Appointment
        fields: list[str] = []

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return may(actor, cls.permission) and instance.status == cls.undone and cls.done_today(instance)

    @classmethod
    def done_today(cls, instance: Appointment) -> bool:
        """Whether the step was taken today."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        status = self.instance.get_status_display().lower()
        if self.instance.status != self.undone:
            raise refuse(_("This is %(status)s: there is nothing to undo."), code="transition", status=status)
        if not self.done_today(self.instance):
            raise refuse(_("It can be undone on the same day only."), code="day")
        if consultation_of(self.instance) is not None:
            raise refuse(_("The consultation has begun, so this cannot be undone."), code="consultation")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.status = self.instance.status_before_mistake()
        self.instance.checked_in_at = self.instance.ticket_number = None
        self.instance.override_reason = self.cleaned_data["undo_reason"]
        return super().save(commit)


class UndoCheckInForm(UndoForm):
    """The wrong patient was checked in."""

    permission = "appointments.check_in"
    undone = AppointmentStatus.CHECKED_IN
    submit_label = gettext_lazy("Undo check-in")
    question = gettext_lazy("Undo the check-in of {object}?")
    consequence = gettext_lazy("The visit is expected again as it was, and its waiting time is forgotten.")

    class Meta(UndoForm.Meta):
        pass

    @classmethod
    def done_today(cls, instance: Appointment) -> bool:
        return instance.checked_in_at is None or date_of(instance.checked_in_at) == today()


class UndoNoShowForm(UndoForm):
    """The patient came after all; the time must still be free."""

    permission = "appointments.edit"
    undone = AppointmentStatus.NO_SHOW
    submit_label = gettext_lazy("Undo no-show")
    question = gettext_lazy("Undo the no-show of {object}?")
    consequence = gettext_lazy("The visit is expected again as it was, if its time is still free.")

    class Meta(UndoForm.Meta):
        pass

    @classmethod
    def done_today(cls, instance: Appointment) -> bool:
        # Nothing else changes a row in this status, so its last change was the mark itself.
        return date_of(instance.updated_at) == today()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        lock(self.instance.doctor)
        span = Span(self.instance.start, self.instance.end)
        self.claim = (self.instance.doctor_id, span)
        if Agenda.around(self.instance.doctor_id, span, self.instance.pk).conflict(span):
            self.refuse_time(TAKEN, "overlap")
        return cleaned
