"""Pages of reports: the list, the figures on the screen, the files."""

from __future__ import annotations

from typing import Any

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from healthcare.events import record
from healthcare.generic import Action, ActionPage, Column, CreatePage, DetailPage, EditPage, ListPage, Section
from healthcare.generic.base import Page
from reporting import documents, forms
from reporting.charts import drawings
from reporting.figures import for_template
from reporting.filters import ReportFilter
from reporting.models import Report, ReportStatus


def is_completed(report: Report) -> bool:
    """Whether there are files to download."""
    return report.status == ReportStatus.COMPLETED


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
            when=is_completed,
            query=lambda report: "?format=pdf",
        ),
        Action(
            _("Excel"),
            "report_download",
            icon="file-earmark-spreadsheet",
            when=is_completed,
            query=lambda report: "?format=xlsx",
        ),
        Action(_("Make again"), "report_regenerate", form=forms.RegenerateReportForm, icon="arrow-repeat"),
        Action(_("Rename"), "report_edit", form=forms.RenameReportForm, icon="pencil"),
        Action(_("Delete"), "report_delete", form=forms.HideReportForm, style="danger", icon="trash"),
        Action(_("Restore"), "report_reactivate", form=forms.RestoreReportForm),
    )

    def get_queryset(self) -> Any:
        return Report.objects.select_related("generated_by_user")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.headers.get("HX-Request"):
            return super().get(request, *args, **kwargs)
        # The page asks how far it is; nothing of the figures leaves here, so nothing is audited.
        self.object = self.get_object()
        if self.object.status != ReportStatus.GENERATING:
            return HttpResponse(headers={"HX-Refresh": "true"})
        self.template_name = "reporting/_progress.html"
        return self.render_to_response({"object": self.object})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        ready = is_completed(self.object) and self.object.result
        return super().get_context_data(
            generating=self.object.status == ReportStatus.GENERATING,
            figures=for_template(self.object.result) if ready else None,
            charts=drawings(self.object.result["charts"]) if ready else [],
            **kwargs,
        )


class ReportCreate(CreatePage):
    """Ask for a report."""

    permission = "reports.view"
    model = Report
    form_class = forms.RequestReportForm
    success_message = _("The report is being made.")

    def get_initial(self) -> dict[str, Any]:
        return {"report_type": self.request.GET.get("report_type", "")}


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
        if extension not in documents.CONTENT_TYPES or not is_completed(report):
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
