"""Invoices and their lines."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Round
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from billing.models.services import Service
from billing.status import OwedUntil, shown_as, status_by_amounts
from healthcare.clock import today
from healthcare.models import BaseModel, BaseQuerySet, enum_constraint, range_constraint
from healthcare.money import ZERO, MoneyField, cents
from healthcare.text import LongTextField
from patients.models import Patient
from scheduling.models import Appointment


def not_negative(field: str, table: str) -> models.CheckConstraint:
    """A check that an amount is zero or more."""
    return range_constraint(field, table, low=0, message=_("An amount cannot be negative."))


class InvoiceStatus(models.TextChoices):
    """As in the source specification."""

    DRAFT = "draft", _("Draft")
    ISSUED = "issued", _("Issued")
    PARTIALLY_PAID = "partially_paid", _("Partially Paid")
    PAID = "paid", _("Paid")
    OVERDUE = "overdue", _("Overdue")
    CANCELLED = "cancelled", _("Cancelled")


I = InvoiceStatus  # noqa: E741
#: Statuses in which money is owed or was paid.
LIVE_STATUSES = (I.ISSUED, I.PARTIALLY_PAID, I.PAID, I.OVERDUE)


class InvoiceQuerySet(BaseQuerySet):
    """Invoices."""

    def live(self) -> Self:
        """Not cancelled: a visit has at most one of these (RULE-INV-1)."""
        return self.exclude(status=I.CANCELLED)

    def payable(self) -> Self:
        """Issued and not fully paid."""
        return self.filter(status__in=(I.ISSUED, I.PARTIALLY_PAID, I.OVERDUE))

    def shown_as(self, status: str, day: date | None = None) -> Self:
        """Those that show this status today, whether or not the daily command has run."""
        return self.filter(shown_as(status, day or today()))

    def newly_overdue(self, day: date) -> Self:
        """Those whose due date has passed since their status was saved."""
        return self.shown_as(I.OVERDUE, day).exclude(status=I.OVERDUE)

    def owed_by_insurers(self) -> Decimal:
        """What insurers have yet to pay of what these invoices owe."""
        paid = models.Q(payments__payment_method="insurance", payments__voided_at__isnull=True)
        owed = self.payable().filter(covered_amount__gt=0).order_by()
        rows = owed.annotate(from_insurer=models.Sum("payments__amount", filter=paid)).values_list(
            "covered_amount", "balance_due", "from_insurer"
        )
        return sum((min(max(cents(covered - (got or 0)), ZERO), balance) for covered, balance, got in rows), ZERO)

    def search(self, text: str) -> Self:
        """By invoice number, or by whatever finds the patient."""
        people = models.Q(patient__in=Patient.objects.search(text).order_by().values("pk"))
        if not any(char.isdigit() for char in text):
            return self.filter(people)
        return self.filter(people | models.Q(invoice_number__icontains=text.strip()))


class Invoice(BaseModel):
    """What a patient owes for a visit. Its number is gapless; its texts are frozen when issued."""

    #: Among the live statuses the amounts decide (RULE-INV-4); cancelling needs that nothing is paid.
    TRANSITIONS = {
        I.DRAFT: (I.ISSUED, I.CANCELLED),
        I.ISSUED: (I.PARTIALLY_PAID, I.PAID, I.OVERDUE, I.CANCELLED),
        I.PARTIALLY_PAID: (I.ISSUED, I.PAID, I.OVERDUE, I.CANCELLED),
        I.OVERDUE: (I.ISSUED, I.PARTIALLY_PAID, I.PAID, I.CANCELLED),
        I.PAID: (I.ISSUED, I.PARTIALLY_PAID, I.OVERDUE, I.CANCELLED),
        I.CANCELLED: (),
    }
    NUMBER_SEQUENCE = "invoice_number"
    SEARCH_FIELDS = ("invoice_number",)

    invoice_number = models.CharField(_("invoice number"), max_length=20, unique=True)
    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="invoices", db_index=False
    )
    appointment = models.ForeignKey(
        Appointment,
        verbose_name=_("appointment"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="invoices",
    )
    invoice_date = models.DateField(_("date"), default=today)
    due_date = models.DateField(_("due"), null=True, blank=True)
    subtotal = MoneyField(_("subtotal"), default=ZERO)
    tax_amount = MoneyField(_("tax"), default=ZERO)
    discount_amount = MoneyField(_("discount"), default=ZERO)
    total_amount = MoneyField(_("total"), default=ZERO)
    amount_paid = MoneyField(_("paid"), default=ZERO)
    balance_due = MoneyField(_("balance due"), default=ZERO)
    status = models.CharField(_("status"), max_length=16, choices=InvoiceStatus.choices, default=I.DRAFT)
    #: The part that the patient's insurer is expected to pay; what remains is the patient's own share.
    covered_amount = MoneyField(_("covered by insurance"), default=ZERO)
    notes = LongTextField(_("notes"))
    insurance_note = LongTextField(_("insurance note"))
    created_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("created by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="created_invoices",
    )
    issued_at = models.DateTimeField(_("issued at"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)
    cancellation_reason = models.CharField(_("reason for cancelling"), max_length=500, blank=True, default="")
    #: Names and addresses as they stood when it was issued, so that a reprint never changes.
    issued_texts = models.JSONField(_("texts as issued"), default=dict, blank=True)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        db_table = "invoices"
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints = [
            enum_constraint("status", InvoiceStatus, "invoices"),
            *(
                not_negative(field, "invoices")
                for field in ("subtotal", "tax_amount", "discount_amount", "total_amount", "amount_paid", "balance_due")
            ),
            range_constraint(
                "due_date",
                "invoices",
                low=models.F("invoice_date"),
                message=_("The due date must not be before the invoice's date."),
            ),
            range_constraint(
                "covered_amount",
                "invoices",
                low=0,
                high=models.F("total_amount"),
                message=_("The insurance cannot cover more than the total."),
            ),
            models.CheckConstraint(
                condition=models.Q(discount_amount__lte=models.F("subtotal")),
                name="invoices_discount_within_subtotal",
                violation_error_message=_("The discount cannot exceed the subtotal."),
            ),
            # ROUND: SQLite keeps decimals as floating point, so the sums are compared at cents.
            models.CheckConstraint(
                condition=models.Q(
                    total_amount=Round(models.F("subtotal") + models.F("tax_amount") - models.F("discount_amount"), 2)
                ),
                name="invoices_total_adds_up",
                violation_error_message=_("Total must be subtotal plus tax minus discount."),
            ),
            models.CheckConstraint(
                condition=models.Q(balance_due=Round(models.F("total_amount") - models.F("amount_paid"), 2)),
                name="invoices_balance_adds_up",
                violation_error_message=_("Balance must be total minus paid."),
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=LIVE_STATUSES) | models.Q(amount_paid=0),
                name="invoices_paid_only_when_live",
                violation_error_message=_("Void the payments first: a cancelled invoice has none."),
            ),
            # RULE-INV-1: at most one invoice of a visit that is not cancelled.
            models.UniqueConstraint(
                fields=["appointment"],
                condition=~models.Q(status="cancelled"),
                name="invoices_one_per_appointment",
                violation_error_message=_("This visit has an invoice already."),
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "invoice_date"], name="invoices_by_patient"),
            models.Index(fields=["invoice_date", "id"], name="invoices_newest"),
            models.Index(fields=["status", "due_date"], name="invoices_by_status"),
            models.Index(OwedUntil(), name="invoices_owed_until"),
        ]

    def __str__(self) -> str:
        return self.invoice_number

    @property
    def is_draft(self) -> bool:
        """Whether lines, tax and discount may still change (RULE-INV-3)."""
        return self.status == I.DRAFT

    @property
    def is_live(self) -> bool:
        """Whether it was issued and not cancelled, so that money is owed or was paid."""
        return self.status in LIVE_STATUSES

    @property
    def patient_share(self) -> Decimal:
        """What is not covered by the insurance."""
        return self.total_amount - self.covered_amount

    @property
    def owed(self) -> Decimal | None:
        """What lists show as balance due: nothing is owed on a draft or a cancelled invoice."""
        return self.balance_due if self.is_live else None

    @cached_property
    def owed_by_insurer(self) -> Decimal:
        """What the insurer has yet to pay of its part."""
        return Invoice.objects.filter(pk=self.pk).owed_by_insurers() if self.owed and self.covered_amount else ZERO

    @property
    def owed_by_patient(self) -> Decimal:
        """What the patient is asked for: all that is due but the insurer's part."""
        return (self.owed or ZERO) - self.owed_by_insurer

    @property
    def shown_status(self) -> str:
        """The status as of today: overdue follows the calendar, whether or not anybody saved."""
        return self.status_by_amounts() if self.is_live else str(self.status)

    @property
    def days_overdue(self) -> int | None:
        """How many days money is owed past the due date."""
        if not self.is_live or self.balance_due <= 0 or self.due_date is None:
            return None
        return max((today() - self.due_date).days, 0) or None

    def status_by_amounts(self, day: date | None = None) -> str:
        """What RULE-INV-4 makes of the amounts and the due date."""
        return status_by_amounts(self.total_amount, self.amount_paid, self.due_date, day or today())


