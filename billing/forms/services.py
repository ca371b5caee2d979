"""What administrators do with the price list."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import Service, ServicePrice
from departments.forms import DeactivateForm, ReactivateForm
from departments.models import Department
from healthcare.clock import today
from healthcare.money import CENT, MoneyFormField
from healthcare.workflow import WorkflowForm, lock, refuse


class ServiceForm(WorkflowForm):
    """Create or change a service; invoices that name it keep the price that they were made with."""

    permission = "services.edit"
    by_command = True
    default_price = MoneyFormField(label=_("Price"), min_value=CENT)

    class Meta:
        model = Service
        fields = ["name", "service_type", "department", "default_price", "default_duration_minutes", "description"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        departments = Department.objects.active() | Department.objects.filter(pk=self.instance.department_id)
        self.fields["department"].queryset = departments

    def clean_default_duration_minutes(self) -> int | None:
        minutes: int | None = self.cleaned_data["default_duration_minutes"]
        if minutes is not None and not 1 <= minutes <= 1440:
            raise refuse(_("A duration is between 1 and 1440 minutes."), code="range")
        return minutes

    def save(self, commit: bool = True) -> Any:
        repriced = "default_price" in self.instance.changed_values()[1]
        service = super().save(commit)
        if repriced:
            from_now_on(service, service.default_price)
        return service


def from_now_on(service: Service, price: Decimal) -> None:
    """Note in the history of prices that this one is valid from today on."""
    found = ServicePrice.objects.filter(service=service, valid_from=today()).first()
    entry = found or ServicePrice(service=service, valid_from=today())
    entry.price = price
    entry.save()


class SchedulePriceForm(WorkflowForm):
    """A new price from a day on; today's is valid at once."""

    permission = "services.edit"
    submit_label = _("Save price")
    price = MoneyFormField(label=_("Price"), min_value=CENT)

    class Meta:
        model = ServicePrice
        fields = ["service", "valid_from", "price"]

    def __init__(self, *args: Any, service: Service | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["service"].widget = forms.HiddenInput()
        self.initial["valid_from"] = today()
        if service is not None:
            self.initial["service"] = service.pk

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.is_active

    def clean_valid_from(self) -> date:
        day: date = self.cleaned_data["valid_from"]
        if not today() <= day <= today() + timedelta(days=3660):
            raise refuse(_("A new price is valid from today on, or from a later day within ten years."), code="range")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        day, service = cleaned.get("valid_from"), cleaned.get("service")
        found = ServicePrice.objects.filter(service=service, valid_from=day).first() if day and service else None
        if found is not None and found.price != cleaned.get("price"):
            # A price that was planned wrongly is put right; the trail has the old one.
            self.instance = found
        return cleaned

    def save(self, commit: bool = True) -> Any:
        entry = super().save(commit)
        if entry.valid_from == today():
            service = lock(entry.service)
            service.default_price = entry.price
            service.save(update_fields=["default_price"])
        return entry


class ApplyPriceForm(WorkflowForm):
    """Bring the list's own column to the price that is valid now; the nightly step."""

    permission = "services.edit"
    by_command = True

    class Meta:
        model = Service
        fields: list[str] = []

    def save(self, commit: bool = True) -> Any:
        self.instance.default_price = Service.objects.priced().get(pk=self.instance.pk).price
        return super().save(commit)


class DeactivateServiceForm(DeactivateForm):
    """Take a service off the price list; invoices that name it stay as they are."""

    permission = "services.edit"

    class Meta:
        model = Service
        fields: list[str] = []


class ReactivateServiceForm(ReactivateForm):
    """Put a service back on the price list."""

    permission = "services.edit"

    class Meta:
        model = Service
        fields: list[str] = []
