"""What the worker does for the books each night."""

from __future__ import annotations

import logging
from datetime import datetime, time, timedelta
from typing import Any

from django.core.management import call_command
from django.utils import timezone

from billing.reconcile import differences
from healthcare.clock import now

logger = logging.getLogger("healthcare.billing")
#: So many differences are written to the log one by one.
LOGGED = 50


def mark_overdue() -> None:
    """Let the saved status follow the calendar; the pages show it without this."""
    call_command("mark_overdue", verbosity=0)


def reconcile() -> int:
    """Compare the books and log what does not agree, by numbers of documents only. Repairs nothing."""
    found = list(differences())
    for difference in found[:LOGGED]:
        logger.error("Reconcile: %s", difference)
    if found:
        logger.error("Reconcile: %d differences. See `manage.py reconcile`.", len(found))
    return len(found)


def schedule(using: str = "default", **_kwargs: Any) -> None:
    """Shortly after midnight, and at three o'clock, on the clinic's wall."""
    from django.db import connections

    from healthcare.tasks import repeat

    if "django_q_schedule" in connections[using].introspection.table_names():
        for function, at in (("billing.nightly.mark_overdue", time(0, 5)), ("billing.nightly.reconcile", time(3, 0))):
            repeat(function, minutes=24 * 60, first=next_at(at))


def next_at(at: time) -> datetime:
    """The next moment when the clinic's clock shows this time."""
    zone = timezone.get_default_timezone()
    today_at = datetime.combine(now().astimezone(zone).date(), at, tzinfo=zone)
    return today_at if today_at > now() else today_at + timedelta(days=1)
