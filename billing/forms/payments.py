"""What billing officers do with money received (RULE-PAY-1 to 3)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, Payment
from healthcare.clock import now
from healthcare.fields import RemoteChoiceField
from healthcare.money import CENT, MoneyFormField
from healthcare.templatetags.display import money
from healthcare.workflow import WorkflowForm, lock, refuse

#: No clinic's books that are brought in reach further back.
EARLIEST_YEAR = 1900


def settle(invoice: Invoice, change: Decimal) -> None:
    """Let a locked invoice follow a payment made or taken back: amounts and status (RULE-INV-5).

    The database compares what is paid with the payments themselves at every commit.
    """
    invoice.amount_paid += change
    invoice.balance_due = invoice.total_amount - invoice.amount_paid
    invoice.status = invoice.status_by_amounts()
    invoice.save(update_fields=["amount_paid", "balance_due", "status"])


class LockedInvoiceField(RemoteChoiceField):
    """Finds and locks the invoice at once: of two payments the second waits here and sees what the first left."""

    def to_python(self, value: Any) -> Invoice | None:
        if value in self.empty_values:
            return None
        try:
            return Invoice.objects.select_for_update(no_key=True).get(pk=value)
        except (ValueError, forms.ValidationError, Invoice.DoesNotExist) as error:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice") from error


class RecordPaymentForm(WorkflowForm):
    """Take money for an issued invoice; all of it or a part."""

    permission = "payments.edit"
    checked_by_model = False
    action = "pay"
    submit_label = _("Record payment")

    invoice = LockedInvoiceField(Invoice.objects.all(), url_name="payable_invoice_options", label=_("Invoice"))
    amount = MoneyFormField(label=_("Amount"), min_value=CENT)
    payment_date = forms.DateTimeField(label=_("Paid at"), required=False)

    class Meta:
        model = Payment
        fields = ["invoice", "amount", "payment_method", "transaction_reference", "payment_date", "notes"]

    def __init__(self, *args: Any, invoice: Invoice | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["transaction_reference"].help_text = _("For a card, transfer, cheque or insurance payment.")
        self.fields["notes"].widget.attrs["rows"] = 2
        self.initial.setdefault("payment_date", now())
        if invoice is not None:
            self.fields["invoice"].widget = forms.HiddenInput()
            self.initial.update(
                invoice=invoice.pk,
                shown_patient=invoice.patient_id,
                amount=invoice.balance_due if invoice.is_live else None,
            )

    def clean_payment_date(self) -> Any:
        moment = self.cleaned_data["payment_date"] or now()
        if moment > now():
            raise refuse(_("A payment cannot be in the future."), code="future")
        if moment.year < EARLIEST_YEAR:
            raise refuse(_("This is too long ago."), code="range")
        return moment

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "invoice" not in cleaned:
            return cleaned
        invoice = cleaned["invoice"]
        self.patient_id = invoice.patient_id
        if not invoice.is_live:
            self.add_error("invoice", refuse(_("Only an issued invoice can be paid."), code="not_issued"))
        elif not invoice.balance_due:
            self.add_error("invoice", refuse(_("This invoice is paid already."), code="paid"))
        elif "amount" in cleaned and cleaned["amount"] > invoice.balance_due:
            self.add_error(
                "amount",
                refuse(_("At most %(balance)s is due."), code="too_much", balance=money(invoice.balance_due)),
            )
        return cleaned

    def save(self, commit: bool = True) -> Any:
        payment = self.instance
        payment.patient_id = payment.invoice.patient_id
        payment.processed_by_user = self.actor
        super().save(commit)
        settle(payment.invoice, payment.amount)
        return payment


class VoidPaymentForm(WorkflowForm):
    """Take a payment back, with the reason; its invoice owes the amount again."""

    permission = "payments.edit"
    action = "void"
    submit_label = _("Void payment")
    question = _("Void the payment {object}?")
    consequence = _("The payment stays in the list as voided, and the invoice owes the amount again.")
    danger = True

    class Meta:
        model = Payment
        fields = ["void_reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["void_reason"].required = True

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.voided_at is None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.voided_at is not None:
            raise refuse(_("This payment was voided already."), code="transition")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        payment = self.instance
        invoice = lock(payment.invoice)
        payment.voided_at = now()
        payment.voided_by_user = self.actor
        super().save(commit)
        settle(invoice, -payment.amount)
        return payment
