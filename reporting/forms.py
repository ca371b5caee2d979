"""What people do with reports: ask for one, rename it, make it again, hide it."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from departments.forms import DeactivateForm, ReactivateForm
from departments.models import Department, User
from healthcare.clock import today
from healthcare.roles import Role
from healthcare.tasks import enqueue
from healthcare.workflow import TransitionForm, WorkflowForm, lock, refuse
from patients.models import InsuranceProvider
from reporting.models import OWN_FIGURES, Mailing, Report, ReportSchedule, ReportStatus, ReportType
from reporting.periods import FIRST_DAY, LAST_DAY, Period, next_on, presets
from reporting.reports import KINDS, kinds_for
from reporting.worker import TASK
from scheduling.models import Appointment

#: What a report can be narrowed to.
NARROWED = ("doctor", "department", "insurer")


class NarrowingForm(WorkflowForm):
    """A type of report and what it is narrowed to."""

    permission = "reports.view"

    report_name = forms.CharField(
        label=_("Name"), max_length=200, required=False, help_text=_("Empty: the type and the dates.")
    )
    # Also whoever was one: their visits stay in the figures.
    doctor = forms.ModelChoiceField(
        User.objects.filter(Q(role=Role.DOCTOR) | Exists(Appointment.objects.filter(doctor=OuterRef("pk")))),
        label=_("Doctor"),
        required=False,
        empty_label=_("All doctors"),
    )
    department = forms.ModelChoiceField(
        Department.objects.all(), label=_("Department"), required=False, empty_label=_("All departments")
    )
    insurer = forms.ModelChoiceField(
        InsuranceProvider.objects.all(),
        label=_("Insurance provider"),
        required=False,
        empty_label=_("All, and none"),
        help_text=_("Of the patients, as it stands today."),
    )
    compare = forms.BooleanField(label=_("Compare with the period before"), required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = kinds_for(self.actor)
        choices = [(value, label) for value, label in ReportType.choices if value in allowed]
        self.fields["report_type"] = forms.ChoiceField(label=_("Type"), choices=choices)
        known = self.instance.parameters or {}
        for name in NARROWED:
            if f"{name}_id" in known:
                self.initial.setdefault(name, known[f"{name}_id"])
        self.initial.setdefault("compare", known.get("compare", True))
        if self.actor.role == Role.DOCTOR:
            # A doctor's figures are their own; there is nobody else to choose.
            del self.fields["doctor"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.actor.role == Role.DOCTOR and cleaned.get("report_type") in OWN_FIGURES:
            cleaned["doctor"] = self.actor
        return cleaned

    def chosen(self) -> dict[str, Any]:
        """What was chosen, as it is kept with the row."""
        rows = {name: self.cleaned_data.get(name) for name in NARROWED}
        chosen: dict[str, Any] = {f"{name}_id": str(row.pk) for name, row in rows.items() if row}
        # A page does not send an empty box, but `values_seen` always: whoever sends neither wants the comparison.
        if not self.cleaned_data.get("compare") and {"compare", "values_seen"} & set(self.data):
            chosen["compare"] = False
        return chosen


class RequestReportForm(NarrowingForm):
    """Ask for a report; a worker makes it."""

    submit_label = _("Make the report")
    fieldsets: ClassVar[tuple[Any, ...]] = (
        (_("What"), ("report_type", "period", "start_date", "end_date", "compare")),
        (_("Narrowed to"), ("doctor", "department", "insurer")),
        (_("Name"), ("report_name",)),
    )

    period = forms.ChoiceField(label=_("Period"), required=False)
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

    class Meta:
        model = Report
        fields = ["report_type", "start_date", "end_date", "report_name"]

    def __init__(self, *args: Any, schedule: ReportSchedule | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.schedule = schedule
        self.running: Report | None = None
        self.presets = presets(today())
        self.fields["period"] = forms.ChoiceField(
            label=_("Period"),
            required=False,
            choices=[("", _("The days below")), *((name, words) for name, (words, _days) in self.presets.items())],
            widget=forms.Select(attrs={"data-periods": json.dumps(self.dates_of_presets())}),
        )
        self.initial.setdefault("start_date", today().replace(day=1))
        self.initial.setdefault("end_date", today())

    def dates_of_presets(self) -> dict[str, list[str]]:
        """The days of each preset, for the page."""
        return {name: [f"{days.start}", f"{days.end}"] for name, (_words, days) in self.presets.items()}

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
        cleaned = super().clean()
        if preset := self.presets.get(cleaned.get("period") or ""):
            cleaned["start_date"], cleaned["end_date"] = preset[1].start, preset[1].end
        end = cleaned.get("end_date")
        if end and not cleaned.get("start_date") and "start_date" not in self.errors:
            cleaned["start_date"] = end.replace(day=1)
        start = cleaned.get("start_date")
        if start and end and start > end:
            self.add_error("start_date", refuse(_("The start must not be after the end."), code="order"))
        if self.errors or not start or not end:
            return cleaned
        if not cleaned.get("report_name"):
            cleaned["report_name"] = f"{ReportType(cleaned['report_type']).label} {Period(start, end)}"
        self.instance.parameters = self.chosen()
        self.instance.request_key = key_of(cleaned["report_type"], start, end, self.instance.parameters)
        # One request of a person after the other: the second finds the first.
        lock(User(pk=self.actor.pk))
        running = Report.objects.filter(status=ReportStatus.GENERATING, generated_by_user=self.actor)
        self.running = running.filter(request_key=self.instance.request_key).defer("result").first()
        return cleaned

    def save(self, commit: bool = True) -> Any:
        if self.running is not None:
            self.instance, self.already_saved = self.running, True
            return self.running
        self.instance.generated_by_user, self.instance.schedule = self.actor, self.schedule
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
        self.instance.attempts = self.instance.progress = self.instance.rows = 0
        self.instance.stage = self.instance.failure_reason = self.instance.claim = ""
        enqueue(TASK, str(self.instance.pk))


class CancelReportForm(TransitionForm):
    """Stop a report that is being made."""

    permission = "reports.view"
    action = "cancel"
    to = ReportStatus.FAILED
    submit_label = _("Cancel report")
    question = _("Stop making {object}?")
    consequence = _("Nothing of it is kept. It can be made again at any time.")
    danger = True

    class Meta:
        model = Report
        fields: list[str] = []

    def before_save(self) -> None:
        # Without its claim the worker stops, and leaves the row alone.
        self.instance.claim = self.instance.stage = ""
        self.instance.failure_reason = _("Cancelled by %(person)s.") % {"person": self.actor}


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


class ScheduleReportForm(NarrowingForm):
    """Have a report made every day, week or month."""

    submit_label = _("Save the schedule")
    fieldsets: ClassVar[tuple[Any, ...]] = (
        (_("What"), ("report_type", "frequency", "compare")),
        (_("Narrowed to"), ("doctor", "department", "insurer")),
        (_("Name and delivery"), ("report_name", "mailing")),
    )

    class Meta:
        model = ReportSchedule
        fields = ["report_type", "frequency", "report_name", "mailing"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["report_name"].help_text = _("Empty: the type and how often.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        kind = KINDS.get(cleaned.get("report_type", ""))
        if kind and kind.names_patients and cleaned.get("mailing") == Mailing.FILE:
            message = _("This report names patients, so its file is not sent by e-mail: choose the link.")
            self.add_error("mailing", refuse(message, code="patients"))
        if kind and cleaned.get("frequency") and not cleaned.get("report_name"):
            often = {"daily": _("daily"), "weekly": _("weekly"), "monthly": _("monthly")}[cleaned["frequency"]]
            cleaned["report_name"] = f"{ReportType(kind.type).label}, {often}"
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.parameters = self.chosen()
        if self.instance._state.adding:
            self.instance.generated_by_user = self.actor
        self.instance.next_on = next_on(self.instance.frequency, today())
        return super().save(commit)


class EndScheduleForm(DeactivateForm):
    """Stop making a scheduled report."""

    permission = "reports.view"
    submit_label = _("Stop")
    question = _("Stop {object}?")
    consequence = _("It is no longer made. The reports that were made stay, and it can be resumed.")

    class Meta:
        model = ReportSchedule
        fields: list[str] = []


class ResumeScheduleForm(ReactivateForm):
    """Go on making a scheduled report."""

    permission = "reports.view"
    submit_label = _("Resume")
    question = _("Resume {object}?")
    consequence = _("It is made again from its next day on.")

    class Meta:
        model = ReportSchedule
        fields: list[str] = []

    def save(self, commit: bool = True) -> Any:
        self.instance.next_on = next_on(self.instance.frequency, today())
        return super().save(commit)


def key_of(report_type: str, start: Any, end: Any, parameters: dict[str, Any]) -> str:
    """What is asked for, as a digest."""
    text = json.dumps([report_type, str(start), str(end), parameters], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
