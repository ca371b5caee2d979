"""Confidential charts: marked by administrators, opened with a reason that they read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from healthcare.events import record
from healthcare.workflow import WorkflowForm, refuse
from patients.models import Patient


class OpenConfidentialForm(WorkflowForm):
    """Say why one opens a confidential chart."""

    permission = "patients.view"
    action = "open_confidential"
    submit_label = _("Open the chart")
    question = _("This chart is confidential")
    consequence = _(
        "Opening it is written down with your reason, and administrators are told. Open it only to treat or serve."
    )
    reason = forms.CharField(label=_("Why do you open it?"), min_length=5, max_length=300)

    class Meta:
        model = Patient
        fields: list[str] = []

    def save(self, commit: bool = True) -> Any:
        record(self.action, self.instance, patient_id=self.instance.pk, values={"reason": self.cleaned_data["reason"]})
        return self.instance


class MarkConfidentialForm(WorkflowForm):
    """Ask everybody for a reason from now on."""

    permission = "patients.confidential"
    submit_label = _("Mark as confidential")
    question = _("Mark the chart of {object} as confidential?")
    consequence = _("From then on everybody who opens it is asked for a reason, which administrators read.")
    confidential_after = True

    class Meta:
        model = Patient
        fields: list[str] = []

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.is_confidential is not cls.confidential_after

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.is_confidential is self.confidential_after:
            raise refuse(_("This was done already."), code="transition")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.is_confidential = self.confidential_after
        return super().save(commit)


class UnmarkConfidentialForm(MarkConfidentialForm):
    """Open the chart to everybody whose role allows it."""

    submit_label = _("No longer confidential")
    question = _("Take the mark from the chart of {object}?")
    consequence = _("Nobody is asked for a reason any more.")
    confidential_after = False

    class Meta(MarkConfidentialForm.Meta):
        pass
