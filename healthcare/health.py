"""Probes: is the process alive, is it ready to serve, and what should somebody look at."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from healthcare.access import RoleView
from healthcare.clock import now
from healthcare.roles import PUBLIC

#: Below this the clinic should be told before writes fail.
MIN_FREE_BYTES = 200 * 1024 * 1024
#: A worker that finished nothing for so long is taken for dead.
HEARTBEAT = timedelta(minutes=3)
#: A row of the trail should have its seal by then.
SEAL_PATIENCE = timedelta(minutes=5)


class Healthz(RoleView):
    """Answers while the process lives."""

    permission = PUBLIC

    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"status": "ok"})


class Readyz(RoleView):
    """503 with the failed part unless database, migrations, worker and disk are well.

    Backups and seals call for a person, not for another machine: they are told, and count with `?strict=1` only.
    """

    permission = PUBLIC

    def get(self, request: HttpRequest) -> HttpResponse:
        answers = database_answers()  # if not, nobody waits for it again and again
        parts = {
            "database": answers,
            "migrations": answers and is_migrated(),
            "worker": answers and worker_lives(),
            "disk": free_bytes() > MIN_FREE_BYTES,
        }
        watched = {"backup": answers and backup_is_fresh(), "seals": answers and seals_are_fresh()}
        counting = [*parts.values(), *(watched.values() if request.GET.get("strict") else ())]
        ready = all(counting)
        return JsonResponse({"ready": ready, **parts, "watched": watched}, status=200 if ready else 503)


def database_answers() -> bool:
    """A query works."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def is_migrated() -> bool:
    """Nothing is left to migrate."""
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return False


def worker_lives() -> bool:
    """Some worker finished a task lately: the sweep, which is due every minute, is its heartbeat."""
    seen = moment_of("django_q", "Task", "stopped")
    return seen is not None and seen >= now() - HEARTBEAT


def free_bytes() -> int:
    """What is left on the disk of the clinic's files."""
    return shutil.disk_usage(settings.VAR_DIR).free


def moment_of(app: str, model: str, field: str, **which: Any) -> datetime | None:
    """The newest moment in a column; None where there is none, or no database."""
    try:
        rows = apps.get_model(app, model)._default_manager.filter(**which).order_by(f"-{field}")
        return rows.values_list(field, flat=True).first()
    except DatabaseError:
        return None


def last_backup() -> datetime | None:
    """When a backup was last made, on whatever machine: the trail says so."""
    return moment_of("audit", "AuditLog", "created_at", entity_type="backup", action="export")


def backup_is_fresh() -> bool:
    """Whether the newest backup is as young as BACKUP_MAX_AGE_HOURS asks for."""
    made = last_backup()
    return made is not None and made >= now() - timedelta(hours=settings.BACKUP_MAX_AGE_HOURS)


def seal_lag() -> timedelta | None:
    """How far the newest seal is behind the newest row of the trail; None where nothing was ever sealed."""
    sealed = moment_of("audit", "AuditSeal", "created_at")
    written = moment_of("audit", "AuditLog", "created_at")
    if sealed is None or written is None:
        return None
    return max(timedelta(0), written - sealed)


def seals_are_fresh() -> bool:
    """Whether the sealer keeps up."""
    lag = seal_lag()
    return lag is not None and lag <= SEAL_PATIENCE
