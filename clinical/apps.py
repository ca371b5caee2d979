"""Clinical as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClinicalConfig(AppConfig):
    """Vital signs, consultations, prescriptions and lab tests."""

    name = "clinical"
    verbose_name = _("Clinical")

    def ready(self) -> None:
        from clinical import checks  # noqa: F401 - the check registers itself
