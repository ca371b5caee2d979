"""Making the scheduled reports that are due: by the same form, in the name of the person who set them up."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from healthcare.clock import today
from healthcare.workflow import submit
from reporting.forms import NARROWED, RequestReportForm
from reporting.models import ReportSchedule
from reporting.periods import due_period, next_on

logger = logging.getLogger("reporting.schedules")


def run() -> None:
    """Ask for each report that is due. After days without a worker: once, for the latest period."""
    day = today()
    for schedule in ReportSchedule.objects.active().filter(next_on__lte=day).select_related("generated_by_user"):
        following = next_on(schedule.frequency, day)
        with transaction.atomic():
            # Whoever moves the date on asks for the report; another worker finds it moved.
            due = ReportSchedule.objects.active().filter(pk=schedule.pk, next_on=schedule.next_on)
            if due.update(next_on=following):
                ask(schedule, day)


def ask(schedule: ReportSchedule, day: Any) -> None:
    """Ask for one report; whoever lost the role or left gets none."""
    period = due_period(schedule.frequency, day)
    parameters = schedule.parameters or {}
    data = {
        "report_type": schedule.report_type,
        "report_name": f"{schedule.report_name} {period}"[:200],
        "start_date": str(period.start),
        "end_date": str(period.end),
        "compare": "" if parameters.get("compare") is False else "on",
        **{name: parameters[f"{name}_id"] for name in NARROWED if f"{name}_id" in parameters},
    }
    try:
        form = submit(RequestReportForm, actor=schedule.generated_by_user, data=data, schedule=schedule)
    except PermissionDenied:
        logger.warning("Schedule %s: its person may no longer ask for reports", schedule.pk)
        return
    if not form.is_valid():
        logger.warning("Schedule %s was refused: %s", schedule.pk, sorted(form.errors))
