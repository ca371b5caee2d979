"""The choice of the patient for whom something is entered."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from healthcare.fields import RemoteChoiceField
from patients.models import Patient


def active_patient() -> RemoteChoiceField:
    """An active patient; a page that was open while the chart was closed or merged is told so."""
    return RemoteChoiceField(
        Patient.objects.active(),
        locks=True,  # lest the chart is merged or closed at this moment
        url_name="patient_options",
        label=_("Patient"),
        error_messages={
            "invalid_choice": _("This chart is inactive: closed, or merged into another one. Find the patient again.")
        },
    )
