"""Pages for the price list."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing import forms
from billing.filters import ServiceFilter
from billing.models import Service, ServicePrice
from healthcare.access import visible_or_denied
from healthcare.dry_run import DryRunPage
from healthcare.generic import (
    Action,
    ActionPage,
    Column,
    CreatePage,
    DetailPage,
    EditPage,
    ListPage,
    OptionsView,
    Related,
    Section,
)
from healthcare.money import cents
from healthcare.templatetags.display import money


class ServiceList(ListPage):
    """The price list."""

    permission = "services.view"
    create_permission = "services.edit"
    model = Service
    template_name = "billing/service_list.html"
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
    related = (
        Related(
            _("Prices"),
            lambda service, user: service.prices.order_by("-valid_from"),
            (Column("valid_from"), Column("price", align="end")),
            permission="services.view",
            empty=_("No other price so far."),
        ),
    )
    actions = (
        Action(_("Edit"), "service_edit", form=forms.ServiceForm, style="primary", icon="pencil"),
        Action(_("New price"), "service_price", form=forms.SchedulePriceForm, icon="tag"),
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


class ServicePricePage(CreatePage):
    """A new price of the service in the path, from a day on."""

    permission = "services.edit"
    model = ServicePrice
    form_class = forms.SchedulePriceForm
    page_title = _("New price")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"service": visible_or_denied(Service.objects.all(), self.request.user, pk=self.kwargs["pk"])}

    def get_success_url(self, form: Any) -> str:
        return str(form.instance.service.get_absolute_url())


class ServiceImport(DryRunPage):
    """The price list from Excel: look at what would change, then import it."""

    permission = "services.edit"
    model = Service
    form_class = forms.ImportServicesForm
    page_title = _("Import price list")
    success_message = _("The price list is imported.")

    def get_success_url(self, form: Any) -> str:
        return reverse("service_list")


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

    def get_queryset(self) -> Any:
        return Service.objects.priced().active()

    def text_of(self, row: Any) -> str:
        return f"{row.name} ({money(row.price)})"

    def details_of(self, row: Any) -> dict[str, Any]:
        return {"name": row.name, "price": str(cents(row.price))}
