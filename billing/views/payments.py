"""Pages for payments: taking money, receipts, voiding."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject, cached_property
from django.utils.translation import gettext_lazy as _

from billing import forms
from billing.filters import PaymentFilter
from billing.models import Invoice, Payment, Refund
from billing.texts import paper_of
from healthcare.access import closed_chart, visible_or_denied, visible_row
from healthcare.compiled import Compiled
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
from healthcare.money import ZERO
from healthcare.pdf import BASE_URL
from healthcare.templatetags.display import money
from healthcare.workflow import WorkflowForm
from patients.models import Patient


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
        Column("document_number"),
        Column("amount", ordering="amount", align="end"),
        Column("state", _("State")),
    )


REFUND_COLUMNS = (
    Column("refunded_at"),
    Column("payment_method"),
    Column("transaction_reference"),
    Column("reason"),
    Column("amount", align="end"),
)


RECEIPT = Action(
    _("Receipt"), "payment_receipt", permission="payments.view", icon="printer", when=lambda payment: payment.is_money
)


VOUCHER = Action(_("Voucher"), "refund_voucher", permission="payments.view", icon="printer")


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
                "tendered",
                ("change", _("Change")),
                "payment_method",
                "transaction_reference",
                "document_number",
                "patient",
                "processed_by_user",
                "carried_from",
                "part_of",
                "voided_at",
                "voided_by_user",
                "void_reason",
                "notes",
            ),
            wide=("void_reason", "notes"),
            sparse=(
                *("tendered", "change", "transaction_reference", "document_number", "carried_from", "part_of"),
                *("voided_at", "voided_by_user", "void_reason", "notes"),
            ),
        ),
    )
    actions = (
        RECEIPT,
        Action(
            _("Narrow receipt"),
            "payment_receipt_narrow",
            permission="payments.view",
            icon="receipt",
            when=lambda payment: payment.is_money,
        ),
        Action(
            _("Print"),
            "payment_receipt",
            permission="payments.view",
            icon="printer",
            when=lambda payment: not payment.is_money,
        ),
        Action(_("Refund"), "payment_refund", form=forms.RefundPaymentForm, icon="arrow-counterclockwise"),
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
        Related(
            _("Refund"),
            lambda payment, user: Refund.objects.filter(payment=payment),
            REFUND_COLUMNS,
            permission="payments.view",
            empty=_("Nothing was given back."),
            row_actions=(VOUCHER,),
        ),
    )

    def get_queryset(self) -> Any:
        return payments_with_people()


def invoices_with_patient() -> Any:
    """Invoices with whom they are for."""
    return Invoice.objects.select_related("patient")


def payments_with_people() -> Any:
    """Payments with everything that their page and receipt show, in one query."""
    return Payment.objects.select_related(
        "patient",
        "processed_by_user",
        "voided_by_user",
        "invoice__patient__insurance_provider",
        "invoice__appointment__doctor",
        "carried_from__invoice",
        "part_of__invoice",
    )


@Compiled
def patient_of_invoice(key: Any) -> Any:
    """Whose it is, as far as anybody must know before it is dealt with."""
    return Patient.objects.filter(invoices=key).only("is_confidential").order_by()


class PaymentCreate(CreatePage):
    """Record a payment; `?invoice=` names the invoice."""

    permission = "payments.edit"
    model = Payment
    form_class: ClassVar[type[WorkflowForm]] = forms.RecordPaymentForm
    template_name = "billing/payment_form.html"
    page_title = _("Record payment")
    success_message = _("The payment is recorded.")
    invoice: Invoice | None = None

    def get_form_kwargs(self) -> dict[str, Any]:
        # A POST that is fine never looks at it.
        return {"invoice": SimpleLazyObject(self.get_invoice) if self.invoice_key() else None}

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
            self.invoice = visible_row(invoices_with_patient, self.request.user, key)
        return self.invoice

    def get_patient(self) -> Any:
        invoice = self.get_invoice()
        return invoice.patient if invoice else None

    def closed_chart(self) -> str:
        """As everywhere; what is posted is only asked whose it is, as the invoice is read when it is locked."""
        key = self.invoice_key()
        if key is None or self.request.method != "POST":
            return super().closed_chart()
        patient = patient_of_invoice.first(key)
        if patient is None:
            raise Http404
        return closed_chart(self.request, patient)

    def get_context_data(self, *, form: Any, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(form=form, invoice=self.get_invoice(), **kwargs)

    def get_success_url(self, form: Any) -> str:
        return str(form.instance.invoice.get_absolute_url())

    def get_success_message(self, form: Any) -> str:
        change = form.instance.change
        return _("Change: %(amount)s") % {"amount": money(change)} if change else super().get_success_message(form)


class InvoicePay(PaymentCreate):
    """Record a payment of the invoice in the path."""

    permission = "payments.edit"

    def invoice_key(self) -> UUID:
        return UUID(str(self.kwargs["pk"]))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Money goes to the invoice that the address names, or nowhere."""
        named = request.POST.get("invoice")
        if named and named != str(self.invoice_key()):
            raise Http404
        return super().post(request, *args, **kwargs)

    def get_cancel_url(self) -> str:
        invoice = self.get_invoice()
        return invoice.get_absolute_url() if invoice else super().get_cancel_url()


