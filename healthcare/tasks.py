"""Background work behind one function, so that the engine can change."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, tzinfo
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.utils import timezone

from healthcare.clock import local, now, zone

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


def keep_time_of_day(instance: Any, update_fields: Any = None, **_kwargs: Any) -> None:
    """Daily work that the queue puts off by so many times 24 hours keeps its time when the clocks change."""
    if instance.minutes != DAY or instance._state.adding or update_fields is not None:
        return
    before = type(instance).objects.values_list("next_run", flat=True).get(pk=instance.pk)
    moved = instance.next_run - before
    if moved and not moved % timedelta(days=1):
        instance.next_run = before.astimezone(zone()) + moved  # on the wall: a sum within one zone
        if instance.next_run <= now():  # an hour earlier than the queue thought, and done just now
            instance.next_run += timedelta(days=1)


def repeat(function: str, *, minutes: int, first: datetime | None = None, using: str = DEFAULT_DB_ALIAS) -> None:
    """Have a worker run `function` every so many minutes, from `first` on; call it after `migrate`, at will.

    Nothing happens while only some apps are migrated, and the worker's not yet. Work that is known already and has come
    to another time of day than `first`, or further ahead than once around, is put right.
    """
    from django_q.models import Schedule

    if Schedule._meta.db_table not in connections[using].introspection.table_names():
        return
    when = {"next_run": first} if first else {}
    work, is_new = Schedule.objects.get_or_create(
        func=function,
        defaults={"name": function, "schedule_type": Schedule.MINUTES, "minutes": minutes, "repeats": -1, **when},
    )
    due = first or now() + timedelta(minutes=minutes)
    moved = first is not None and local(work.next_run).time() != local(first).time()
    # A machine whose clock was ahead for a while has put its work off until then.
    if not is_new and (moved or work.next_run > due):
        work.next_run = due
        work.save(update_fields=["next_run"])
