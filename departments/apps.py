"""Departments and staff as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DepartmentsConfig(AppConfig):
    """Departments and staff."""

    name = "departments"
    verbose_name = _("Departments and staff")
