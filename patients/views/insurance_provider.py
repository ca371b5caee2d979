"""Pages for insurers."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from healthcare.generic import Action, ActionPage, Column, CreatePage, DetailPage, EditPage, ListPage, Section
from patients import forms
from patients.models import InsuranceProvider


class InsuranceProviderList(ListPage):
    """All insurers."""

    permission = "insurance_providers.view"
    create_permission = "insurance_providers.edit"
    model = InsuranceProvider
    ordering = ("name",)
    columns = (
        Column("name", ordering="name"),
        Column("contact_person"),
        Column("phone_shown", _("Phone")),
        Column("email"),
    )


class InsuranceProviderDetail(DetailPage):
    """One insurer."""

    permission = "insurance_providers.view"
    audited = False
    model = InsuranceProvider
    sections = (
        Section(_("Contact"), ("contact_person", ("phone_shown", _("Phone")), "email", "address")),
        Section(_("Coverage"), ("coverage_policy",), wide=("coverage_policy",)),
    )
    actions = (
        Action(_("Edit"), "insurance_provider_edit", form=forms.InsuranceProviderForm, style="primary", icon="pencil"),
        Action(
            _("Deactivate"),
            "insurance_provider_delete",
            form=forms.DeactivateInsuranceProviderForm,
            style="danger",
        ),
        Action(_("Reactivate"), "insurance_provider_reactivate", form=forms.ReactivateInsuranceProviderForm),
    )


class InsuranceProviderCreate(CreatePage):
    """Make an insurer."""

    permission = "insurance_providers.edit"
    model = InsuranceProvider
    form_class = forms.InsuranceProviderForm


class InsuranceProviderEdit(EditPage):
    """Change an insurer."""

    permission = "insurance_providers.edit"
    model = InsuranceProvider
    form_class = forms.InsuranceProviderForm


class InsuranceProviderDeactivate(ActionPage):
    """Accept an insurer no longer."""

    permission = "insurance_providers.edit"
    model = InsuranceProvider
    form_class = forms.DeactivateInsuranceProviderForm


class InsuranceProviderReactivate(ActionPage):
    """Accept an insurer again."""

    permission = "insurance_providers.edit"
    model = InsuranceProvider
    form_class = forms.ReactivateInsuranceProviderForm
