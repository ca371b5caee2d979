"""Billing in the Django admin: invoices and payments are made and changed on their own pages only."""

from django.contrib import admin

from billing.forms.services import DeactivateServiceForm, ReactivateServiceForm, ServiceForm
from billing.models import CashClose, Invoice, InvoiceLineItem, Payment, Refund, Service, ServicePrice
from healthcare.admin_site import ClinicAdmin, ReadOnlyInline


class ServicePriceInline(ReadOnlyInline):
    """A service's prices, past and planned."""

    model = ServicePrice
    fields = ("valid_from", "price")


class LineInline(ReadOnlyInline):
    """An invoice's lines."""

    model = InvoiceLineItem
    fields = ("description", "quantity", "unit_price", "line_total")


class PaymentInline(ReadOnlyInline):
    """What was paid towards an invoice."""

    model = Payment
    fields = ("payment_date", "amount", "payment_method", "voided_at")


@admin.register(Service)
class ServiceAdmin(ClinicAdmin):
    """The price list."""

    add_form = change_form = ServiceForm
    list_display = ("name", "service_type", "default_price", "department", "is_active")
    list_filter = ("service_type", "is_active", "department")
    search_fields = ("name",)
    row_forms = (DeactivateServiceForm, ReactivateServiceForm)
    inlines = (ServicePriceInline,)


@admin.register(Invoice)
class InvoiceAdmin(ClinicAdmin):
    """Invoices."""

    list_display = (
        "invoice_number",
        "patient",
        "invoice_date",
        "due_date",
        "total_amount",
        "balance_due",
        "shown_status",
    )
    list_filter = ("status", "invoice_date")
    search_fields = ("invoice_number",)
    inlines = (LineInline, PaymentInline)


@admin.register(InvoiceLineItem)
class InvoiceLineItemAdmin(ClinicAdmin):
    """Lines of invoices."""

    list_display = ("invoice", "description", "quantity", "unit_price", "line_total")
    list_filter = ("invoice__status",)
    search_fields = ("description", "invoice__invoice_number")


@admin.register(Payment)
class PaymentAdmin(ClinicAdmin):
    """Payments."""

    list_display = ("payment_date", "invoice", "patient", "amount", "payment_method", "voided_at")
    list_filter = ("payment_method", "payment_date")
    search_fields = ("transaction_reference",)


@admin.register(Refund)
class RefundAdmin(ClinicAdmin):
    """Money given back."""

    list_display = ("refunded_at", "invoice", "patient", "amount", "payment_method", "reason")
    list_filter = ("payment_method", "refunded_at")
    search_fields = ("transaction_reference", "reason")


@admin.register(CashClose)
class CashCloseAdmin(ClinicAdmin):
    """Daily cash closes."""

    list_display = ("business_date", "officer", "expected_total", "counted_total", "variance", "status")
    list_filter = ("status", "business_date")
    search_fields = ("officer__last_name",)


@admin.register(ServicePrice)
class ServicePriceAdmin(ClinicAdmin):
    """Prices and the day from which they are valid."""

    list_display = ("service", "valid_from", "price")
    list_filter = ("valid_from",)
    search_fields = ("service__name",)
