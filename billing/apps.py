"""Billing as a Django app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    """Billing."""

    name = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        from billing import nightly

        post_migrate.connect(nightly.schedule, sender=self, dispatch_uid="billing.nightly")
