"""A patient's problem list, and each doctor's text templates."""

from __future__ import annotations

from typing import Any, Self

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from clinical.models.staff_key import user_key
from healthcare.clock import today
from healthcare.models import BaseModel, BaseQuerySet, enum_constraint
from healthcare.text import LongTextField
from patients.models import Patient
from patients.querysets import PatientRowQuerySet


class ProblemStatus(models.TextChoices):
    """Whether it goes on. Entered in error instead of deleted."""

    ACTIVE = "active", _("Active")
    RESOLVED = "resolved", _("Resolved")
    ENTERED_IN_ERROR = "entered_in_error", _("Entered in error")


class ProblemQuerySet(PatientRowQuerySet):
    """Problems."""

    def current(self) -> Self:
        """Those that go on."""
        return self.filter(status=ProblemStatus.ACTIVE)


class Problem(BaseModel):
    """A condition that goes beyond one visit: in words, with its code where it has one."""

    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="problems", db_index=False
    )
    title = models.CharField(_("problem"), max_length=300)
    code = models.CharField(_("ICD-10 code"), max_length=10, blank=True, default="")
    status = models.CharField(_("status"), max_length=16, choices=ProblemStatus.choices, default=ProblemStatus.ACTIVE)
    since = models.DateField(_("since"), default=today)
    resolved_on = models.DateField(_("resolved on"), null=True, blank=True)
    notes = models.CharField(_("notes"), max_length=500, blank=True, default="")
    noted_by_user = user_key(_("noted by"), "noted_problems")

    objects = ProblemQuerySet.as_manager()

    class Meta:
        db_table = "patient_problems"
        verbose_name = _("problem")
        verbose_name_plural = _("problems")
        ordering = ["status", "-since"]
        constraints = [
            enum_constraint("status", ProblemStatus, "patient_problems"),
            models.UniqueConstraint(
                fields=["patient", "code"],
                condition=models.Q(status="active") & ~models.Q(code=""),
                name="patient_problems_code_once",
                violation_error_message=_("This problem is on the list already."),
            ),
        ]
        indexes = [models.Index(fields=["patient", "status", "since"], name="patient_problems_by_patient")]

    def __str__(self) -> str:
        return f"{self.code} {self.title}".strip()

    @property
    def struck(self) -> bool:
        """Whether it was never true."""
        return self.status == ProblemStatus.ENTERED_IN_ERROR


class TextTemplateQuerySet(BaseQuerySet):
    """Text templates."""

    personal = True

    def visible_to(self, user: Any) -> Self:
        """Everybody's own."""
        return self.filter(owner=user)


class TextTemplate(BaseModel):
    """A doctor's own piece of text, typed as `.name` into the note."""

    SEARCH_FIELDS = ("name", "text")

    owner = user_key(_("doctor"), "text_templates")
    name = models.CharField(
        _("name"),
        max_length=30,
        help_text=_("Typed as .name followed by a space; letters, digits and hyphens."),
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9-]*$", _("Use small letters, digits and hyphens only."))],
    )
    text = LongTextField(_("text"), blank=False)
    is_active = models.BooleanField(_("active"), default=True)

    objects = TextTemplateQuerySet.as_manager()

    class Meta:
        db_table = "text_templates"
        verbose_name = _("text template")
        verbose_name_plural = _("text templates")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"],
                condition=models.Q(is_active=True),
                name="text_templates_name_once",
                violation_error_message=_("You have a template with this name already."),
            )
        ]

    def __str__(self) -> str:
        return f".{self.name}"
