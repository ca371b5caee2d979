"""Pages of reports: the list, the figures on the screen, the files."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from healthcare.events import record
from healthcare.generic import Action, ActionPage, Column, CreatePage, DetailPage, EditPage, ListPage, Related, Section
from healthcare.generic.base import Page
from reporting import documents, forms
from reporting.charts import on_screen
from reporting.figures import for_template
from reporting.filters import ReportFilter
from reporting.models import Report, ReportSchedule, ReportStatus

#: What is left out where there is nothing to say.
SELDOM = frozenset({"narrowed_by", "schedule", "failure_reason"})


def has_files(report: Report) -> bool:
    """Whether there are files to download."""
    return report.has_files


def same_again(report: Report) -> str:
    """The form for a new report, filled in as this one was."""
    known = report.parameters or {}
    query = {"report_type": report.report_type, "start_date": report.start_date, "end_date": report.end_date}
    query |= {name: known[f"{name}_id"] for name in forms.NARROWED if f"{name}_id" in known}
    if known.get("compare") is False:
        query["compare"] = ""  # an empty box
    return "?" + urlencode(query)


class ReportList(ListPage):
    """One's own reports; administrators see everybody's."""

    permission = "reports.view"
    create_permission = "reports.view"
    model = Report
    filterset_class = ReportFilter
    select_related = ("generated_by_user",)
    columns = (
        Column("report_name", ordering="report_name"),
        Column("report_type"),
        Column("start_date"),
        Column("end_date"),
        Column("status"),
        Column("generated_by_user", permission="users.view"),
        Column("created_at", _("Requested at"), ordering="created_at"),
    )
    empty_title = _("No reports yet")
    empty_text = _("Choose a type and dates; it is ready within seconds.")
    template_name = "reporting/report_list.html"

    def get_queryset(self) -> Any:
        return Report.objects.defer("result")


class ReportDetail(DetailPage):
    """A report: its progress while it is made, then its figures."""

    permission = "reports.view"
    model = Report
    template_name = "reporting/report_detail.html"
    status_field = "status"
    sections = (
        Section(
            "",
            (
                "report_type",
                "start_date",
                "end_date",
                ("narrowed_by", _("Narrowed to")),
                "generated_by_user",
                "generated_at",
                "schedule",
                "failure_reason",
            ),
        ),
    )
    actions = (
        Action(
            _("PDF"),
            "report_download",
            style="primary",
            icon="file-earmark-pdf",
            when=has_files,
            query=lambda report: "?format=pdf",
        ),
        Action(
            _("Excel"),
            "report_download",
            icon="file-earmark-spreadsheet",
            when=has_files,
            query=lambda report: "?format=xlsx",
        ),
        Action(_("Cancel report"), "report_cancel", form=forms.CancelReportForm, style="danger", icon="x-octagon"),
        Action(_("Change filters"), "report_create", icon="funnel", keyed=False, query=same_again),
        Action(_("Make again"), "report_regenerate", form=forms.RegenerateReportForm, icon="arrow-repeat"),
        Action(_("Rename"), "report_edit", form=forms.RenameReportForm, icon="pencil"),
        Action(_("Delete"), "report_delete", form=forms.HideReportForm, style="danger", icon="trash"),
        Action(_("Restore"), "report_reactivate", form=forms.RestoreReportForm),
    )

    def get_queryset(self) -> Any:
        return Report.objects.select_related("generated_by_user", "schedule")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.headers.get("HX-Request"):
            return super().get(request, *args, **kwargs)
        # The page asks how far it is; nothing of the figures leaves here, so nothing is audited.
        self.object = self.get_object()
        if self.object.status != ReportStatus.GENERATING:
            return HttpResponse(headers={"HX-Refresh": "true"})
        self.template_name = "reporting/_progress.html"
        return self.render_to_response({"object": self.object})

    def section_context(self, section: Section) -> dict[str, Any]:
        shown = super().section_context(section)
        return shown | {"rows": [row for row in shown["rows"] if row["value"] or row["name"] not in SELDOM]}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        ready = self.object.status == ReportStatus.COMPLETED and self.object.result
        return super().get_context_data(
            generating=self.object.status == ReportStatus.GENERATING,
            figures=on_screen(for_template(self.object.result)) if ready else None,
            expired=bool(ready) and not self.object.has_files,
            **kwargs,
        )


class ReportCreate(CreatePage):
    """Ask for a report."""

    permission = "reports.view"
    model = Report
    form_class = forms.RequestReportForm
    template_name = "reporting/report_form.html"
    success_message = _("The report is being made.")

    def get_initial(self) -> dict[str, Any]:
        names = ("report_type", "start_date", "end_date", "compare", *forms.NARROWED)
        return {name: self.request.GET[name] for name in names if name in self.request.GET}


class ReportEdit(EditPage):
    """Rename a report."""

    permission = "reports.view"
    model = Report
    form_class = forms.RenameReportForm
    page_title = _("Rename report")


class ReportRegenerate(ActionPage):
    """Make a report again."""

    permission = "reports.view"
    model = Report
    form_class = forms.RegenerateReportForm
    success_message = _("The report is being made.")


class ReportCancel(ActionPage):
    """Stop a report that is being made."""

    permission = "reports.view"
    model = Report
    form_class = forms.CancelReportForm
    success_message = _("The report was cancelled.")


class ReportDelete(ActionPage):
    """Hide a report."""

    permission = "reports.view"
    model = Report
    form_class = forms.HideReportForm
    success_message = _("Deleted from the list.")

    def get_success_url(self, form: Any) -> str:
        return reverse("report_list")


class ReportReactivate(ActionPage):
    """Bring a hidden report back."""

    permission = "reports.view"
    model = Report
    form_class = forms.RestoreReportForm


class ReportDownload(Page):
    """A report's file, `?format=pdf` or `xlsx`."""

    permission = "reports.view"
    model = Report

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        report = self.get_object()
        extension = request.GET.get("format", "pdf")
        if extension not in documents.CONTENT_TYPES or not report.has_files:
            raise Http404
        path = documents.path_of(report, extension)
        if not default_storage.exists(path):
            raise Http404
        record("download", report, values={"format": extension})
        return FileResponse(
            default_storage.open(path),
            as_attachment=True,
            filename=f"{report.report_type}-{report.start_date}-{report.end_date}.{extension}",
            content_type=documents.CONTENT_TYPES[extension],
        )


