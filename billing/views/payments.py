"""Pages for payments: taking money, receipts, voiding."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils.translation import gettext_lazy as _

from billing import forms
from billing.filters import PaymentFilter
from billing.models import Invoice, Payment
from billing.texts import letterhead_of, texts_of
from healthcare.access import visible_or_denied
from healthcare.generic import (
    Action,
    ActionPage,
    Column,
    CreatePage,
    DetailPage,
    ListPage,
    PdfPage,
    Related,
    Section,
)


class PaymentList(ListPage):
    """All payments."""

    permission = "payments.view"
    create_permission = "payments.edit"
    create_label = _("Record payment")
    model = Payment
    filterset_class = PaymentFilter
    ordering = ("-payment_date",)
    select_related = ("invoice", "patient", "processed_by_user")
    columns = (
        Column("payment_date", ordering="payment_date"),
        Column("invoice"),
        Column("patient"),
        Column("payment_method", ordering="payment_method"),
        Column("transaction_reference"),
        Column("amount", ordering="amount", align="end"),
        Column("state", _("State")),
    )


class PaymentDetail(DetailPage):
    """One payment."""

    permission = "payments.view"
    model = Payment
    status_field = "state"
    sections = (
        Section(
            "",
            (
                "payment_date",
                "amount",
                "payment_method",
                "transaction_reference",
                "patient",
                "processed_by_user",
                "notes",
            ),
            wide=("notes",),
        ),
    )
    actions = (
        Action(_("Receipt"), "payment_receipt", permission="payments.view", icon="printer"),
        Action(_("Void"), "payment_void", form=forms.VoidPaymentForm, style="danger"),
    )
    related = (
        Related(
            _("Invoice"),
            lambda payment, user: Invoice.objects.filter(pk=payment.invoice_id),
            (
                Column("invoice_number"),
                Column("invoice_date"),
                Column("total_amount", align="end"),
                Column("amount_paid", align="end"),
                Column("balance_due", align="end"),
                Column("shown_status", _("Status")),
            ),
            permission="invoices.view",
        ),
    )

    def get_queryset(self) -> Any:
        return payments_with_people()


def payments_with_people() -> Any:
    """Payments with everything that their page and receipt show, in one query."""
    return Payment.objects.select_related(
        "patient",
        "processed_by_user",
        "voided_by_user",
        "invoice__patient__insurance_provider",
        "invoice__appointment__doctor",
    )


class PaymentCreate(CreatePage):
    """Record a payment; `?invoice=` names the invoice."""

    permission = "payments.edit"
    model = Payment
    form_class = forms.RecordPaymentForm
    page_title = _("Record payment")
    success_message = _("The payment is recorded.")
    invoice: Invoice | None = None

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"invoice": self.get_invoice()}

    def invoice_key(self) -> UUID | None:
        """The invoice named in the URL, if any."""
        asked = self.request.GET.get("invoice", "")
        try:
            return UUID(asked) if asked else None
        except ValueError as error:
            raise Http404 from error

    def get_invoice(self) -> Invoice | None:
        """The invoice that the page was opened for."""
        key = self.invoice_key()
        if key is not None and self.invoice is None:
            invoices = Invoice.objects.select_related("patient")
            self.invoice = visible_or_denied(invoices, self.request.user, pk=key)
        return self.invoice

    def get_patient(self) -> Any:
        invoice = self.get_invoice()
        return invoice.patient if invoice else None

    def get_success_url(self, form: Any) -> str:
        return str(form.instance.invoice.get_absolute_url())


class InvoicePay(PaymentCreate):
    """Record a payment of the invoice in the path."""

    permission = "payments.edit"

    def invoice_key(self) -> UUID:
        return UUID(str(self.kwargs["pk"]))

    def get_cancel_url(self) -> str:
        invoice = self.get_invoice()
        return invoice.get_absolute_url() if invoice else super().get_cancel_url()


class PaymentVoid(ActionPage):
    """Take a payment back; also what `delete/` means."""

    permission = "payments.edit"
    model = Payment
    form_class = forms.VoidPaymentForm
    success_message = _("The payment is voided.")

    def get_queryset(self) -> Any:
        return payments_with_people()


class PaymentReceipt(PdfPage):
    """The printed receipt."""

    permission = "payments.view"
    model = Payment
    template_name = "billing/pdf/receipt.html"

    def get_queryset(self) -> Any:
        return payments_with_people()

    def document_context(self) -> dict[str, Any]:
        payment, texts = self.object, texts_of(self.object.invoice)
        return {
            "payment": payment,
            "invoice": payment.invoice,
            "document_title": _("Receipt"),
            "document_number": payment.invoice.invoice_number,
            "clinic": letterhead_of(texts),
            "texts": texts,
        }

    def document_name(self) -> str:
        return f"receipt-{self.object.invoice.invoice_number}-{str(self.object.pk)[-6:]}.pdf"
