"""The medication catalogue, kept by administrators."""

from __future__ import annotations

from clinical.models import Medication
from departments.forms import DeactivateForm, ReactivateForm
from healthcare.text import separated
from healthcare.workflow import WorkflowForm


class MedicationForm(WorkflowForm):
    """Add or change a product; also done by `manage.py load_formulary`."""

    permission = "settings.edit"
    by_command = True

    class Meta:
        model = Medication
        fields = [
            "name",
            "brand_names",
            "ingredients",
            "atc_code",
            "drug_class",
            "form",
            "strength",
            "route",
            "default_dosage",
            "default_frequency",
        ]

    def clean_brand_names(self) -> str:
        """Written in one way, to be read."""
        return "; ".join(separated(self.cleaned_data["brand_names"]))

    def clean_ingredients(self) -> str:
        """Written in one way, to be read."""
        return "; ".join(separated(self.cleaned_data["ingredients"]))


class DeactivateMedicationForm(DeactivateForm):
    """Take a product out of the catalogue; prescriptions of it stay as they are."""

    permission = "settings.edit"

    class Meta:
        model = Medication
        fields: list[str] = []


class ReactivateMedicationForm(ReactivateForm):
    """Offer a product again."""

    permission = "settings.edit"

    class Meta:
        model = Medication
        fields: list[str] = []
