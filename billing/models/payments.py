"""Money received for invoices."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.invoices import Invoice
from healthcare.clock import now
from healthcare.models import BaseModel, BaseQuerySet, enum_constraint
from healthcare.money import ZERO, MoneyField, cents
from healthcare.text import LongTextField
from patients.models import Patient


class PaymentMethod(models.TextChoices):
    """As in the source specification."""

    CASH = "cash", _("Cash")
    CREDIT_CARD = "credit_card", _("Credit Card")
    DEBIT_CARD = "debit_card", _("Debit Card")
    INSURANCE = "insurance", _("Insurance")
    BANK_TRANSFER = "bank_transfer", _("Bank Transfer")
    CHEQUE = "cheque", _("Cheque")
    OTHER = "other", _("Other")


class PaymentQuerySet(BaseQuerySet):
    """Payments."""

    def live(self) -> Self:
        """Those not voided: what was really collected."""
        return self.filter(voided_at__isnull=True)

    def search(self, text: str) -> Self:
        """By its reference, or by whatever finds its invoice."""
        invoices = Invoice.objects.search(text).order_by().values("pk")
        return self.filter(models.Q(transaction_reference__icontains=text) | models.Q(invoice__in=invoices))

    def total(self) -> Decimal:
        """The sum of the amounts, at cents."""
        return cents(self.aggregate(total=models.Sum("amount"))["total"] or ZERO)


class Payment(BaseModel):
    """Money received for an invoice; voided with a reason, never edited or deleted."""

    SEARCH_FIELDS = ("transaction_reference",)

    invoice = models.ForeignKey(Invoice, verbose_name=_("invoice"), on_delete=models.PROTECT, related_name="payments")
    patient = models.ForeignKey(Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="payments")
    payment_date = models.DateTimeField(_("paid at"), default=now)
    amount = MoneyField(_("amount"))
    payment_method = models.CharField(_("method"), max_length=16, choices=PaymentMethod.choices)
    transaction_reference = models.CharField(_("reference"), max_length=100, blank=True, default="")
    notes = LongTextField(_("notes"))
    processed_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("processed by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="processed_payments",
    )
    voided_at = models.DateTimeField(_("voided at"), null=True, blank=True)
    voided_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("voided by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="voided_payments",
    )
    void_reason = models.CharField(_("reason for voiding"), max_length=500, blank=True, default="")

    objects = PaymentQuerySet.as_manager()

    class Meta:
        db_table = "payments"
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            enum_constraint("payment_method", PaymentMethod, "payments"),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0),
                name="payments_amount_positive",
                violation_error_message=_("The amount must be more than zero."),
            ),
            models.CheckConstraint(
                condition=models.Q(voided_at__isnull=True) | ~models.Q(void_reason=""),
                name="payments_void_has_reason",
                violation_error_message=_("Give the reason for voiding."),
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "-payment_date"], name="payments_by_patient"),
            models.Index(fields=["-payment_date", "-id"], name="payments_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice} {self.amount}"

    @property
    def state(self) -> str:
        """`voided` or `received`, as shown."""
        return "voided" if self.voided_at else "received"