class ReportScheduleList(ListPage):
    """Reports that are made again and again: one's own; administrators see everybody's."""

    permission = "reports.view"
    create_permission = "reports.view"
    model = ReportSchedule
    ordering = ("report_name",)
    select_related = ("generated_by_user",)
    columns = (
        Column("report_name", ordering="report_name"),
        Column("report_type"),
        Column("frequency"),
        Column("mailing"),
        Column("next_on", ordering="next_on"),
        Column("generated_by_user", permission="users.view"),
    )
    empty_title = _("No schedules yet")
    empty_text = _("A report can be made every day, week or month, and sent by e-mail.")


class ReportScheduleDetail(DetailPage):
    """A schedule, and the reports that it made."""

    permission = "reports.view"
    model = ReportSchedule
    sections = (Section("", ("report_type", "frequency", "mailing", "generated_by_user", "next_on")),)
    related = (
        Related(
            _("Reports"),
            lambda schedule, user: schedule.reports.visible_to(user).active().defer("result").order_by("-created_at"),
            (Column("report_name"), Column("start_date"), Column("end_date"), Column("status")),
            empty=_("None was made yet."),
        ),
    )
    actions = (
        Action(_("Edit"), "report_schedule_edit", permission="reports.view", icon="pencil"),
        Action(_("Stop"), "report_schedule_delete", form=forms.EndScheduleForm, style="danger", icon="stop-circle"),
        Action(_("Resume"), "report_schedule_reactivate", form=forms.ResumeScheduleForm, icon="play-circle"),
    )


class ReportScheduleCreate(CreatePage):
    """Have a report made again and again."""

    permission = "reports.view"
    model = ReportSchedule
    form_class = forms.ScheduleReportForm


class ReportScheduleEdit(EditPage):
    """Change a schedule."""

    permission = "reports.view"
    model = ReportSchedule
    form_class = forms.ScheduleReportForm


class ReportScheduleDelete(ActionPage):
    """Stop a schedule."""

    permission = "reports.view"
    model = ReportSchedule
    form_class = forms.EndScheduleForm


class ReportScheduleReactivate(ActionPage):
    """Resume a schedule."""

    permission = "reports.view"
    model = ReportSchedule
    form_class = forms.ResumeScheduleForm
