"""What administrators do with the price list."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from billing.models import Service
from departments.forms import DeactivateForm, ReactivateForm
from departments.models import Department
from healthcare.money import CENT, MoneyFormField
from healthcare.workflow import WorkflowForm, refuse


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
