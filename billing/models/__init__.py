"""The price list, invoices with their lines, and payments."""

from billing.models.cash_closes import CashClose, CashCloseStatus
from billing.models.invoices import (
    LIVE_STATUSES,
    Invoice,
    InvoiceLineItem,
    InvoiceStatus,
)
from billing.models.payments import REFERENCED, Payment, PaymentKind, PaymentMethod, Refund
from billing.models.services import Service, ServicePrice, ServiceType
from billing.models.unbilled import UnbilledVisit

__all__ = [
    "LIVE_STATUSES",
    "REFERENCED",
    "CashClose",
    "CashCloseStatus",
    "Invoice",
    "InvoiceLineItem",
    "InvoiceStatus",
    "Payment",
    "PaymentKind",
    "PaymentMethod",
    "Refund",
    "Service",
    "ServicePrice",
    "ServiceType",
    "UnbilledVisit",
]
