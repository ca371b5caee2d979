"""Two charts of one person, made one."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from healthcare.models import BaseModel, BaseQuerySet
from patients.models.patient import Patient


class PatientMergeQuerySet(BaseQuerySet):
    """Merges."""

    def in_force(self) -> Self:
        """Those that were not undone."""
        return self.filter(undone_at__isnull=True)

    def former_numbers(self, patients: list[Any]) -> dict[Any, set[str]]:
        """Patient's key -> the numbers of the charts that were merged into theirs, also by way of others."""
        #: Chart -> the asked ones in which it has ended.
        into: dict[Any, set[Any]] = {patient.pk: {patient.pk} for patient in patients}
        found: dict[Any, set[str]] = {}
        level = set(into)
        while level:
            rows = self.in_force().filter(kept__in=level).values_list("kept_id", "merged_id", "merged__patient_number")
            level = set()
            for kept, merged, number in rows:
                for asked in into[kept]:
                    found.setdefault(asked, set()).add(number)
                into.setdefault(merged, set()).update(into[kept])
                level.add(merged)
        return found


class PatientMerge(BaseModel):
    """Two charts that are one person's: which was kept, and what it takes to part them again."""

    AUDIT_EXCLUDED = ("undo_data", "moving")

    kept = models.ForeignKey(Patient, verbose_name=_("kept"), on_delete=models.PROTECT, related_name="merges")
    merged = models.ForeignKey(Patient, verbose_name=_("merged"), on_delete=models.PROTECT, related_name="merged_into")
    reason = models.CharField(_("why they are one person"), max_length=500)
    merged_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("merged by"), on_delete=models.PROTECT, related_name="patient_merges"
    )
    #: True only within the transaction that moves the rows: see `patients.guards`.
    moving = models.BooleanField(default=False, editable=False)
    #: Keys of what was moved, and what was filled in and joined.
    undo_data = models.JSONField(default=dict, editable=False)
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)
    undo_reason = models.CharField(_("why they are two people"), max_length=500, blank=True, default="")

    objects = PatientMergeQuerySet.as_manager()

    class Meta:
        db_table = "patient_merges"
        verbose_name = _("merge of charts")
        verbose_name_plural = _("merges of charts")
        constraints = [
            models.UniqueConstraint(
                fields=["merged"],
                condition=models.Q(undone_at__isnull=True),
                name="patient_merges_once",
                violation_error_message=_("This chart is merged already."),
            ),
            models.CheckConstraint(
                condition=~models.Q(kept=models.F("merged")),
                name="patient_merges_two",
                violation_error_message=_("This is the same chart already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merged.search_label} → {self.kept.search_label}"

    def patient_of_row(self) -> Any:
        return self.kept_id
