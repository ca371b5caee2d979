"""Money received for invoices."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.invoices import Invoice
from healthcare.clock import now
from healthcare.models import BaseModel, BaseQuerySet, enum_constraint, range_constraint
from healthcare.money import ZERO, MoneyField, cents
from healthcare.templatetags.display import money
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


#: Methods that leave a trace elsewhere, by whose number the entry is found again.
REFERENCED = (PaymentMethod.INSURANCE, PaymentMethod.BANK_TRANSFER, PaymentMethod.CHEQUE)


class PaymentKind(models.TextChoices):
    """What settles a part of an invoice: money, or the clinic's own decision to ask for less."""

    RECEIVED = "received", _("Payment")
    CREDIT_NOTE = "credit_note", _("Credit note")
    WRITE_OFF = "write_off", _("Write-off")


class PaymentQuerySet(BaseQuerySet):
    """Payments."""

    def live(self) -> Self:
        """Those not voided: what counts as paid (RULE-INV-5)."""
        return self.filter(voided_at__isnull=True)

    def received(self) -> Self:
        """Money, as opposed to credit notes and write-offs."""
        return self.filter(kind=PaymentKind.RECEIVED)

    def collected(self) -> Self:
        """Money that was received and is still held."""
        return self.live().received()

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
    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="payments", db_index=False
    )
    payment_date = models.DateTimeField(_("paid at"), default=now)
    amount = MoneyField(_("amount"))
    kind = models.CharField(_("kind"), max_length=12, choices=PaymentKind.choices, default=PaymentKind.RECEIVED)
    #: Credit notes and write-offs are documents with a gapless number of their own.
    document_number = models.CharField(_("number"), max_length=20, blank=True, default="")
    #: What was handed over in cash; the change is the difference.
    tendered = MoneyField(_("cash given"), null=True, blank=True)
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
        db_index=False,  # payments_by_officer begins with it
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
    #: Voided because money went back, not because the entry was a mistake: there is a refund.
    is_refunded = models.BooleanField(_("refunded"), default=False)
    #: The refunded payment of which this is the part that was kept.
    carried_from = models.OneToOneField(
        "self",
        verbose_name=_("kept of"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="carried_to",
    )

    #: The payment with which this one was made, in another way: they share a receipt.
    part_of = models.ForeignKey(
        "self",
        verbose_name=_("paid together with"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="parts",
    )

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
            enum_constraint("kind", PaymentKind, "payments"),
            models.CheckConstraint(
                condition=models.Q(kind=PaymentKind.RECEIVED, document_number="")
                | models.Q(payment_method=PaymentMethod.OTHER) & ~models.Q(document_number="") & ~models.Q(notes=""),
                name="payments_document_numbered",
                violation_error_message=_("A credit note or write-off has a number and a reason."),
            ),
            models.UniqueConstraint(
                fields=["document_number"],
                condition=~models.Q(document_number=""),
                name="payments_document_number_unique",
                violation_error_message=_("This number is taken."),
            ),
            range_constraint(
                "tendered", "payments", low=models.F("amount"), message=_("Less was given than the amount.")
            ),
            models.CheckConstraint(
                condition=models.Q(is_refunded=False) | models.Q(voided_at__isnull=False),
                name="payments_refunded_is_voided",
                violation_error_message=_("A refunded payment no longer counts."),
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "payment_date"], name="payments_by_patient"),
            models.Index(fields=["payment_date", "id"], name="payments_newest"),
            models.Index(fields=["processed_by_user", "created_at"], name="payments_by_officer"),
        ]

    def __str__(self) -> str:
        return self.document_number or f"{self.invoice} {money(self.amount)}"

    @property
    def state(self) -> str:
        """`received`, `credit_note`, `write_off`, `refunded` or `voided`, as shown."""
        if self.is_refunded:
            return "refunded"
        return "voided" if self.voided_at else str(self.kind)

    @property
    def is_money(self) -> bool:
        """Whether money came in, as opposed to a credit note or a write-off."""
        return self.kind == PaymentKind.RECEIVED

    def together(self) -> list[Payment]:
        """The entries that were paid at once in several ways, this one among them."""
        first = self.part_of_id or self.pk
        return list(Payment.objects.filter(models.Q(pk=first) | models.Q(part_of=first)).order_by("id"))

    def history(self) -> list[Payment]:
        """This payment and what was kept of it, refund after refund."""
        found = [self]
        while found[-1].is_refunded and (kept := Payment.objects.filter(carried_from=found[-1]).first()):
            found.append(kept)
        return found

    @property
    def made_by(self) -> str:
        """The permission that it takes to make such an entry, and so to take it back."""
        return "invoices.write_off" if self.kind == PaymentKind.WRITE_OFF else "payments.edit"

    @property
    def change(self) -> Decimal | None:
        """What was given back of the cash."""
        return None if self.tendered is None else self.tendered - self.amount


class Refund(BaseModel):
    """Money given back of one payment. The payment no longer counts; what was kept of it is carried on as a new one."""

    payment = models.OneToOneField(Payment, verbose_name=_("payment"), on_delete=models.PROTECT, related_name="refund")
    invoice = models.ForeignKey(Invoice, verbose_name=_("invoice"), on_delete=models.PROTECT, related_name="refunds")
    patient = models.ForeignKey(Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="refunds")
    refunded_at = models.DateTimeField(_("refunded at"), default=now)
    amount = MoneyField(_("amount"))
    payment_method = models.CharField(_("method"), max_length=16, choices=PaymentMethod.choices)
    transaction_reference = models.CharField(_("reference"), max_length=100, blank=True, default="")
    reason = models.CharField(_("reason"), max_length=500)
    processed_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("processed by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="processed_refunds",
    )

    class Meta:
        db_table = "refunds"
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [
            enum_constraint("payment_method", PaymentMethod, "refunds"),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0),
                name="refunds_amount_positive",
                violation_error_message=_("The amount must be more than zero."),
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="refunds_have_reason",
                violation_error_message=_("Give the reason for the refund."),
            ),
        ]
        indexes = [models.Index(fields=["refunded_at", "id"], name="refunds_newest")]

    def __str__(self) -> str:
        return f"{self.invoice} {money(-self.amount)}"
