"""Which visits wait for an invoice (RULE-INV-1, BYD-5)."""

from __future__ import annotations

from django.db.models import QuerySet

from billing.models import UnbilledVisit
from billing.models.unbilled import UnbilledVisitQuerySet
from scheduling.models import Appointment


def unbilled_visits() -> UnbilledVisitQuerySet:
    """Completed consultations of a visit that has no invoice, or only cancelled ones."""
    return UnbilledVisit.objects.select_related(
        "consultation__patient", "consultation__doctor", "appointment__department"
    )


def billable_appointments() -> QuerySet[Appointment]:
    """The visits of those consultations, newest first."""
    return (
        Appointment.objects.filter(unbilled_visit__isnull=False)
        .select_related("patient")
        .order_by("-unbilled_visit__consultation_date", "-unbilled_visit__id")
    )
