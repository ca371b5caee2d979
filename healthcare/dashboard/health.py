"""How the system itself is, for the administrator."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from healthcare.clock import local, today
from healthcare.dashboard.tiles import link
from healthcare.generic.base import Page
from healthcare.health import (
    MIN_FREE_BYTES,
    backup_is_fresh,
    free_bytes,
    last_backup,
    seals_are_fresh,
    worker_lives,
)
from reporting.models import Report, ReportStatus
from reporting.periods import Period

#: Seconds for which the answers are kept.
KEPT = 60


def since_yesterday() -> Period:
    """The days for which failures are told."""
    return Period(today() - timedelta(days=1), today())


def failed_tasks() -> Any:
    """What the worker gave up since yesterday, the latest first."""
    from django_q.models import Failure

    return Failure.objects.filter(since_yesterday().moments("stopped")).order_by("-stopped")


class FailedTasks(Page):
    """The tasks that failed: which, when, how often they were tried, by what kind of error."""

    permission = "admin.use"
    template_name = "failed_tasks.html"
    page_title = gettext_lazy("Failed background tasks")

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render_to_response(self.get_context_data())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        columns = [
            {"label": _("Ended")},
            {"label": _("Task")},
            {"label": _("Tried"), "align": "end"},
            {"label": _("Error")},
        ]
        told = ((t.stopped, t.func, t.attempt_count, kind_of_error(t.result)) for t in failed_tasks())
        rows = [{"cells": [{"column": c, "value": v} for c, v in zip(columns, values, strict=True)]} for values in told]
        count, more = _("%(count)s failed since yesterday"), _("What exactly went wrong is in the worker's log.")
        subtitle = f"{count % {'count': len(rows)}}. {more}"
        return super().get_context_data(columns=columns, rows=rows, page_subtitle=subtitle, **kwargs)


def kind_of_error(result: Any) -> str:
    """The class alone, from the end of the traceback: its message may hold what a patient's row says."""
    last = str(result or "").strip().rpartition("\n")[2]
    return last.partition(":")[0] if "Traceback" in str(result) else ""


def parts() -> list[dict[str, Any]]:
    """Part by part: its name, whether it is well, what to know, where to look."""
    return cache.get_or_set("dashboard:health", look, KEPT) or []


def look() -> list[dict[str, Any]]:
    """Ask each part."""
    free, made, since = free_bytes(), last_backup(), since_yesterday()
    lost = failed_tasks().count()
    failed = Report.objects.active().filter(since.moments("created_at"), status=ReportStatus.FAILED).count()
    return [
        {
            "label": _("Worker"),
            "well": worker_lives(),
            "text": _("background tasks run"),
            "bad": _("no sign of life"),
        },
        {
            "label": _("Disk"),
            "well": free > MIN_FREE_BYTES,
            "text": _("%(free)s GB free") % {"free": f"{free / 1e9:,.0f}"},
        },
        {
            "label": _("Backup"),
            "well": backup_is_fresh(),
            "text": f"{local(made):%Y-%m-%d %H:%M}" if made else _("never made"),
        },
        {
            "label": _("Seals of the audit log"),
            "well": seals_are_fresh(),
            "text": _("up to date"),
            "bad": _("behind: is the sealer running?"),
        },
        {
            "label": _("Background tasks"),
            "well": not lost,
            "text": _("%(count)s failed since yesterday") % {"count": lost},
            "url": link("failed_tasks"),
        },
        {
            "label": _("Reports"),
            "well": not failed,
            "text": _("%(count)s failed since yesterday") % {"count": failed},
            "url": link("report_list", status="failed", created_at_after=since.start),
        },
    ]
