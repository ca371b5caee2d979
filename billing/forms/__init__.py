"""What people do with the price list, invoices and payments: one form each."""

from billing.forms.invoices import (
    CancelInvoiceForm,
    CreateInvoiceForm,
    EditInvoiceForm,
    InvoiceForm,
    IssueInvoiceForm,
    MarkOverdueForm,
)
from billing.forms.payments import RecordPaymentForm, VoidPaymentForm
from billing.forms.services import DeactivateServiceForm, ReactivateServiceForm, ServiceForm
from billing.forms.settlements import CreditNoteForm, RefundPaymentForm, WriteOffForm

__all__ = [
    "CancelInvoiceForm",
    "CreateInvoiceForm",
    "CreditNoteForm",
    "DeactivateServiceForm",
    "EditInvoiceForm",
    "InvoiceForm",
    "IssueInvoiceForm",
    "MarkOverdueForm",
    "ReactivateServiceForm",
    "RecordPaymentForm",
    "RefundPaymentForm",
    "ServiceForm",
    "VoidPaymentForm",
    "WriteOffForm",
]
