"""What the worker does for the books each night."""

from __future__ import annotations

import logging
from datetime import time
from typing import Any

from django.core.management import call_command
from django.db.models import F

from billing.forms import ApplyPriceForm
from billing.models import Service
from billing.reconcile import differences
from healthcare.clock import next_at
from healthcare.workflow import submit

logger = logging.getLogger("healthcare.billing")
#: So many differences are written to the log one by one.
LOGGED = 50


def mark_overdue() -> None:
    """Let the saved status follow the calendar; the pages show it without this."""
    call_command("mark_overdue", verbosity=0)


def apply_prices() -> int:
    """Let the price list's own column follow the calendar; forms ask for the valid price without this."""
    due = Service.objects.priced().exclude(price_valid=F("default_price")).filter(price_valid__isnull=False)
    return sum(submit(ApplyPriceForm, actor=None, instance=service).is_valid() for service in list(due))


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
    from healthcare.tasks import DAY, repeat

    nights = {"mark_overdue": time(0, 5), "apply_prices": time(0, 10), "reconcile": time(3, 0)}
    for name, at in nights.items():
        repeat(f"billing.nightly.{name}", minutes=DAY, first=next_at(at), using=using)
