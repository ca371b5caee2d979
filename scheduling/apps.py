"""Scheduling as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SchedulingConfig(AppConfig):
    """Scheduling."""

    name = "scheduling"
    verbose_name = _("Scheduling")
