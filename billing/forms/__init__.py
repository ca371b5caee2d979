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

__all__ = [
    "CancelInvoiceForm",
    "CreateInvoiceForm",
    "DeactivateServiceForm",
    "EditInvoiceForm",
    "InvoiceForm",
    "IssueInvoiceForm",
    "MarkOverdueForm",
    "ReactivateServiceForm",
    "RecordPaymentForm",
    "ServiceForm",
    "VoidPaymentForm",
]
