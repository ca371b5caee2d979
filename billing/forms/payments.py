"""What billing officers do with money received (RULE-PAY-1 to 3)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _

from billing.models import REFERENCED, Invoice, Payment, PaymentMethod
from healthcare.clock import now
from healthcare.events import create_all
from healthcare.fields import RemoteChoiceField
from healthcare.money import CENT, ZERO, MoneyFormField, sign
from healthcare.roles import may
from healthcare.templatetags.display import money
from healthcare.text import no_control_characters
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


def invoice_field() -> RemoteChoiceField:
    """The invoice that is paid, locked at once: of two payments the second waits and sees what the first left."""
    rows = Invoice.objects.all()
    return RemoteChoiceField(rows, locks=True, url_name="payable_invoice_options", label=_("Invoice"))


def check_reference(form: forms.BaseForm) -> None:
    """Money that comes by way of somebody else is found again by their number only."""
    cleaned = form.cleaned_data
    if cleaned.get("payment_method") in REFERENCED and not cleaned.get("transaction_reference"):
        form.add_error("transaction_reference", refuse(_("This method needs its reference number."), code="reference"))


class PartForm(forms.Form):
    """A further part of a payment that is made in several ways at once."""

    amount = MoneyFormField(label=_("Amount"), min_value=CENT)
    payment_method = forms.ChoiceField(label=_("Method"), choices=PaymentMethod.choices)
    transaction_reference = forms.CharField(
        label=_("Reference"), max_length=100, required=False, validators=[no_control_characters]
    )

    def clean(self) -> dict[str, Any]:
        check_reference(self)
        return self.cleaned_data


class BaseParts(forms.BaseFormSet):
    """The further parts."""

    title = _("Paid in several ways")
    add_label = _("Add another method")

    def filled_in(self) -> list[PartForm]:
        """The parts that count."""
        return [row for row in self.forms if row.has_changed() and not row.cleaned_data.get("DELETE")]

    def total(self) -> Decimal:
        """What the good parts come to."""
        return sum((row.cleaned_data["amount"] for row in self.filled_in() if "amount" in row.cleaned_data), ZERO)


PartFormSet: Any = forms.formset_factory(
    PartForm, formset=BaseParts, extra=0, max_num=6, validate_max=True, absolute_max=50, can_delete=True
)


class RecordPaymentForm(WorkflowForm):
    """Take money for an issued invoice; all of it or a part, in one way or in several at once."""

    permission = "payments.edit"
    checked_by_model = False
    action = "pay"
    submit_label = _("Record payment")

    invoice = invoice_field()
    amount = MoneyFormField(label=_("Amount"), min_value=CENT)
    tendered = MoneyFormField(
        label=_("Cash given"), min_value=CENT, required=False, help_text=_("For the change; the receipt says both.")
    )
    payment_date = forms.DateTimeField(label=_("Paid at"), required=False)

    class Meta:
        model = Payment
        fields = [
            *("invoice", "amount", "payment_method", "transaction_reference"),
            *("tendered", "payment_date", "notes"),
        ]

    def __init__(self, *args: Any, invoice: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["transaction_reference"].help_text = _("Needed for insurance, bank transfer and cheque.")
        self.fields["notes"].widget.attrs["rows"] = 2
        self.fields["tendered"].widget.attrs |= {"data-change": _("Change:"), "data-sign": sign()}
        self.initial.setdefault("payment_date", now())
        if invoice is not None:
            self.fields["invoice"].widget = forms.HiddenInput()
            # Only a page that is shown needs the row; while saving it is locked and read anew.
            if not self.is_bound:
                self.initial.update(
                    invoice=invoice.pk,
                    shown_patient=invoice.patient_id,
                    # At the desk stands the patient; once that part is paid, it is the insurer's turn.
                    amount=invoice.owed_by_patient or invoice.owed,
                )

    def build_formsets(self) -> dict[str, Any]:
        if self.is_bound and "parts-TOTAL_FORMS" not in self.data:
            return {}
        return {"parts": PartFormSet(**self.formset_arguments("parts"))}

    def parts(self) -> list[PartForm]:
        """The further parts, in the order typed."""
        return self.formsets["parts"].filled_in() if self.formsets else []

    def clean_payment_date(self) -> Any:
        moment = self.cleaned_data["payment_date"] or now()
        if moment > now():
            raise refuse(_("A payment cannot be in the future."), code="future")
        if moment.year < EARLIEST_YEAR:
            raise refuse(_("This is too long ago."), code="range")
        return moment

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        check_reference(self)
        self._check_tendered(cleaned)
        for formset in self.formsets.values():
            formset.is_valid()
        if "invoice" not in cleaned:
            return cleaned
        invoice = cleaned["invoice"]
        self.patient_id = invoice.patient_id
        if not invoice.is_live:
            self.add_error("invoice", refuse(_("Only an issued invoice can be paid."), code="not_issued"))
        elif not invoice.balance_due:
            self.add_error("invoice", refuse(_("This invoice is paid already."), code="paid"))
        elif "amount" in cleaned and cleaned["amount"] + self.further_total() > invoice.balance_due:
            self.add_error(
                "amount",
                refuse(_("At most %(balance)s is due."), code="too_much", balance=money(invoice.balance_due)),
            )
        return cleaned

    def _check_tendered(self, cleaned: dict[str, Any]) -> None:
        given = cleaned.get("tendered")
        if given is None:
            return
        if cleaned.get("payment_method") != PaymentMethod.CASH:
            self.add_error("tendered", refuse(_("Change is given for cash only."), code="not_cash"))
        elif "amount" in cleaned and given < cleaned["amount"]:
            self.add_error("tendered", refuse(_("Less was given than the amount."), code="range"))

    def further_total(self) -> Decimal:
        """What the further parts come to."""
        return self.formsets["parts"].total() if self.formsets else ZERO

    def save(self, commit: bool = True) -> Any:
        payment = self.instance
        payment.patient_id = payment.invoice.patient_id
        payment.processed_by_user = self.actor
        super().save(commit)
        create_all([self.part_of(payment, row.cleaned_data) for row in self.parts()])
        settle(payment.invoice, payment.amount + self.further_total())
        return payment

    def part_of(self, payment: Payment, values: dict[str, Any]) -> Payment:
        """A further part as a payment of its own, so that each method has its own entry."""
        return Payment(
            invoice=payment.invoice,
            patient_id=payment.patient_id,
            payment_date=payment.payment_date,
            processed_by_user=self.actor,
            part_of=payment,
            amount=values["amount"],
            payment_method=values["payment_method"],
            transaction_reference=values["transaction_reference"],
        )


class VoidPaymentForm(WorkflowForm):
    """Take a payment back, with the reason; its invoice owes the amount again."""

    permission = "payments.edit"
    action = "void"
    submit_label = _("Void payment")
    question = _("Void {object}?")
    consequence = _("It stays in the list as voided, and the invoice owes {amounts.amount} again.")
    danger = True

    class Meta:
        model = Payment
        fields = ["void_reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Not only while saving: whoever may not write off does not get the page that asks for the reason either.
        if self.instance.made_by != self.permission and not may(self.actor, self.instance.made_by):
            raise PermissionDenied
        self.fields["void_reason"].required = True

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and may(actor, instance.made_by) and instance.voided_at is None

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


class ChangePaymentForm(WorkflowForm):
    """Refused, and says why: what was received stays as it was written down (RULE-PAY-3)."""

    permission = "payments.edit"

    class Meta:
        model = Payment
        fields: list[str] = []

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return False

    def clean(self) -> dict[str, Any]:
        raise refuse(_("A payment is never changed. Void it with a reason and record the right one."))
