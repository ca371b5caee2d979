"""Filters of the lists of services, invoices and payments."""

from __future__ import annotations

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _

from billing.account import AGES, due_between
from billing.models import (
    LIVE_STATUSES,
    Invoice,
    InvoiceStatus,
    Payment,
    PaymentKind,
    PaymentMethod,
    Service,
    ServiceType,
)
from departments.models import Department
from healthcare.fields import RemoteChoiceFilter
from healthcare.filters import FilterSet
from patients.models import Patient


class ServiceFilter(FilterSet):
    """Services by type and department."""

    service_type = django_filters.ChoiceFilter(choices=ServiceType.choices, label=_("Type"))
    department = django_filters.ModelChoiceFilter(queryset=Department.objects.active(), label=_("Department"))

    class Meta:
        model = Service
        fields = ["service_type", "department"]


class InvoiceFilter(FilterSet):
    """Invoices by status (as shown today), dates and patient."""

    status = django_filters.ChoiceFilter(choices=InvoiceStatus.choices, label=_("Status"), method="by_status")
    invoice_date = django_filters.DateFilter(label=_("On"))
    date_from = django_filters.DateFilter(field_name="invoice_date", lookup_expr="gte", label=_("From"))
    date_to = django_filters.DateFilter(field_name="invoice_date", lookup_expr="lte", label=_("To"))
    age = django_filters.ChoiceFilter(
        label=_("Owed"), choices=[(name, label) for _limit, name, label in AGES], method="by_age"
    )
    patient = RemoteChoiceFilter(queryset=Patient.objects.all(), url_name="patient_options", label=_("Patient"))

    class Meta:
        model = Invoice
        fields = ["status", "patient", "age", "date_from", "date_to", "invoice_date"]

    def by_age(self, rows: Any, name: str, value: str) -> Any:
        """Those on which money is owed for so long."""
        return rows.filter(due_between(value), status__in=LIVE_STATUSES, balance_due__gt=0)

    def by_status(self, rows: Any, name: str, value: str) -> Any:
        """The status that follows the calendar, as the list shows it."""
        return rows.shown_as(value)


class PaymentFilter(FilterSet):
    """Payments by kind, method, dates, patient, and whether they were voided."""

    kind = django_filters.ChoiceFilter(choices=PaymentKind.choices, label=_("Kind"))
    payment_method = django_filters.ChoiceFilter(choices=PaymentMethod.choices, label=_("Method"))
    date_from = django_filters.DateFilter(field_name="payment_date", lookup_expr="date__gte", label=_("From"))
    date_to = django_filters.DateFilter(field_name="payment_date", lookup_expr="date__lte", label=_("To"))
    patient = RemoteChoiceFilter(queryset=Patient.objects.all(), url_name="patient_options", label=_("Patient"))
    voided = django_filters.ChoiceFilter(
        label=_("Voided"), choices=[("true", _("Yes")), ("false", _("No"))], method="by_voided"
    )

    class Meta:
        model = Payment
        fields = ["kind", "payment_method", "patient", "date_from", "date_to", "voided"]

    def by_voided(self, rows: Any, name: str, value: str) -> Any:
        """Those taken back, or those that count."""
        return rows.filter(voided_at__isnull=value != "true")
