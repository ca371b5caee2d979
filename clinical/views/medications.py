"""Pages for the medication catalogue."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinical.filters import MedicationFilter
from clinical.forms.medications import DeactivateMedicationForm, MedicationForm, ReactivateMedicationForm
from clinical.models import Medication
from clinical.safety import resolve_medication
from healthcare.generic import (
    Action,
    ActionPage,
    Column,
    CreatePage,
    DetailPage,
    EditPage,
    ListPage,
    OptionsView,
    Section,
)
from healthcare.text import fold


class MedicationList(ListPage):
    """The catalogue."""

    permission = "prescriptions.view"
    create_permission = "settings.edit"
    model = Medication
    filterset_class = MedicationFilter
    ordering = ("name",)
    columns = (
        Column("name", ordering="name"),
        Column("brand_names"),
        Column("ingredients"),
        Column("drug_class", ordering="drug_class"),
        Column("form"),
        Column("route"),
    )


class MedicationDetail(DetailPage):
    """One product."""

    permission = "prescriptions.view"
    audited = False
    model = Medication
    sections = (
        Section(
            "",
            (
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
            ),
        ),
    )
    actions = (
        Action(_("Edit"), "medication_edit", form=MedicationForm, style="primary", icon="pencil"),
        Action(_("Deactivate"), "medication_delete", form=DeactivateMedicationForm, style="danger"),
        Action(_("Reactivate"), "medication_reactivate", form=ReactivateMedicationForm),
    )


class MedicationCreate(CreatePage):
    """Add a product."""

    permission = "settings.edit"
    model = Medication
    form_class = MedicationForm


class MedicationEdit(EditPage):
    """Change a product."""

    permission = "settings.edit"
    model = Medication
    form_class = MedicationForm


class MedicationDeactivate(ActionPage):
    """Take a product out of the catalogue."""

    permission = "settings.edit"
    model = Medication
    form_class = DeactivateMedicationForm


class MedicationReactivate(ActionPage):
    """Offer a product again."""

    permission = "settings.edit"
    model = Medication
    form_class = ReactivateMedicationForm


class MedicationOptions(OptionsView):
    """The catalogue for the search-as-you-type select, with what fills the row."""

    permission = "prescriptions.view"
    model = Medication

    def rows_for(self, text: str) -> Any:
        """By product, brand and ingredient; what is found by none of them may be misspelt, or a foreign name."""
        rows = list(super().rows_for(text))
        if rows or not text:
            return rows
        meant = Q()
        for ingredient in resolve_medication(text).ingredients:
            meant |= Q(search_text__contains=fold(ingredient))
        return list(self.get_queryset().filter(meant)[: self.limit]) if meant else []

    def details_of(self, row: Any) -> dict[str, Any]:
        """The usual way to take it, which fills the empty fields beside the select."""
        detail = " · ".join(part for part in (row.brand_names, row.drug_class) if part)
        return {
            "detail": detail,
            "dosage": row.default_dosage,
            "frequency": row.default_frequency,
            "route": row.route,
        }
