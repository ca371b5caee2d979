"""The API's resources about the price list, invoices, their lines and payments."""

from __future__ import annotations

from billing import forms
from billing.forms.lines import LineForm
from billing.forms.payments import PartForm
from billing.models import InvoiceLineItem, InvoiceStatus
from billing.views import invoices, payments, services
from healthcare.generic import DetailPage, ListPage
from healthcare.rest import Nested, Resource
from patients.api import PATIENTS
from scheduling.api import APPOINTMENTS

SERVICES = Resource(
    "services",
    list_page=services.ServiceList,
    detail_page=services.ServiceDetail,
    create=services.ServiceCreate,
    edit=services.ServiceEdit,
    delete=services.ServiceDeactivate,
    actions={"reactivate": services.ServiceReactivate},
)


class InvoiceLineItemList(ListPage):
    """Lines of invoices; on pages they stand within their invoice."""

    permission = "invoices.view"
    model = InvoiceLineItem


class InvoiceLineItemDetail(DetailPage):
    """One line."""

    permission = "invoices.view"
    model = InvoiceLineItem


LINE_ITEMS = Resource(
    "invoice-line-items",
    list_page=InvoiceLineItemList,
    detail_page=InvoiceLineItemDetail,
    create=forms.AddLineItemForm,
    edit=forms.EditLineItemForm,
    delete=forms.RemoveLineItemForm,
    optional=("description", "unit_price"),
)
PAYMENTS = Resource(
    "payments",
    list_page=payments.PaymentList,
    detail_page=payments.PaymentDetail,
    create=payments.PaymentCreate,
    aliases=("process",),
    edit=forms.ChangePaymentForm,
    delete=payments.PaymentVoid,
    actions={"void": payments.PaymentVoid},
    rows={"parts": PartForm},
    computed={"state": (lambda row: row.state, {"type": "string"})},
    idempotent=True,
)
INVOICES = Resource(
    "invoices",
    list_page=invoices.InvoiceList,
    detail_page=invoices.InvoiceDetail,
    create=invoices.InvoiceCreate,
    edit=invoices.InvoiceEdit,
    delete=invoices.InvoiceCancel,
    actions={"issue": invoices.InvoiceIssue, "cancel": invoices.InvoiceCancel},
    rows={"line_items": LineForm},
    # As of today: overdue follows the calendar, whether or not anybody saved.
    computed={"status": (lambda row: row.shown_status, {"type": "string", "enum": InvoiceStatus.values})},
    details={
        "patient": Nested("patient", PATIENTS),
        "appointment": Nested("appointment", APPOINTMENTS),
        "line_items": Nested("line_items", LINE_ITEMS, order="created_at", limit=500),
        "payments": Nested("payments", PAYMENTS, order="-payment_date"),
    },
    details_related=("patient", "appointment"),
    idempotent=True,
)
RESOURCES = (SERVICES, INVOICES, LINE_ITEMS, PAYMENTS)
