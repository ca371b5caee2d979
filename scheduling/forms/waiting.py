"""Putting somebody on the waiting list, and taking them off."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from departments.models import Department, User
from healthcare.clock import today
from healthcare.workflow import WorkflowForm, refuse
from patients.forms.choice import active_patient
from scheduling.models import WaitingListEntry, WaitingStatus


class WaitingListForm(WorkflowForm):
    """What time somebody waits for."""

    permission = "appointments.edit"

    patient = active_patient(gettext_lazy("Choose an active patient."))
    field_order = ["patient"]
    fieldsets = (
        (gettext_lazy("Who"), ("patient", "doctor", "department")),
        (gettext_lazy("When"), ("earliest_date", "latest_date", "part_of_day", "duration_minutes")),
        (gettext_lazy("What"), ("appointment_type", "note")),
    )

    class Meta:
        model = WaitingListEntry
        fields = [
            "patient",
            "doctor",
            "department",
            "appointment_type",
            "duration_minutes",
            "earliest_date",
            "latest_date",
            "part_of_day",
            "note",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["doctor"].queryset = User.objects.doctors()
        self.fields["department"].queryset = Department.objects.filter(is_active=True)
        self.fields["doctor"].help_text = _("Left empty: any of the department, or of the clinic.")

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.status == WaitingStatus.WAITING

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.status != WaitingStatus.WAITING:
            raise refuse(_("This is no longer on the waiting list."), code="transition")
        first, last = cleaned.get("earliest_date"), cleaned.get("latest_date")
        if last and last < today():
            self.add_error("latest_date", refuse(_("This date is in the past."), code="past"))
        elif first and last and last < first:
            self.add_error("latest_date", refuse(_("The end must not be before the start."), code="order"))
        return cleaned


class WithdrawWaitingForm(WorkflowForm):
    """Nobody waits for this any more."""

    permission = "appointments.edit"
    action = "cancel"
    submit_label = gettext_lazy("Take off the list")
    question = gettext_lazy("Take {object} off the waiting list?")
    danger = True

    class Meta:
        model = WaitingListEntry
        fields: list[str] = []

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.status == WaitingStatus.WAITING

    def clean(self) -> dict[str, Any]:
        if self.instance.status != WaitingStatus.WAITING:
            raise refuse(_("This is no longer on the waiting list."), code="transition")
        return super().clean() or self.cleaned_data

    def save(self, commit: bool = True) -> Any:
        self.instance.status = WaitingStatus.WITHDRAWN
        return super().save(commit)
