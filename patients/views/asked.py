"""Pages that make something for a patient who was chosen before."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.functional import cached_property

from patients.models import Patient


class PatientAskedMixin:
    """A page that makes something for the patient of `?patient=`, who stands in the banner and cannot be swapped."""

    request: Any

    @cached_property
    def patient_asked(self) -> Patient | None:
        """The patient whom the address, or else the posted form, names."""
        try:
            key = UUID(self.request.GET.get("patient", "") or self.request.POST.get("shown_patient", ""))
        except ValueError:
            return None
        return Patient.objects.visible_to(self.request.user).filter(pk=key).first()

    def get_patient(self) -> Any:
        """Whom the page is about."""
        return self.patient_asked
