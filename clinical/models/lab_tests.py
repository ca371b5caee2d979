"""Lab tests, from the order to the reviewed result."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinical import lab_catalogue
from clinical.models.consultations import Consultation
from clinical.models.staff_key import user_key
from clinical.reference_ranges import is_abnormal
from departments.models import User
from healthcare.clock import now
from healthcare.models import BaseModel, enum_constraint
from healthcare.roles import Role, may
from healthcare.templatetags.display import status_label
from healthcare.text import LongTextField
from patients.models import Patient
from patients.querysets import PatientRowQuerySet


class LabTestStatus(models.TextChoices):
    """As in the source specification."""

    ORDERED = "ordered", _("Ordered")
    SAMPLE_COLLECTED = "sample_collected", _("Sample Collected")
    IN_PROGRESS = "in_progress", _("In Progress")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")


L = LabTestStatus

#: Critical, abnormal, not compared (which may be anything), normal; the highest first.
URGENCY = models.Case(
    models.When(is_critical=True, then=3),
    models.When(is_abnormal=True, then=2),
    models.When(is_abnormal=None, then=1),
    default=0,
)


class LabTestQuerySet(PatientRowQuerySet):
    """Lab tests."""

    def visible_to(self, user: Any) -> Self:
        """Nurses see the open worklist; results are for doctors and administrators."""
        if user.role == Role.NURSE:
            return self.exclude(status__in=(L.COMPLETED, L.CANCELLED))
        return self

    def unreviewed(self) -> Self:
        """Completed and not yet seen by a doctor."""
        return self.filter(status=L.COMPLETED, reviewed_at__isnull=True)

    def inbox_of(self, doctor: Any) -> Self:
        """What this doctor has to review: what they ordered, and what somebody did who is no doctor here any more."""
        gone = User.objects.gone().order_by().values_list("pk", flat=True)
        return self.unreviewed().filter(ordered_by_doctor__in={doctor.pk, *gone})


class LabTest(BaseModel):
    """A laboratory test, from the order to the reviewed result."""

    #: RULE-LAB-1.
    TRANSITIONS = {
        L.ORDERED: (L.SAMPLE_COLLECTED, L.CANCELLED),
        L.SAMPLE_COLLECTED: (L.IN_PROGRESS, L.CANCELLED),
        L.IN_PROGRESS: (L.COMPLETED, L.CANCELLED),
        L.COMPLETED: (),
        L.CANCELLED: (),
    }
    SEARCH_FIELDS = ("test_name",)

    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="lab_tests", db_index=False
    )
    consultation = models.ForeignKey(
        Consultation,
        verbose_name=_("consultation"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="lab_tests",
    )
    ordered_by_doctor = user_key(_("ordered by"), "ordered_lab_tests")
    test_name = models.CharField(_("test"), max_length=200)
    test_type = models.CharField(_("type"), max_length=100, blank=True, default="")
    ordered_date = models.DateTimeField(_("ordered at"), default=now)
    sample_collected_date = models.DateTimeField(_("sample collected at"), null=True, blank=True)
    result_date = models.DateTimeField(_("result at"), null=True, blank=True)
    result_value = models.CharField(_("result"), max_length=500, blank=True, default="")
    result_unit = models.CharField(_("unit"), max_length=50, blank=True, default="")
    reference_range = models.CharField(_("reference range"), max_length=100, blank=True, default="")
    status = models.CharField(_("status"), max_length=20, choices=LabTestStatus.choices, default=L.ORDERED)
    notes = LongTextField(_("notes"))
    is_abnormal = models.BooleanField(_("abnormal"), null=True, blank=True)
    #: Beyond the limits at which somebody must be told at once.
    is_critical = models.BooleanField(_("critical"), default=False)
    reviewed_at = models.DateTimeField(_("reviewed at"), null=True, blank=True)
    reviewed_by_user = user_key(_("reviewed by"), "reviewed_lab_tests", null=True, blank=True)
    review_comment = models.CharField(_("review comment"), max_length=1000, blank=True, default="")
    cancellation_reason = models.CharField(_("reason for cancelling"), max_length=500, blank=True, default="")

    objects = LabTestQuerySet.as_manager()

    class Meta:
        db_table = "lab_tests"
        verbose_name = _("lab test")
        verbose_name_plural = _("lab tests")
        constraints = [
            enum_constraint("status", LabTestStatus, "lab_tests"),
            models.CheckConstraint(
                condition=~models.Q(status=L.COMPLETED) | ~models.Q(result_value=""),
                name="lab_tests_completed_has_value",
                violation_error_message=_("A completed test needs a result."),
            ),
            models.CheckConstraint(
                condition=models.Q(result_value="") | models.Q(sample_collected_date__isnull=False),
                name="lab_tests_result_after_sample",
                violation_error_message=_("No result before a sample."),
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "ordered_date"], name="lab_tests_by_patient"),
            models.Index(fields=["status", "ordered_date"], name="lab_tests_by_status"),
            models.Index(fields=["ordered_date", "id"], name="lab_tests_newest"),
            # Without the status in its condition: SQLite cannot use that where the status is a parameter.
            models.Index(
                fields=["ordered_by_doctor", "status"],
                name="lab_tests_unreviewed",
                condition=models.Q(reviewed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.test_name

    @staticmethod
    def results_visible_to(user: Any) -> bool:
        """Whether this person may see results, not only the worklist."""
        return may(user, "lab_tests.results")

    #: What a result consists of; corrected together, and kept together as a version.
    RESULT = ("result_value", "result_unit", "reference_range", "is_abnormal", "is_critical", "result_date")
    #: What a review leaves behind.
    REVIEW = ("reviewed_at", "reviewed_by_user", "review_comment")

    def judge(self) -> None:
        """Flag the result by its range and by the critical limits."""
        self.is_abnormal = is_abnormal(self.result_value, self.reference_range, self.result_unit)
        self.is_critical = lab_catalogue.is_critical(self.test_name, self.result_value, self.result_unit)
        if self.is_critical:
            self.is_abnormal = True

    @property
    def waiting_hours(self) -> int:
        """How long a completed result has waited for its doctor."""
        return int((now() - self.result_date).total_seconds() // 3600) if self.result_date else 0

    @property
    def waiting(self) -> str:
        """The same in words, for the inbox."""
        if self.status != L.COMPLETED or self.reviewed_at is not None:
            return ""
        hours = self.waiting_hours
        return _("%(days)s d") % {"days": hours // 24} if hours >= 48 else _("%(hours)s h") % {"hours": hours}

    @property
    def result(self) -> str:
        """Value and unit, as shown in lists."""
        return f"{self.result_value} {self.result_unit}".strip() if self.result_value else ""

    @property
    def finding(self) -> str:
        """What there is to review: `7.4 mmol/L (3.5-5), critical`."""
        compared = f"{self.result} ({self.reference_range})" if self.reference_range else self.result
        return ", ".join(filter(None, (compared, str(status_label(self.flag)).lower())))

    @property
    def flag(self) -> str:
        """critical, abnormal or normal, as shown; not_compared where there is a range and it could not be told."""
        if self.is_critical:
            return "critical"
        unknown = "not_compared" if self.result_value and self.reference_range else ""
        return {True: "abnormal", False: "normal", None: unknown}[self.is_abnormal]


class LabResultVersion(BaseModel):
    """A result as it was before a correction: value, flag and review, with the reason; never changed."""

    lab_test = models.ForeignKey(
        LabTest, verbose_name=_("lab test"), on_delete=models.PROTECT, related_name="result_versions"
    )
    result_value = models.CharField(_("result"), max_length=500)
    result_unit = models.CharField(_("unit"), max_length=50, blank=True, default="")
    reference_range = models.CharField(_("reference range"), max_length=100, blank=True, default="")
    is_abnormal = models.BooleanField(_("abnormal"), null=True, blank=True)
    is_critical = models.BooleanField(_("critical"), default=False)
    result_date = models.DateTimeField(_("result at"), null=True, blank=True)
    reviewed_at = models.DateTimeField(_("reviewed at"), null=True, blank=True)
    reviewed_by_user = user_key(_("reviewed by"), "reviewed_result_versions", null=True, blank=True)
    review_comment = models.CharField(_("review comment"), max_length=1000, blank=True, default="")
    corrected_by_user = user_key(_("corrected by"), "corrected_results")
    reason = models.CharField(_("reason for the correction"), max_length=500)

    class Meta:
        db_table = "lab_result_versions"
        verbose_name = _("earlier result")
        verbose_name_plural = _("earlier results")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.lab_test}: {self.result_value} {self.result_unit}".strip()

    def patient_of_row(self) -> Any:
        return self.lab_test.patient_id if self.lab_test_id else None

    def get_absolute_url(self) -> str:
        """The test, where its earlier results are listed."""
        return self.lab_test.get_absolute_url()
