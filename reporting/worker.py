"""Making reports in the background: survives a killed worker, never leaves a row in `generating`."""

from __future__ import annotations

import logging
import traceback
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from healthcare.clock import now
from healthcare.context import act
from healthcare.tasks import enqueue
from reporting import documents
from reporting.figures import compute
from reporting.models import MAX_ATTEMPTS, Report, ReportStatus

logger = logging.getLogger("reporting.worker")

TASK = "reporting.worker.generate"


def generate(report_id: str) -> None:
    """Make one report. Safe to call twice: whoever does not get the claim leaves it alone."""
    attempt = claim(report_id)
    if not attempt:
        return
    report = Report.objects.select_related("generated_by_user").get(pk=report_id)
    try:
        tell(report, attempt, 10, _("Counting"))
        result = compute(report)
        tell(report, attempt, 60, _("Drawing the PDF"))
        documents.keep(documents.path_of(report, "pdf"), documents.pdf(report, result), attempt)
        tell(report, attempt, 85, _("Writing the Excel file"))
        documents.keep(documents.path_of(report, "xlsx"), documents.excel(report, result), attempt)
    except Exception as error:  # whatever went wrong, the person must learn it instead of waiting
        # Frames only: an exception's message may hold a patient's data.
        frames = "".join(traceback.format_tb(error.__traceback__))
        logger.error("Report %s failed: %s\n%s", report_id, type(error).__name__, frames)
        finish(report, attempt, status=ReportStatus.FAILED, failure_reason=reason_of(error))
    else:
        path = documents.path_of(report, "pdf")
        finish(report, attempt, status=ReportStatus.COMPLETED, result=result, file_path=path, failure_reason="")


def claim(report_id: str) -> int:
    """Take the report for this worker: the number of the attempt, or 0 if it is not to be made now.

    The attempt is counted before anything else, so that a job which kills its worker runs out of attempts.
    """
    free = Q(attempts=0) | Q(updated_at__lt=stale_before())
    # A counter of machinery, not a change that the audit trail should tell.
    taken = Report.objects.filter(free, pk=report_id, status=ReportStatus.GENERATING, attempts__lt=MAX_ATTEMPTS).update(
        attempts=F("attempts") + 1, updated_at=now(), progress=5, stage=_("Started")
    )
    return Report.objects.values_list("attempts", flat=True).get(pk=report_id) if taken else 0


def stale_before() -> Any:
    """A worker that has not told its progress since then is taken for dead."""
    return now() - timedelta(seconds=settings.REPORT_LEASE_SECONDS)


def tell(report: Report, attempt: int, progress: int, stage: str) -> None:
    """Show how far it is; this is also the sign of life."""
    Report.objects.filter(pk=report.pk, attempts=attempt, status=ReportStatus.GENERATING).update(
        progress=progress, stage=stage, updated_at=now()
    )


def finish(report: Report, attempt: int, *, status: str, **values: Any) -> None:
    """Write the outcome, unless another worker has taken the report over meanwhile."""
    with transaction.atomic(), act(user=report.generated_by_user):
        row = Report.objects.select_for_update(of=("self",)).get(pk=report.pk)
        if row.attempts != attempt or row.status != ReportStatus.GENERATING:
            return
        row.status, row.generated_at, row.progress, row.stage = status, now(), 100, ""
        for name, value in values.items():
            setattr(row, name, value)
        with act(action="generate", subject=row):
            row.save()


def reason_of(error: Exception) -> str:
    """What went wrong, for the person who waits."""
    if isinstance(error, DatabaseError):
        return _("The database did not answer. Make the report again in a few minutes.")
    if isinstance(error, OSError):
        return _("The files could not be written. Ask the administrator whether the disk is full.")
    return _("Something unexpected went wrong. The technical log has the details.")


def sweep() -> None:
    """Find reports whose worker is gone: start them again, or give up after too many attempts."""
    stuck = Report.objects.filter(status=ReportStatus.GENERATING, updated_at__lt=stale_before())
    for report in stuck.select_related("generated_by_user"):
        if report.attempts >= MAX_ATTEMPTS:
            reason = _("Its worker stopped %(count)s times while making it.") % {"count": report.attempts}
            finish(report, report.attempts, status=ReportStatus.FAILED, failure_reason=reason)
        elif report.attempts:
            # The claim itself renews the sign of life; two deliveries meet there.
            enqueue(TASK, str(report.pk))
        elif Report.objects.filter(pk=report.pk, attempts=0, updated_at=report.updated_at).update(updated_at=now()):
            # Never begun: its task was lost, or the queue is long. Looked at again after another lease.
            enqueue(TASK, str(report.pk))


def worker_started(**_signal: Any) -> None:
    """A new worker first picks up what a dead one left behind."""
    try:
        sweep()
    except DatabaseError as error:
        logger.warning("Could not look for unfinished reports: %s", type(error).__name__)
