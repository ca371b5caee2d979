"""The daily cash close: what an officer should hold, what was counted, and who looked at it (BYD-6)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from healthcare.models import BaseModel, BaseQuerySet, enum_constraint
from healthcare.money import ZERO, MoneyField
from healthcare.text import LongTextField


class CashCloseStatus(models.TextChoices):
    """Counted by the officer, then signed off or sent back by somebody else."""

    COUNTED = "counted", _("Counted")
    SIGNED_OFF = "signed_off", _("Signed off")
    REJECTED = "rejected", _("Rejected")


class CashClose(BaseModel):
    """One officer's takings from the last close to the moment of counting."""

    TRANSITIONS = {
        CashCloseStatus.COUNTED: (CashCloseStatus.SIGNED_OFF, CashCloseStatus.REJECTED),
        CashCloseStatus.SIGNED_OFF: (),
        CashCloseStatus.REJECTED: (),
    }
    SEARCH_FIELDS = ("officer__last_name", "officer__first_name")

    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("officer"),
        on_delete=models.PROTECT,
        related_name="cash_closes",
        db_index=False,
    )
    business_date = models.DateField(_("day"))
    #: What was entered from the one moment on, until before the other.
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("counted at"))
    opening_float = MoneyField(_("cash float"), default=ZERO)
    #: Amounts by method, as text with two places; and pieces by value of note or coin.
    expected = models.JSONField(_("expected by method"), default=dict)
    counted = models.JSONField(_("counted by method"), default=dict)
    denominations = models.JSONField(_("notes and coins"), default=dict)
    expected_total = MoneyField(_("expected"))
    counted_total = MoneyField(_("counted"))
    variance = MoneyField(_("variance"))
    explanation = LongTextField(_("explanation"))
    status = models.CharField(
        _("status"), max_length=12, choices=CashCloseStatus.choices, default=CashCloseStatus.COUNTED
    )
    second_person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("second person"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reviewed_cash_closes",
    )
    reviewed_at = models.DateTimeField(_("reviewed at"), null=True, blank=True)
    review_note = models.CharField(_("remark"), max_length=500, blank=True, default="")

    objects = BaseQuerySet.as_manager()

    class Meta:
        db_table = "cash_closes"
        verbose_name = _("cash close")
        verbose_name_plural = _("cash closes")
        constraints = [
            enum_constraint("status", CashCloseStatus, "cash_closes"),
            models.CheckConstraint(
                condition=models.Q(variance=0) | ~models.Q(explanation=""),
                name="cash_closes_variance_explained",
                violation_error_message=_("Explain the difference."),
            ),
            models.CheckConstraint(
                condition=models.Q(status=CashCloseStatus.COUNTED, second_person__isnull=True)
                | ~models.Q(status=CashCloseStatus.COUNTED) & ~models.Q(second_person=models.F("officer")),
                name="cash_closes_second_person",
                violation_error_message=_("Somebody else than the officer signs off."),
            ),
            models.CheckConstraint(
                condition=models.Q(status=CashCloseStatus.COUNTED) | models.Q(second_person__isnull=False),
                name="cash_closes_reviewed_by_somebody",
                violation_error_message=_("Somebody signs off."),
            ),
            models.UniqueConstraint(
                fields=["officer", "starts_at"],
                condition=~models.Q(status="rejected"),
                name="cash_closes_follow_each_other",
                violation_error_message=_("This was counted already."),
            ),
        ]
        indexes = [
            models.Index(fields=["business_date", "id"], name="cash_closes_newest"),
            models.Index(fields=["officer", "ends_at"], name="cash_closes_by_officer"),
        ]

    def __str__(self) -> str:
        return f"{self.officer} {self.business_date}"

    @property
    def is_final(self) -> bool:
        """Whether nothing can change any more."""
        return self.status != CashCloseStatus.COUNTED

    def patient_of_row(self) -> Any:
        return None
