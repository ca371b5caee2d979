"""What people do with the price list, invoices and payments: one form each."""

from billing.forms.cash_closes import CountCashForm, RejectCashCloseForm, SignOffCashCloseForm
from billing.forms.invoices import (
    CancelInvoiceForm,
    CreateInvoiceForm,
    EditInvoiceForm,
    InvoiceForm,
    IssueInvoiceForm,
    MarkOverdueForm,
)
from billing.forms.line_items import AddLineItemForm, EditLineItemForm, RemoveLineItemForm
from billing.forms.payments import ChangePaymentForm, RecordPaymentForm, VoidPaymentForm
from billing.forms.services import DeactivateServiceForm, ReactivateServiceForm, ServiceForm
from billing.forms.settlements import CreditNoteForm, RefundPaymentForm, WriteOffForm

__all__ = [
    "AddLineItemForm",
    "CancelInvoiceForm",
    "ChangePaymentForm",
    "CountCashForm",
    "CreateInvoiceForm",
    "CreditNoteForm",
    "DeactivateServiceForm",
    "EditInvoiceForm",
    "EditLineItemForm",
    "InvoiceForm",
    "IssueInvoiceForm",
    "MarkOverdueForm",
    "ReactivateServiceForm",
    "RecordPaymentForm",
    "RefundPaymentForm",
    "RejectCashCloseForm",
    "RemoveLineItemForm",
    "ServiceForm",
    "SignOffCashCloseForm",
    "VoidPaymentForm",
    "WriteOffForm",
]
