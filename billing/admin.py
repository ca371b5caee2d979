"""Billing in the Django admin: invoices and payments are made and changed on their own pages only."""

from django.contrib import admin

from billing.forms.services import ServiceForm
from billing.models import Invoice, InvoiceLineItem, Payment, Service
from healthcare.admin_site import ClinicAdmin


@admin.register(Service)
class ServiceAdmin(ClinicAdmin):
    """The price list."""

    add_form = change_form = ServiceForm
    list_display = ("name", "service_type", "default_price", "department", "is_active")
    list_filter = ("service_type", "is_active", "department")
    search_fields = ("name",)


@admin.register(Invoice)
class InvoiceAdmin(ClinicAdmin):
    """Invoices."""

    list_display = ("invoice_number", "patient", "invoice_date", "due_date", "total_amount", "balance_due", "status")
    list_filter = ("status", "invoice_date")
    search_fields = ("invoice_number",)


@admin.register(InvoiceLineItem)
class InvoiceLineItemAdmin(ClinicAdmin):
    """Lines of invoices."""

    list_display = ("invoice", "description", "quantity", "unit_price", "line_total")
    search_fields = ("description",)


@admin.register(Payment)
class PaymentAdmin(ClinicAdmin):
    """Payments."""

    list_display = ("payment_date", "invoice", "patient", "amount", "payment_method", "voided_at")
    list_filter = ("payment_method", "payment_date")
    search_fields = ("transaction_reference",)
