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
from billing.forms.price_import import ImportServicesForm
from billing.forms.services import (
    ApplyPriceForm,
    DeactivateServiceForm,
    ReactivateServiceForm,
    SchedulePriceForm,
    ServiceForm,
)
from billing.forms.settlements import CreditNoteForm, RefundPaymentForm, WriteOffForm

__all__ = [
    "AddLineItemForm",
    "ApplyPriceForm",
    "CancelInvoiceForm",
    "ChangePaymentForm",
    "CountCashForm",
    "CreateInvoiceForm",
    "CreditNoteForm",
    "DeactivateServiceForm",
    "EditInvoiceForm",
    "EditLineItemForm",
    "ImportServicesForm",
    "InvoiceForm",
    "IssueInvoiceForm",
    "MarkOverdueForm",
    "ReactivateServiceForm",
    "RecordPaymentForm",
    "RefundPaymentForm",
    "RejectCashCloseForm",
    "RemoveLineItemForm",
    "SchedulePriceForm",
    "ServiceForm",
    "SignOffCashCloseForm",
    "VoidPaymentForm",
    "WriteOffForm",
]
