"""How the system itself is, for the administrator."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext as _

from healthcare.clock import local, today
from healthcare.dashboard.tiles import link
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


def parts() -> list[dict[str, Any]]:
    """Part by part: its name, whether it is well, what to know, where to look."""
    return cache.get_or_set("dashboard:health", look, KEPT) or []


def look() -> list[dict[str, Any]]:
    """Ask each part."""
    from django_q.models import Failure

    free, made = free_bytes(), last_backup()
    yesterday = today() - timedelta(days=1)
    since = Period(yesterday, today())
    lost = Failure.objects.filter(since.moments("stopped")).count()
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
        },
        {
            "label": _("Reports"),
            "well": not failed,
            "text": _("%(count)s failed since yesterday") % {"count": failed},
            "url": link("report_list", status="failed", created_at_after=yesterday),
        },
    ]
