"""Requested reports and their files."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from healthcare.models import BaseModel, BaseQuerySet, enum_constraint
from healthcare.roles import Role, may

#: A report whose worker died so often is given up.
MAX_ATTEMPTS = 3


class ReportType(models.TextChoices):
    """As in the source specification."""

    PATIENT_STATISTICS = "patient_statistics", _("Patient Statistics")
    REVENUE = "revenue", _("Revenue")
    APPOINTMENT_SUMMARY = "appointment_summary", _("Appointment Summary")
    SERVICE_UTILIZATION = "service_utilization", _("Service Utilization")
    DOCTOR_PERFORMANCE = "doctor_performance", _("Doctor Performance")
    BILLING_SUMMARY = "billing_summary", _("Billing Summary")
    OPERATIONAL_METRICS = "operational_metrics", _("Operational Metrics")


#: Of these a doctor sees only what is their own.
OWN_FIGURES = (ReportType.APPOINTMENT_SUMMARY, ReportType.DOCTOR_PERFORMANCE)


class ReportStatus(models.TextChoices):
    """As in the source specification."""

    GENERATING = "generating", _("Generating")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")


class Frequency(models.TextChoices):
    """How often a scheduled report is made, and of what."""

    DAILY = "daily", _("Daily, of the day before")
    WEEKLY = "weekly", _("Weekly on Monday, of the week before")
    MONTHLY = "monthly", _("Monthly on the 1st, of the month before")


class Mailing(models.TextChoices):
    """What is sent when a scheduled report is ready."""

    NONE = "none", _("No e-mail")
    LINK = "link", _("A link to the report")
    FILE = "file", _("The PDF itself")


class ReportScheduleQuerySet(BaseQuerySet):
    """Schedules of reports."""

    personal = True

    def visible_to(self, user: Any) -> Self:
        """Administrators see all, everybody else their own, of the types that their role may ask for today."""
        if user.role == Role.ADMINISTRATOR:
            return self
        types = [value for value in ReportType.values if may(user, f"reports.{value}")]
        return self.filter(generated_by_user=user, report_type__in=types)


class ReportQuerySet(ReportScheduleQuerySet):
    """Reports."""

    def visible_to(self, user: Any) -> Self:
        """Whoever asked in another role and is a doctor now does not see their colleagues' figures any more."""
        rows = super().visible_to(user)
        if user.role != Role.DOCTOR:
            return rows
        return rows.filter(~models.Q(report_type__in=OWN_FIGURES) | models.Q(parameters__doctor_id=str(user.pk)))


class ReportSchedule(BaseModel):
    """A report that is asked for anew every day, week or month, in the name of the person who set it up."""

    SEARCH_FIELDS = ("report_name",)
    #: The machinery's own column.
    AUDIT_EXCLUDED = ("next_on",)

    report_name = models.CharField(_("name"), max_length=200)
    report_type = models.CharField(_("type"), max_length=32, choices=ReportType.choices)
    frequency = models.CharField(_("how often"), max_length=8, choices=Frequency.choices, default=Frequency.WEEKLY)
    mailing = models.CharField(_("e-mail"), max_length=8, choices=Mailing.choices, default=Mailing.LINK)
    parameters = models.JSONField(_("parameters"), null=True, blank=True, encoder=DjangoJSONEncoder)
    generated_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("for"), on_delete=models.PROTECT, related_name="report_schedules"
    )
    next_on = models.DateField(_("next on"))
    is_active = models.BooleanField(_("active"), default=True)

    objects = ReportScheduleQuerySet.as_manager()

    class Meta:
        db_table = "report_schedules"
        verbose_name = _("report schedule")
        verbose_name_plural = _("report schedules")
        constraints = [
            enum_constraint("report_type", ReportType, "report_schedules"),
            enum_constraint("frequency", Frequency, "report_schedules"),
            enum_constraint("mailing", Mailing, "report_schedules"),
        ]
        indexes = [models.Index(fields=["next_on"], name="report_schedules_due", condition=models.Q(is_active=True))]

    def __str__(self) -> str:
        return self.report_name


