"""Scheduling as a Django app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class SchedulingConfig(AppConfig):
    """Scheduling."""

    name = "scheduling"
    verbose_name = _("Scheduling")

    def ready(self) -> None:
        from scheduling import nightly

        post_migrate.connect(nightly.schedule, sender=self, dispatch_uid="scheduling.nightly")
