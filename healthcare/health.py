"""Probes: is the process alive, and is it ready to serve."""

from __future__ import annotations

import shutil
from datetime import timedelta

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


class Healthz(RoleView):
    """Answers while the process lives."""

    permission = PUBLIC

    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"status": "ok"})


class Readyz(RoleView):
    """503 with the failed part unless database, migrations, worker and disk are well."""

    permission = PUBLIC

    def get(self, request: HttpRequest) -> HttpResponse:
        parts = {
            "database": self.database(),
            "migrations": self.migrations(),
            "worker": self.worker(),
            "disk": shutil.disk_usage(settings.VAR_DIR).free > MIN_FREE_BYTES,
        }
        ready = all(parts.values())
        return JsonResponse({"ready": ready, **parts}, status=200 if ready else 503)

    def database(self) -> bool:
        """A query works."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            return False
        return True

    def migrations(self) -> bool:
        """Nothing is left to migrate."""
        try:
            executor = MigrationExecutor(connection)
            return not executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError:
            return False

    def worker(self) -> bool:
        """Some worker finished a task lately: the sweep, which is due every minute, is its heartbeat."""
        from django_q.models import Task

        try:
            return Task.objects.filter(stopped__gte=now() - HEARTBEAT).exists()
        except DatabaseError:
            return False