class InvoiceLineItem(BaseModel):
    """One line of an invoice; changes only while the invoice is a draft."""

    invoice = models.ForeignKey(Invoice, verbose_name=_("invoice"), on_delete=models.PROTECT, related_name="line_items")
    service = models.ForeignKey(
        Service,
        verbose_name=_("service"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="invoice_line_items",
    )
    description = models.CharField(_("description"), max_length=300)
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    unit_price = MoneyField(_("unit price"))
    is_tax_free = models.BooleanField(_("tax-free"), default=False)
    line_total = MoneyField(_("line total"))

    class Meta:
        db_table = "invoice_line_items"
        verbose_name = _("invoice line")
        verbose_name_plural = _("invoice lines")
        ordering = ["id"]
        constraints = [
            range_constraint("quantity", "invoice_line_items", low=1, message=_("The quantity must be at least 1.")),
            not_negative("unit_price", "invoice_line_items"),
            models.CheckConstraint(
                condition=models.Q(line_total=Round(models.F("quantity") * models.F("unit_price"), 2)),
                name="invoice_line_items_total_adds_up",
                violation_error_message=_("Line total must be quantity times unit price."),
            ),
        ]

    def __str__(self) -> str:
        return self.description

    @property
    def patient(self) -> Any:
        """Whose invoice it stands on."""
        return self.invoice.patient

    def patient_of_row(self) -> Any:
        return self.invoice.patient_id if self.invoice_id else None

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """A draft's line may be taken out (audited); the database refuses it for any other invoice."""
        return models.Model.delete(self, *args, **kwargs)
