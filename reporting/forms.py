"""What people do with reports: ask for one, rename it, make it again, hide it."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from departments.forms import DeactivateForm, ReactivateForm
from departments.models import Department, User
from healthcare.clock import today
from healthcare.roles import Role
from healthcare.tasks import enqueue
from healthcare.workflow import TransitionForm, WorkflowForm, refuse
from reporting.models import Report, ReportStatus, ReportType
from reporting.periods import FIRST_DAY, LAST_DAY
from reporting.reports import KINDS, kinds_for
from reporting.worker import TASK


class RequestReportForm(WorkflowForm):
    """Ask for a report; a worker makes it."""

    permission = "reports.view"
    submit_label = _("Make the report")
    fieldsets: ClassVar[tuple[Any, ...]] = (
        (_("What"), ("report_type", "start_date", "end_date")),
        (_("Narrowed to"), ("doctor", "department")),
        (_("Name"), ("report_name",)),
    )

    report_name = forms.CharField(
        label=_("Name"), max_length=200, required=False, help_text=_("Empty: the type and the dates.")
    )
    start_date = forms.DateField(
        label=_("From"),
        required=False,
        help_text=_("Empty: the first day of the last day's month."),
    )
    end_date = forms.DateField(
        label=_("To"),
        required=False,
        help_text=_("Included. Empty: today."),
    )
    doctor = forms.ModelChoiceField(
        User.objects.filter(role=Role.DOCTOR), label=_("Doctor"), required=False, empty_label=_("All doctors")
    )
    department = forms.ModelChoiceField(
        Department.objects.all(), label=_("Department"), required=False, empty_label=_("All departments")
    )

    class Meta:
        model = Report
        fields = ["report_type", "start_date", "end_date", "report_name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = kinds_for(self.actor)
        choices = [(value, label) for value, label in ReportType.choices if value in allowed]
        self.fields["report_type"] = forms.ChoiceField(label=_("Type"), choices=choices)
        self.initial.setdefault("start_date", today().replace(day=1))
        self.initial.setdefault("end_date", today())
        if self.actor.role == Role.DOCTOR:
            # A doctor's figures are their own; there is nobody else to choose.
            del self.fields["doctor"]

    def clean_start_date(self) -> Any:
        return self.within_reason("start_date")

    def clean_end_date(self) -> Any:
        return self.within_reason("end_date") or today()

    def within_reason(self, name: str) -> Any:
        """A day with which the calendar can still compute."""
        day = self.cleaned_data[name]
        if day and not FIRST_DAY <= day <= LAST_DAY:
            raise refuse(_("Choose a day between 1900 and 2199."), code="range")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        end = cleaned.get("end_date")
        if end and not cleaned.get("start_date") and "start_date" not in self.errors:
            cleaned["start_date"] = end.replace(day=1)
        start = cleaned.get("start_date")
        if start and end and start > end:
            self.add_error("start_date", refuse(_("The start must not be after the end."), code="order"))
        kind = KINDS.get(cleaned.get("report_type", ""))
        for name in ("doctor", "department"):
            if kind and cleaned.get(name) and name not in kind.narrowed_by:
                self.add_error(name, refuse(_("This type of report is about the whole clinic."), code="narrowed"))
        if kind and self.actor.role == Role.DOCTOR and "doctor" in kind.narrowed_by:
            cleaned["doctor"] = self.actor
        if kind and start and end and not cleaned.get("report_name"):
            cleaned["report_name"] = f"{ReportType(kind.type).label} {start} - {end}"
        return cleaned

    def save(self, commit: bool = True) -> Any:
        chosen = {name: self.cleaned_data.get(name) for name in ("doctor", "department")}
        self.instance.parameters = {f"{name}_id": str(row.pk) for name, row in chosen.items() if row}
        self.instance.generated_by_user = self.actor
        saved = super().save(commit)
        enqueue(TASK, str(saved.pk))
        return saved


class RenameReportForm(WorkflowForm):
    """Give a report another name."""

    permission = "reports.view"

    class Meta:
        model = Report
        fields = ["report_name"]

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.is_active


class RegenerateReportForm(TransitionForm):
    """Make the report again, with the data of now."""

    permission = "reports.view"
    action = "generate"
    to = ReportStatus.GENERATING
    submit_label = _("Make again")
    question = _("Make {object} again?")
    consequence = _("The same dates and choices are counted anew; the present files are replaced.")

    class Meta:
        model = Report
        fields: list[str] = []

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.is_active

    def before_save(self) -> None:
        self.instance.attempts = self.instance.progress = 0
        self.instance.stage = self.instance.failure_reason = ""
        enqueue(TASK, str(self.instance.pk))


class HideReportForm(DeactivateForm):
    """Take a report out of the list."""

    permission = "reports.view"
    submit_label = _("Delete")
    question = _("Delete {object} from the list?")
    consequence = _("It disappears from the list. Nothing is erased: it can be shown and restored.")

    class Meta:
        model = Report
        fields: list[str] = []


class RestoreReportForm(ReactivateForm):
    """Bring a hidden report back to the list."""

    permission = "reports.view"
    submit_label = _("Restore")
    question = _("Restore {object}?")
    consequence = _("It appears in the list again.")

    class Meta:
        model = Report
        fields: list[str] = []
