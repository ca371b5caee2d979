"""The problem list and the doctors' text templates."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from clinical.diagnosis_codes import CodesField, codes
from clinical.models import Problem, ProblemStatus, TextTemplate
from departments.forms import DeactivateForm
from healthcare.clock import today
from healthcare.workflow import WorkflowForm, refuse
from patients.forms.choice import active_patient


class CodeField(CodesField):
    """At most one code, with its title."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs["data-max"] = "1"

    def prepare_value(self, value: Any) -> Any:
        return [value] if isinstance(value, str) and value else list(value or [])

    def clean(self, value: Any) -> Any:
        if len(value or []) > 1:
            raise refuse(_("Choose one code."), code="many")
        found = super().clean(value)
        return found[0]["code"] if found else ""


class ProblemForm(WorkflowForm):
    """What adding and changing share."""

    permission = "medical_records.edit"
    code = CodeField(label=_("ICD-10 code"), required=False)

    class Meta:
        model = Problem
        fields: ClassVar = ["code", "title", "since", "notes"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["title"].required = False
        self.fields["title"].help_text = _("In your words; the code's title if left empty.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        code = cleaned.get("code", "")
        if not cleaned.get("title") and code:
            cleaned["title"] = codes()[code].title[:300]
        if not cleaned.get("title") and "code" not in self.errors:
            self.add_error("title", refuse(_("Name the problem or choose a code."), code="required"))
        if cleaned.get("since") and cleaned["since"] > today():
            self.add_error("since", refuse(_("This is in the future."), code="future"))
        return cleaned


class AddProblemForm(ProblemForm):
    """Note a problem of a patient."""

    submit_label = _("Add problem")
    patient = active_patient()

    class Meta(ProblemForm.Meta):
        fields: ClassVar = ["patient", *ProblemForm.Meta.fields]

    def save(self, commit: bool = True) -> Any:
        self.instance.noted_by_user = self.actor
        return super().save(commit)


class ChangeProblemForm(ProblemForm):
    """Change it, or say that it is resolved or was never true."""

    class Meta(ProblemForm.Meta):
        fields: ClassVar = [*ProblemForm.Meta.fields, "status", "resolved_on"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        resolved = cleaned.get("status") == ProblemStatus.RESOLVED
        if resolved and not cleaned.get("resolved_on"):
            cleaned["resolved_on"] = today()
        elif not resolved:
            cleaned["resolved_on"] = None
        return cleaned


class ProblemEnteredInErrorForm(WorkflowForm):
    """It was never true: it stays, struck through, with the reason."""

    permission = "medical_records.edit"
    submit_label = _("Entered in error")
    question = _("Was {object} entered in error?")
    consequence = _("It stays on record, struck through, and is no longer among the problems.")
    danger = True

    class Meta:
        model = Problem
        fields: ClassVar = ["notes"]
        labels: ClassVar = {"notes": _("Reason")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["notes"].required = True

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and not instance.struck

    def save(self, commit: bool = True) -> Any:
        self.instance.status = ProblemStatus.ENTERED_IN_ERROR
        return super().save(commit)


class TextTemplateForm(WorkflowForm):
    """One's own text, by name."""

    permission = "consultations.edit"

    class Meta:
        model = TextTemplate
        fields: ClassVar = ["name", "text"]
        widgets: ClassVar = {"text": forms.Textarea(attrs={"rows": 8})}

    def clean_name(self) -> str:
        """Typed with or without its dot, in any case."""
        return str(self.cleaned_data["name"]).strip().lstrip(".").lower()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        taken = TextTemplate.objects.filter(owner=self.actor, name=cleaned.get("name"), is_active=True)
        if taken.exclude(pk=self.instance.pk).exists():
            self.add_error("name", refuse(_("You have a template with this name already."), code="unique"))
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.owner = self.actor
        return super().save(commit)


class DeactivateTextTemplateForm(DeactivateForm):
    """Throw a template away."""

    permission = "consultations.edit"

    class Meta:
        model = TextTemplate
        fields: ClassVar[list[str]] = []