class InvoiceCreditNote(InvoicePay):
    """Credit a part of the invoice in the path, or all that is due."""

    permission = "payments.edit"
    form_class = forms.CreditNoteForm
    page_title = _("Credit note")
    success_message = _("The credit note is issued.")


class InvoiceWriteOff(InvoicePay):
    """Give up what the invoice in the path still owes."""

    permission = "invoices.write_off"
    form_class = forms.WriteOffForm
    page_title = _("Write off")
    success_message = _("Written off.")


class PaymentRefund(CreatePage):
    """Give back the payment in the path, or a part of it."""

    permission = "payments.edit"
    model = Refund
    form_class = forms.RefundPaymentForm
    template_name = "billing/payment_form.html"
    page_title = _("Refund")
    success_message = _("The refund is recorded. The invoice owes it again, unless you credit it.")

    @cached_property
    def payment(self) -> Payment:
        """The payment in the path."""
        return visible_or_denied(payments_with_people(), self.request.user, pk=self.kwargs["pk"])  # type: ignore[no-any-return]

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"payment": self.payment}

    def get_patient(self) -> Any:
        return self.payment.patient

    def get_context_data(self, *, form: Any, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(form=form, invoice=self.payment.invoice, **kwargs)

    def get_success_url(self, form: Any) -> str:
        return str(form.instance.invoice.get_absolute_url())

    def get_cancel_url(self) -> str:
        return self.payment.get_absolute_url()


class PaymentVoid(ActionPage):
    """Take a payment back; also what `delete/` means."""

    permission = "payments.edit"
    model = Payment
    form_class = forms.VoidPaymentForm
    success_message = _("The payment is voided.")

    def get_queryset(self) -> Any:
        return payments_with_people()


class PaymentReceipt(PdfPage):
    """The printed receipt; of a credit note, the note itself."""

    permission = "payments.view"
    model = Payment

    def get_template_names(self) -> list[str]:
        return [f"billing/pdf/{'receipt' if self.object.is_money else 'credit_note'}.html"]

    def get_queryset(self) -> Any:
        return payments_with_people()

    def document_context(self) -> dict[str, Any]:
        payment = self.object
        entries = payment.together()
        for entry in entries:
            entry.steps = entry.history()
        steps = [step for entry in entries for step in entry.steps]
        received = [entry.amount for entry in entries if entry.voided_at is None or entry.is_refunded]
        return {
            **paper_of(payment.invoice),
            "payment": payment,
            "entries": entries,
            "received": sum(received, ZERO) if len(entries) > 1 else payment.amount,
            "given_back": sum((step.refund.amount for step in steps if step.is_refunded), ZERO),
            "kept": sum((step.amount for step in steps if step.voided_at is None), ZERO),
            "document_title": _("Receipt") if payment.is_money else payment.get_kind_display(),
            "document_number": payment.document_number or payment.invoice.invoice_number,
        }

    def document_name(self) -> str:
        return f"receipt-{self.object.invoice.invoice_number}-{str(self.object.pk)[-6:]}.pdf"


class PaymentReceiptNarrow(PaymentReceipt):
    """The receipt for a till's printer, 80 mm wide."""

    permission = "payments.view"

    def get_template_names(self) -> list[str]:
        return ["billing/pdf/receipt_narrow.html"]

    def document_context(self) -> dict[str, Any]:
        return {**super().document_context(), "stylesheet": f"{BASE_URL}{settings.STATIC_URL}css/receipt.css"}


class RefundVoucher(PdfPage):
    """The printed voucher of a refund, signed by whoever received the money."""

    permission = "payments.view"
    model = Refund
    template_name = "billing/pdf/refund.html"

    def get_queryset(self) -> Any:
        return Refund.objects.select_related(
            "patient",
            "processed_by_user",
            "payment",
            "invoice__patient__insurance_provider",
            "invoice__appointment__doctor",
        )

    def document_context(self) -> dict[str, Any]:
        invoice = self.object.invoice
        return {
            **paper_of(invoice),
            "refund": self.object,
            "document_title": _("Refund voucher"),
            "document_number": invoice.invoice_number,
        }

    def document_name(self) -> str:
        return f"refund-{self.object.invoice.invoice_number}-{str(self.object.pk)[-6:]}.pdf"
