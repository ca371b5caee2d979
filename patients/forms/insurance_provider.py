"""What administrators do with insurers."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from departments.forms import DeactivateForm, ReactivateForm
from healthcare.workflow import WorkflowForm
from patients.models import InsuranceProvider


class InsuranceProviderForm(WorkflowForm):
    """Create or change an insurer."""

    permission = "insurance_providers.edit"
    fieldsets: ClassVar = (
        (_("Insurer"), ("name", "coverage_policy")),
        (_("Contact"), ("contact_person", "phone", "email", "address")),
    )

    class Meta:
        model = InsuranceProvider
        fields = ["name", "coverage_policy", "contact_person", "phone", "email", "address"]


class DeactivateInsuranceProviderForm(DeactivateForm):
    """Accept an insurer no longer; patients who are insured there keep it."""

    permission = "insurance_providers.edit"
    consequence = _("It can no longer be chosen for patients; those insured there keep it. It can be reactivated.")

    class Meta:
        model = InsuranceProvider
        fields: list[str] = []


class ReactivateInsuranceProviderForm(ReactivateForm):
    """Accept an insurer again."""

    permission = "insurance_providers.edit"

    class Meta:
        model = InsuranceProvider
        fields: list[str] = []
