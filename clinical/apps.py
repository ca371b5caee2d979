"""Clinical as a Django app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ClinicalConfig(AppConfig):
    """Vital signs, consultations, prescriptions and lab tests."""

    name = "clinical"
    verbose_name = _("Clinical")

    def ready(self) -> None:
        from clinical import checks, downtime  # noqa: F401 - the check registers itself

        post_migrate.connect(downtime.schedule, sender=self, dispatch_uid="clinical.downtime")
