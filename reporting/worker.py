"""Making reports in the background: survives a killed worker, never leaves a row in `generating`."""

from __future__ import annotations

import logging
import traceback
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from healthcare.clock import now
from healthcare.context import act
from healthcare.storage import put
from healthcare.tasks import enqueue
from reporting import documents
from reporting.figures import compute
from reporting.models import MAX_ATTEMPTS, Mailing, Report, ReportStatus
from reporting.watch import Lost, Watch

logger = logging.getLogger("reporting.worker")

TASK = "reporting.worker.generate"
MAIL = "reporting.mail.send"


def generate(report_id: str) -> None:
    """Make one report. Safe to call twice: whoever does not get the claim leaves it alone."""
    claimed = claim(report_id)
    if not claimed:
        return
    report = Report.objects.select_related("generated_by_user").get(pk=report_id)
    use_little_memory()
    try:
        with Watch(report.pk, claimed) as watch:
            result = compute(
                report,
                lambda share, table, rows: watch.tell(
                    5 + int(share * 55), _("Counting: %(table)s") % {"table": table}, rows
                ),
            )
            rows = sum(len(table["rows"]) for table in result["tables"])
            watch.tell(60, _("Drawing the PDF"), rows)
            put(documents.path(report, claimed, "pdf"), documents.pdf(report, result))
            watch.tell(85, _("Writing the Excel file"), rows)
            put(documents.path(report, claimed, "xlsx"), documents.excel(report, result))
            watch.tell(95, _("Putting it in place"), rows)
    except Lost:
        documents.remove(documents.path(report, claimed, "pdf"))
    except Exception as error:  # whatever went wrong, the person must learn it instead of waiting
        # Frames only: an exception's message may hold a patient's data.
        frames = "".join(traceback.format_tb(error.__traceback__))
        logger.error("Report %s failed: %s\n%s", report_id, type(error).__name__, frames)
        finish(report, claimed, status=ReportStatus.FAILED, failure_reason=reason_of(error))
    else:
        path = documents.path(report, claimed, "pdf")
        finish(report, claimed, status=ReportStatus.COMPLETED, result=result, file_path=path, failure_reason="")


def use_little_memory() -> None:
    """SQLite runs in this process: it is to sort a million rows on the disk and to map no file."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA mmap_size = 0")
            cursor.execute("PRAGMA temp_store = FILE")


def claim(report_id: str) -> str:
    """Take the report for this worker: a token that only it holds, or nothing if it is not to be made now.

    The attempt is counted before anything else, so that a job which kills its worker runs out of attempts.
    """
    token = str(uuid4())
    free = Q(attempts=0) | Q(updated_at__lt=stale_before())
    # A counter of machinery, not a change that the audit trail should tell.
    taken = Report.objects.filter(free, pk=report_id, status=ReportStatus.GENERATING, attempts__lt=MAX_ATTEMPTS).update(
        attempts=F("attempts") + 1, claim=token, updated_at=now(), progress=5, stage=_("Started"), rows=0
    )
    return token if taken else ""


def stale_before() -> Any:
    """A worker that gave no sign of life since then is taken for dead."""
    return now() - timedelta(seconds=settings.REPORT_LEASE_SECONDS)


def finish(report: Report, claimed: str, *, status: str, **values: Any) -> None:
    """Write the outcome, unless it was cancelled or another worker has taken it over meanwhile.

    Files have their claim's name, so they show when the row names them and are nobody's business before.
    """
    with transaction.atomic(), act(user=report.generated_by_user):
        row = Report.objects.select_for_update(of=("self",)).select_related("schedule").get(pk=report.pk)
        former = row.file_path
        if row.claim != claimed or row.status != ReportStatus.GENERATING:
            former = documents.path(report, claimed, "pdf")
        else:
            row.status, row.generated_at, row.progress, row.stage, row.file_path = status, now(), 100, "", ""
            for name, value in values.items():
                setattr(row, name, value)
            with act(action="generate", subject=row):
                row.save()
            if status == ReportStatus.COMPLETED and row.schedule and row.schedule.mailing != Mailing.NONE:
                enqueue(MAIL, str(row.pk))
        if former and former != row.file_path:
            transaction.on_commit(lambda: documents.remove(former))


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
    for report in stuck.select_related("generated_by_user").defer("result"):
        if report.attempts >= MAX_ATTEMPTS:
            reason = _("Its worker stopped %(count)s times while making it.") % {"count": report.attempts}
            finish(report, report.claim, status=ReportStatus.FAILED, failure_reason=reason)
        elif report.attempts:
            # The claim itself renews the sign of life; two deliveries meet there.
            enqueue(TASK, str(report.pk))
        elif Report.objects.filter(pk=report.pk, attempts=0, updated_at=report.updated_at).update(updated_at=now()):
            # Never begun: its task was lost, or the queue is long. Looked at again after another lease.
            enqueue(TASK, str(report.pk))


def tidy() -> None:
    """Remove files that are older than the clinic keeps them; the figures stay, and can be made into files again."""
    before = now() - timedelta(days=settings.REPORT_KEEP_DAYS)
    old = Report.objects.filter(status=ReportStatus.COMPLETED, generated_at__lt=before).exclude(file_path="")
    for report in old.defer("result"):
        path, report.file_path = report.file_path, ""
        report.save(update_fields=["file_path"])
        documents.remove(path)
    documents.remove_orphans()


def worker_started(**_signal: Any) -> None:
    """A new worker first picks up what a dead one left behind."""
    try:
        sweep()
    except DatabaseError as error:
        logger.warning("Could not look for unfinished reports: %s", type(error).__name__)
