"""The choice of the patient for whom something is entered."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from healthcare.fields import RemoteChoiceField
from patients.models import Patient

INACTIVE = _("This chart is inactive: closed, or merged into another one. Find the patient again.")


def active_patient(inactive: Any = INACTIVE) -> RemoteChoiceField:
    """An active patient, locked lest the chart is closed, merged or booked elsewhere at this moment.

    A page that was open meanwhile reads the words `inactive`.
    """
    return RemoteChoiceField(
        Patient.objects.active(),
        locks=True,
        url_name="patient_options",
        label=_("Patient"),
        error_messages={"invalid_choice": inactive},
    )
