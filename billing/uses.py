"""Prices of a department, and drafts that name a service."""

from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, Service
from healthcare.uses import Use

USES = [
    Use(
        "departments.Department",
        _("services of the price list"),
        lambda department: Service.objects.active().filter(department=department),
        "service_list",
        lambda department: {"department": department.pk},
    ),
    Use(
        "billing.Service",
        _("draft invoices that name it"),
        lambda service: Invoice.objects.filter(status="draft", line_items__service=service).distinct(),
        "invoice_list",
        lambda service: {"status": "draft"},
    ),
]
