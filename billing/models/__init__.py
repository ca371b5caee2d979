"""The price list, invoices with their lines, and payments."""

from billing.models.invoices import (
    LIVE_STATUSES,
    Invoice,
    InvoiceLineItem,
    InvoiceStatus,
)
from billing.models.payments import Payment, PaymentMethod
from billing.models.services import Service, ServiceType
from billing.models.unbilled import UnbilledVisit

__all__ = [
    "LIVE_STATUSES",
    "Invoice",
    "InvoiceLineItem",
    "InvoiceStatus",
    "Payment",
    "PaymentMethod",
    "Service",
    "ServiceType",
    "UnbilledVisit",
]
