"""Pages for the price list."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from billing import forms
from billing.filters import ServiceFilter
from billing.models import Service
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
from healthcare.templatetags.display import money


class ServiceList(ListPage):
    """The price list."""

    permission = "services.view"
    create_permission = "services.edit"
    model = Service
    filterset_class = ServiceFilter
    ordering = ("name",)
    select_related = ("department",)
    columns = (
        Column("name", ordering="name"),
        Column("service_type", ordering="service_type"),
        Column("department"),
        Column("default_duration_minutes", align="end"),
        Column("default_price", ordering="default_price", align="end"),
        Column("is_active"),
    )


class ServiceDetail(DetailPage):
    """One service."""

    permission = "services.view"
    audited = False
    model = Service
    sections = (
        Section(
            "",
            ("name", "service_type", "department", "default_price", "default_duration_minutes", "description"),
            wide=("description",),
        ),
    )
    actions = (
        Action(_("Edit"), "service_edit", form=forms.ServiceForm, style="primary", icon="pencil"),
        Action(_("Deactivate"), "service_delete", form=forms.DeactivateServiceForm, style="danger"),
        Action(_("Reactivate"), "service_reactivate", form=forms.ReactivateServiceForm),
    )


class ServiceCreate(CreatePage):
    """Add a service."""

    permission = "services.edit"
    model = Service
    form_class = forms.ServiceForm


class ServiceEdit(EditPage):
    """Change a service."""

    permission = "services.edit"
    model = Service
    form_class = forms.ServiceForm


class ServiceDeactivate(ActionPage):
    """Take a service off the price list."""

    permission = "services.edit"
    model = Service
    form_class = forms.DeactivateServiceForm


class ServiceReactivate(ActionPage):
    """Put a service back on the price list."""

    permission = "services.edit"
    model = Service
    form_class = forms.ReactivateServiceForm


class ServiceOptions(OptionsView):
    """Services to choose from, with their price."""

    permission = "services.view"
    model = Service

    def text_of(self, row: Any) -> str:
        return f"{row.name} ({money(row.default_price)})"

    def details_of(self, row: Any) -> dict[str, Any]:
        return {"name": row.name, "price": str(row.default_price)}
