"""Which visits wait for an invoice (RULE-INV-1, BYD-5)."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from billing.models import Invoice
from clinical.models import Consultation
from scheduling.models import Appointment, AppointmentStatus


def unbilled_consultations() -> QuerySet[Consultation]:
    """Completed consultations of a visit that has no invoice, or only cancelled ones."""
    invoiced = Invoice.objects.live().filter(appointment=OuterRef("appointment"))
    # A completed consultation's visit is completed too (RULE-CONS-4): no need to ask each visit.
    return Consultation.objects.completed().filter(~Exists(invoiced), appointment__isnull=False)


def billable_appointments() -> QuerySet[Appointment]:
    """The visits of those consultations, newest first."""
    invoiced = Invoice.objects.live().filter(appointment=OuterRef("pk"))
    return (
        Appointment.objects.filter(
            ~Exists(invoiced), status=AppointmentStatus.COMPLETED, consultation__completed_at__isnull=False
        )
        .select_related("patient")
        .order_by("-appointment_date", "-appointment_time", "-pk")
    )
