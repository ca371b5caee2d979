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
        post_migrate.connect(schedule_work, sender=self, dispatch_uid="reporting.schedule_work")


def schedule_work(using: str = "default", **_kwargs: Any) -> None:
    """Once a minute: reports whose worker is gone. Every few minutes: those that are due. Each day: old files."""
    from healthcare.tasks import DAY, repeat

    repeat("reporting.worker.sweep", minutes=1, using=using)
    repeat("reporting.schedules.run", minutes=5, using=using)
    repeat("reporting.worker.tidy", minutes=DAY, using=using)