class Report(BaseModel):
    """One request for a report, made into PDF and Excel by the worker."""

    SEARCH_FIELDS = ("report_name",)
    #: The machinery's own columns; the figures are in the report itself.
    AUDIT_EXCLUDED = ("attempts", "progress", "stage", "rows", "claim", "request_key", "result")
    TRANSITIONS = {
        ReportStatus.GENERATING: (ReportStatus.COMPLETED, ReportStatus.FAILED),
        ReportStatus.COMPLETED: (ReportStatus.GENERATING,),
        ReportStatus.FAILED: (ReportStatus.GENERATING,),
    }

    report_name = models.CharField(_("name"), max_length=200)
    report_type = models.CharField(_("type"), max_length=32, choices=ReportType.choices)
    generated_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("requested by"),
        on_delete=models.PROTECT,
        related_name="reports",
        db_index=False,
    )
    start_date = models.DateField(_("from"), null=True, blank=True)
    end_date = models.DateField(_("to"), null=True, blank=True)
    parameters = models.JSONField(_("parameters"), null=True, blank=True, encoder=DjangoJSONEncoder)
    file_path = models.CharField(_("file"), max_length=500, blank=True, default="")
    status = models.CharField(_("status"), max_length=12, choices=ReportStatus.choices, default=ReportStatus.GENERATING)
    generated_at = models.DateTimeField(_("generated at"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    progress = models.PositiveSmallIntegerField(_("progress (%)"), default=0)
    stage = models.CharField(_("stage"), max_length=100, blank=True, default="")
    rows = models.PositiveIntegerField(_("rows"), default=0)
    #: Of the worker that makes it: whoever does not hold it any more leaves the report alone.
    claim = models.CharField(max_length=36, blank=True, default="", editable=False)
    #: What was asked for, as a digest: the same is not made twice at once.
    request_key = models.CharField(max_length=64, blank=True, default="", editable=False)
    schedule = models.ForeignKey(
        ReportSchedule,
        verbose_name=_("schedule"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="reports",
    )
    failure_reason = models.CharField(_("reason of the failure"), max_length=500, blank=True, default="")
    #: The figures as computed, for the screen; PDF and Excel are made of the same.
    result = models.JSONField(_("figures"), null=True, blank=True, encoder=DjangoJSONEncoder)

    #: "Deleted" means hidden (FND-6): a figure that somebody has acted on can still be looked up.
    is_active = models.BooleanField(_("active"), default=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        db_table = "reports"
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [
            enum_constraint("report_type", ReportType, "reports"),
            enum_constraint("status", ReportStatus, "reports"),
            models.CheckConstraint(
                condition=models.Q(start_date__isnull=True)
                | models.Q(end_date__isnull=True)
                | models.Q(start_date__lte=models.F("end_date")),
                name="reports_start_before_end",
                violation_error_message=_("The start must not be after the end."),
            ),
            models.UniqueConstraint(
                fields=["generated_by_user", "request_key"],
                condition=models.Q(status=ReportStatus.GENERATING) & ~models.Q(request_key=""),
                name="reports_once_at_a_time",
                violation_error_message=_("The same report is being made already."),
            ),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="reports_newest"),
            models.Index(fields=["generated_by_user", "created_at"], name="reports_by_user"),
            models.Index(
                fields=["updated_at"], name="reports_unfinished", condition=models.Q(status=ReportStatus.GENERATING)
            ),
        ]

    def __str__(self) -> str:
        return self.report_name

    @property
    def has_files(self) -> bool:
        """Whether there is something to download: made, and not yet removed for its age."""
        return self.status == ReportStatus.COMPLETED and bool(self.file_path)

    def narrowed_by(self) -> list[str]:
        """What the report was narrowed by, in words; known once it was made."""
        return [f"{label}: {value}" for label, value in (self.result or {}).get("narrowed", [])]
