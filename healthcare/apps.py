"""The kernel as a Django app."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate, pre_migrate, pre_save
from django.utils.translation import gettext_lazy as _


class ClinicAdminConfig(AdminConfig):
    """Django's admin on our own site class."""

    default_site = "healthcare.admin_site.ClinicAdminSite"


class HealthcareConfig(AppConfig):
    """Shares templates, tags, checks and commands; owns no tables."""

    name = "healthcare"
    verbose_name = _("Healthcare Management System")

    def ready(self) -> None:
        from django_q.signals import pre_execute

        from healthcare import checks, guards, logs, planner, tasks  # noqa: F401 - checks and receivers register

        guards.register_messages()
        pre_execute.connect(tasks.keep_clinics_time, dispatch_uid="healthcare.clinics_time")
        pre_save.connect(tasks.keep_time_of_day, sender="django_q.Schedule", dispatch_uid="healthcare.time_of_day")
        pre_migrate.connect(guards.uninstall, sender=self, dispatch_uid="healthcare.guards_away")
        post_migrate.connect(guards.install, sender=self, dispatch_uid="healthcare.guards")
        post_migrate.connect(planner.schedule, sender=self, dispatch_uid="healthcare.statistics")
