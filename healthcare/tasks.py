"""Background work behind one function, so that the engine can change."""

from __future__ import annotations

import logging
from datetime import datetime, tzinfo
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.utils import timezone

from healthcare.clock import zone

logger = logging.getLogger(__name__)

#: Minutes.
DAY = 24 * 60


def enqueue(function: str, *args: Any) -> None:
    """Run `function` (dotted path) in a worker once the present transaction has committed.

    The order is written by the same transaction: a process that is killed a moment later loses neither, and the disk
    is waited for once. A broken queue is logged and never shown as the change's failure.
    """
    from django_q.conf import Conf
    from django_q.tasks import async_task

    if Conf.SYNC:  # tests: on the spot instead of in a worker
        transaction.on_commit(lambda: async_task(function, *args), robust=True)
        return
    try:
        with transaction.atomic():
            async_task(function, *args)
    except DatabaseError:
        logger.exception("%s was not put in the queue", function)


def keep_clinics_time(**_kwargs: Any) -> None:
    """Before each task: what a worker looks up by day, and writes, is by the clinic's clock as it is set now."""
    timezone.activate(zone())


def keep_daily_times(before: tzinfo, after: tzinfo) -> None:
    """The clinic's clock was moved to another zone: daily work keeps its time on it."""
    from django_q.models import Schedule

    for work in Schedule.objects.filter(minutes=DAY):
        work.next_run = work.next_run.astimezone(before).replace(tzinfo=after)
        work.save(update_fields=["next_run"])


def repeat(function: str, *, minutes: int, first: datetime | None = None, using: str = DEFAULT_DB_ALIAS) -> None:
    """Have a worker run `function` every so many minutes, from `first` on; call it after `migrate`, at will.

    Nothing happens while only some apps are migrated, and the worker's not yet.
    """
    from django_q.models import Schedule

    if Schedule._meta.db_table not in connections[using].introspection.table_names():
        return
    when = {"next_run": first} if first else {}
    Schedule.objects.get_or_create(
        func=function,
        defaults={"name": function, "schedule_type": Schedule.MINUTES, "minutes": minutes, "repeats": -1, **when},
    )
