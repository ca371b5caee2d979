"""The audit app listens; nobody imports it."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """Audit trail."""

    name = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        from audit import receivers  # noqa: F401 - receivers attach on import

        post_migrate.connect(schedule, sender=self, dispatch_uid="audit.schedule")


def schedule(using: str = "default", **_kwargs: Any) -> None:
    """Tell of opened confidential charts once a day."""
    from healthcare.tasks import DAY, repeat

    repeat("audit.daily.tell_of_confidential_charts", minutes=DAY, using=using)
