"""One file of patients that an administrator brings in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from healthcare.models import BaseModel, enum_constraint


class ImportStatus(models.TextChoices):
    """First every row is checked; what is good is registered once somebody has looked."""

    CHECKING = "checking", _("Checking")
    CHECKED = "checked", _("Checked")
    IMPORTING = "importing", _("Importing")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")


class PatientImport(BaseModel):
    """A file, how its columns are read, and what became of its rows."""

    SEARCH_FIELDS = ("file_name",)
    #: Machinery's progress, and complaints that quote the rows.
    AUDIT_EXCLUDED = ("line", "counts", "problems", "pass_number")
    TRANSITIONS = {
        ImportStatus.CHECKING: (ImportStatus.CHECKED, ImportStatus.FAILED),
        ImportStatus.CHECKED: (ImportStatus.CHECKING, ImportStatus.IMPORTING),
        ImportStatus.IMPORTING: (ImportStatus.COMPLETED, ImportStatus.FAILED),
        ImportStatus.COMPLETED: (),
        ImportStatus.FAILED: (ImportStatus.CHECKING,),
    }

    file_name = models.CharField(_("file"), max_length=200)
    stored_as = models.CharField(max_length=200, editable=False)
    headings = models.JSONField(_("headings"), default=list)
    #: Field of the registration form -> number of the column.
    fields = models.JSONField(_("columns"), default=dict)
    date_order = models.CharField(_("dates are written as"), max_length=3, default="ymd")
    accept_duplicates = models.BooleanField(_("register likely duplicates too"), default=False)
    status = models.CharField(_("status"), max_length=10, choices=ImportStatus.choices, default=ImportStatus.CHECKING)
    #: The file's line up to which this pass has come; each pass over the file has a number of its own.
    line = models.PositiveIntegerField(_("lines so far"), default=0)
    pass_number = models.PositiveIntegerField(default=1, editable=False)
    counts = models.JSONField(_("rows"), default=dict)
    problems = models.JSONField(_("problems"), default=list)
    created_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("brought in by"),
        on_delete=models.PROTECT,
        related_name="patient_imports",
    )

    class Meta:
        db_table = "patient_imports"
        verbose_name = _("patient import")
        verbose_name_plural = _("patient imports")
        constraints = [enum_constraint("status", ImportStatus, "patient_imports")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def dates_shown(self) -> Any:
        """How the file's dates are read, in words."""
        from patients.imports.columns import DATE_ORDERS

        return dict(DATE_ORDERS).get(self.date_order, self.date_order)

    @property
    def good(self) -> int:
        """Rows that are, or would be, registered."""
        return int(self.counts.get("good", 0))

    @property
    def known(self) -> int:
        """Rows that an earlier run registered."""
        return int(self.counts.get("known", 0))

    @property
    def duplicate(self) -> int:
        """Rows about somebody who is registered already, as it seems."""
        return int(self.counts.get("duplicate", 0))

    @property
    def wrong(self) -> int:
        """Rows that cannot be registered."""
        return int(self.counts.get("wrong", 0))
