"""Reports in the Django admin."""

from django.contrib import admin

from healthcare.admin_site import ClinicAdmin
from reporting.forms import HideReportForm, RenameReportForm, RestoreReportForm, ScheduleReportForm
from reporting.models import Report, ReportSchedule


@admin.register(Report)
class ReportAdmin(ClinicAdmin):
    """Reports; they are asked for on the clinic's own pages."""

    change_form = RenameReportForm
    list_display = ("report_name", "report_type", "status", "generated_by_user", "created_at")
    list_filter = ("report_type", "status", "is_active")
    search_fields = ("report_name",)
    row_forms = (HideReportForm, RestoreReportForm)


@admin.register(ReportSchedule)
class ReportScheduleAdmin(ClinicAdmin):
    """Reports that are made again and again."""

    change_form = ScheduleReportForm
    list_display = ("report_name", "report_type", "frequency", "generated_by_user", "next_on", "is_active")
    list_filter = ("report_type", "frequency", "is_active")
    search_fields = ("report_name",)
