"""Files of patients in the background: checked, then registered, a slice at a time, so that no task runs for ever."""

from __future__ import annotations

import logging
import time
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from healthcare.context import act
from healthcare.planner import renew_statistics
from healthcare.tasks import enqueue
from patients.imports import importer, reading
from patients.imports.models import ImportStatus, PatientImport

logger = logging.getLogger("patients.imports")

TASK = "patients.imports.worker.work"
#: A task ends after so long and puts the rest into the queue (a worker kills what takes ten minutes).
SLICE_SECONDS = 240.0
#: Progress is told after so many rows.
STEP = 100
#: So many problems are kept for the page and its file.
KEPT = 5000


def begin(job: PatientImport) -> None:
    """Have the file gone through from its first line."""
    enqueue(TASK, str(job.pk), job.pass_number)


def work(job_id: str, pass_number: int) -> None:
    """One slice. Safe to deliver twice: whoever finds the line moved by another stops."""
    job = PatientImport.objects.select_related("created_by_user").get(pk=job_id)
    saving = job.status == ImportStatus.IMPORTING
    if job.pass_number != pass_number or not (saving or job.status == ImportStatus.CHECKING):
        return
    try:
        with act(user=job.created_by_user), default_storage.open(job.stored_as) as file:
            done = one_slice(job, file, saving)
    except (reading.UnreadableFile, OSError) as error:
        logger.warning("Import %s failed: %s", job_id, type(error).__name__)
        why = str(error) if isinstance(error, reading.UnreadableFile) else _("The file cannot be read.")
        job.problems = [["", "failed", "", why], *job.problems]
        tell(job, job.line, job.counts)
        finish(job, ImportStatus.FAILED)
        return
    if done is None:
        return
    if not done:
        enqueue(TASK, job_id, pass_number)
        return
    finish(job, ImportStatus.COMPLETED if saving else ImportStatus.CHECKED)
    if saving:
        default_storage.delete(job.stored_as)
        renew_statistics()


def one_slice(job: PatientImport, file: Any, saving: bool) -> bool | None:
    """Go on where the pass stands: True at the end of the file, False when time is up, None if outrun."""
    layout = importer.Layout(job.headings, job.fields, job.date_order)
    run = importer.Importer(
        file, job.stored_as, layout, actor=job.created_by_user, accept_duplicates=job.accept_duplicates
    )
    started, at, told = time.monotonic(), job.line, dict(job.counts)
    line = at
    for number, result in enumerate(run.results(save=saving, after_line=at), start=1):
        line = result.line
        told[result.state] = told.get(result.state, 0) + 1
        if result.state != importer.GOOD and len(job.problems) < KEPT:
            job.problems += [[line, result.state, label, message] for label, message in result.problems]
        if number % STEP == 0:
            if not tell(job, line, told):
                return None
            if time.monotonic() - started > SLICE_SECONDS:
                return False
    return True if tell(job, line, told) else None


def tell(job: PatientImport, line: int, counts: dict[str, int]) -> bool:
    """Say how far it is; False if another worker has gone on from the same line."""
    rows = PatientImport.objects.filter(pk=job.pk, line=job.line, pass_number=job.pass_number, status=job.status)
    # A counter of machinery, not a change that the audit trail should tell.
    moved = rows.update(line=line, counts=counts, problems=job.problems[:KEPT])
    job.line, job.counts = line, counts
    return bool(moved)


def finish(job: PatientImport, status: str) -> None:
    """Write the outcome, unless the pass is another one by now."""
    with transaction.atomic():
        row = PatientImport.objects.select_for_update(of=("self",)).get(pk=job.pk)
        if row.pass_number == job.pass_number and row.status == job.status:
            row.status = status
            with act(user=job.created_by_user, action="import", subject=row):
                row.save(update_fields=["status"])
