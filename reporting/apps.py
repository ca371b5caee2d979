"""Reporting as a Django app."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ReportingConfig(AppConfig):
    """Reporting."""

    name = "reporting"
    verbose_name = _("Reporting")

    def ready(self) -> None:
        from django_q.signals import post_spawn

        from reporting import worker

        post_spawn.connect(worker.worker_started, dispatch_uid="reporting.worker_started")
        post_migrate.connect(schedule_sweep, sender=self, dispatch_uid="reporting.schedule_sweep")


def schedule_sweep(using: str = "default", **_kwargs: Any) -> None:
    """Look for reports whose worker is gone, once a minute."""
    from django.db import connections

    from healthcare.tasks import repeat

    if "django_q_schedule" in connections[using].introspection.table_names():
        repeat("reporting.worker.sweep", minutes=1)
