"""Patients as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PatientsConfig(AppConfig):
    """Patients."""

    name = "patients"
    verbose_name = _("Patients")
