"""Departments and staff as a Django app."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class DepartmentsConfig(AppConfig):
    """Departments and staff."""

    name = "departments"
    verbose_name = _("Departments and staff")

    def ready(self) -> None:
        post_migrate.connect(schedule, sender=self, dispatch_uid="departments.schedule")


def schedule(using: str = "default", **_kwargs: Any) -> None:
    """Failed log-ins that no longer count are forgotten once an hour."""
    from healthcare.tasks import DAY, repeat

    repeat("departments.lockout.tidy", minutes=60, using=using)
    repeat("departments.tokens.tidy", minutes=DAY, using=using)
