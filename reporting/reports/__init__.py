"""The seven types of reports, one class each."""

from __future__ import annotations

from typing import Any

from healthcare.roles import may
from reporting.reports.appointment_summary import AppointmentSummary
from reporting.reports.base import ReportKind
from reporting.reports.billing_summary import BillingSummary
from reporting.reports.doctor_performance import DoctorPerformance
from reporting.reports.operational_metrics import OperationalMetrics
from reporting.reports.patient_statistics import PatientStatistics
from reporting.reports.revenue import Revenue
from reporting.reports.service_utilization import ServiceUtilization

KINDS: dict[str, type[ReportKind]] = {
    str(kind.type): kind
    for kind in (
        PatientStatistics,
        Revenue,
        AppointmentSummary,
        ServiceUtilization,
        DoctorPerformance,
        BillingSummary,
        OperationalMetrics,
    )
}


def kinds_for(user: Any) -> dict[str, type[ReportKind]]:
    """The types that this person may ask for."""
    return {name: kind for name, kind in KINDS.items() if may(user, kind.permission())}


__all__ = ["KINDS", "ReportKind", "kinds_for"]
