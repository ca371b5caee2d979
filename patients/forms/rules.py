"""A rule about a chart that several forms share."""

from __future__ import annotations

from django.utils.translation import gettext as _

from healthcare.workflow import refuse
from patients.models import Patient, PatientMerge


def refuse_merged(patient: Patient) -> None:
    """Refuse to write into a chart that was merged into another one, perhaps a moment ago: nobody looks there."""
    merge = None if patient.is_active else PatientMerge.objects.in_force().filter(merged=patient).first()
    if merge is not None:
        raise refuse(
            _("This chart was merged into that of %(kept)s. Enter it there."), "merged", kept=merge.kept.search_label
        )
