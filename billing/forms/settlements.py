"""What else changes what an invoice owes: refunds, credit notes, write-offs (docs/workflows.md, "Money")."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.forms.payments import check_reference, invoice_field, settle
from billing.models import Invoice, Payment, PaymentKind, PaymentMethod, Refund
from departments.models import Counter
from healthcare.clock import now
from healthcare.fields import RemoteChoiceField
from healthcare.money import CENT, MoneyFormField
from healthcare.templatetags.display import money
from healthcare.workflow import WorkflowForm, lock, refuse


class RefundPaymentForm(WorkflowForm):
    """Give back a payment or a part of it: an entry of its own; what is kept is carried on as a new payment."""

    permission = "payments.edit"
    checked_by_model = False
    action = "refund"
    submit_label = _("Refund")

    payment = RemoteChoiceField(Payment.objects.all(), url_name="payment_list", label=_("Payment"), empty_label=None)
    amount = MoneyFormField(label=_("Amount given back"), min_value=CENT)

    class Meta:
        model = Refund
        fields = ["payment", "amount", "payment_method", "transaction_reference", "reason"]

    def __init__(self, *args: Any, payment: Payment | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payment"].widget = forms.HiddenInput()
        if payment is not None:
            self.initial.update(
                payment=payment.pk,
                amount=payment.amount,
                payment_method=payment.payment_method,
                shown_patient=payment.patient_id,
            )

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.is_money and instance.voided_at is None

    def clean_payment(self) -> Payment:
        payment = lock(self.cleaned_data["payment"])
        if payment.voided_at is not None or not payment.is_money:
            raise refuse(_("Only money that is still held can be given back."), code="transition")
        self.patient_id = payment.patient_id
        return payment

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        check_reference(self)
        payment = cleaned.get("payment")
        if payment and cleaned.get("amount") and cleaned["amount"] > payment.amount:
            limit = money(payment.amount)
            self.add_error("amount", refuse(_("At most %(amount)s was paid."), code="too_much", amount=limit))
        return cleaned

    def save(self, commit: bool = True) -> Any:
        refund, payment = self.instance, self.instance.payment
        invoice = lock(payment.invoice)
        refund.invoice, refund.patient_id, refund.processed_by_user = invoice, payment.patient_id, self.actor
        payment.voided_at, payment.voided_by_user, payment.is_refunded = now(), self.actor, True
        payment.void_reason = refund.reason
        payment.save(update_fields=["voided_at", "voided_by_user", "void_reason", "is_refunded"])
        if kept := payment.amount - refund.amount:
            Payment.objects.create(
                invoice=invoice,
                patient_id=payment.patient_id,
                payment_date=payment.payment_date,
                amount=kept,
                payment_method=payment.payment_method,
                transaction_reference=payment.transaction_reference,
                notes=payment.notes,
                processed_by_user_id=payment.processed_by_user_id,
                carried_from=payment,
            )
        super().save(commit)
        settle(invoice, -refund.amount)
        return refund


class SettlementForm(WorkflowForm):
    """Ask for less than an issued invoice says: a numbered entry that counts as paid without money."""

    checked_by_model = False
    kind: ClassVar[PaymentKind]
    prefix_of_number: ClassVar[str]

    invoice = invoice_field()
    amount = MoneyFormField(label=_("Amount"), min_value=CENT)

    class Meta:
        model = Payment
        fields = ["invoice", "amount", "notes"]

    def __init__(self, *args: Any, invoice: Invoice | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["invoice"].widget = forms.HiddenInput()
        self.fields["notes"].label, self.fields["notes"].required = _("Reason"), True
        self.fields["notes"].widget.attrs["rows"] = 2
        if invoice is not None:
            self.initial.update(
                invoice=invoice.pk, amount=invoice.balance_due or None, shown_patient=invoice.patient_id
            )

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.is_live and instance.balance_due > 0

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        invoice = cleaned.get("invoice")
        if invoice is None:
            return cleaned
        self.patient_id = invoice.patient_id
        if not invoice.is_live:
            raise refuse(_("Only an issued invoice can be settled."), code="not_issued")
        if cleaned.get("amount") and cleaned["amount"] > invoice.balance_due:
            text = _("At most %(balance)s is due. What was paid is given back by a refund first.")
            self.add_error("amount", refuse(text, code="too_much", balance=money(invoice.balance_due)))
        return cleaned

    def save(self, commit: bool = True) -> Any:
        entry = self.instance
        entry.patient_id, entry.processed_by_user = entry.invoice.patient_id, self.actor
        entry.kind, entry.payment_method = self.kind, PaymentMethod.OTHER
        entry.document_number = f"{self.prefix_of_number}-{Counter.next(f'{self.kind}_number'):06}"
        super().save(commit)
        settle(entry.invoice, entry.amount)
        return entry


class CreditNoteForm(SettlementForm):
    """Take back a part of an issued invoice, or all of it, by a document of its own."""

    permission = "payments.edit"
    action = "credit"
    submit_label = _("Issue credit note")
    kind = PaymentKind.CREDIT_NOTE
    prefix_of_number = "CN"


class WriteOffForm(SettlementForm):
    """Give up a debt that nobody will pay."""

    permission = "invoices.write_off"
    action = "write_off"
    submit_label = _("Write off")
    kind = PaymentKind.WRITE_OFF
    prefix_of_number = "WO"
