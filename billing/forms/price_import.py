"""The price list from Excel or CSV: a dry run that says what would change, then all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.forms.services import SchedulePriceForm, ServiceForm
from billing.models import Service, ServiceType
from departments.models import Department
from healthcare import dry_run
from healthcare.clock import today
from healthcare.templatetags.display import money
from healthcare.workflow import WorkflowForm


@dataclass
class Row(dry_run.Row):
    """One service of the file and what becomes of it."""

    changes: bool = False


class ImportServicesForm(dry_run.DryRunForm):
    """Bring a price list in: services by their name, new ones added, prices changed from today or a later day on."""

    permission = "services.edit"
    #: The headings of the list's own export are among them.
    columns = {
        "name": ("name", "service"),
        "default_price": ("price", "default_price"),
        "service_type": ("type", "service_type"),
        "department": ("department",),
        "default_duration_minutes": ("duration (minutes)", "default_duration_minutes", "duration"),
        "description": ("description",),
        "valid_from": ("valid from", "valid_from"),
    }
    needed = ("name", "default_price")
    most_rows, most_bytes = 5000, 2_000_000
    salt = "prices"
    hint = _(
        "Excel or CSV with the columns Name and Price, and if you like Type, Department, Duration (minutes), "
        "Description and Valid from; the list's own export fits. First you see what would change."
    )
    shown = (("name", _("Service")),)

    class Meta:
        model = Service
        fields: list[str] = []

    def look_at_all(self, found: list[dict[str, str]]) -> list[Row]:
        known = {service.name.casefold(): service for service in Service.objects.select_related("department")}
        departments = {name.casefold(): key for key, name in Department.objects.active().values_list("pk", "name")}
        rows, seen = [], set()
        for values in found:
            row = self.look_at(values, known, departments)
            name = values.get("name", "").casefold()
            if name in seen:
                row.errors = str(_("This name stands in the file twice."))
            seen.add(name)
            rows.append(row)
        return rows

    def shown_rows(self) -> list[dict[str, Any]]:
        return [entry for entry in super().shown_rows() if entry["row"].changes or entry["row"].errors]

    def look_at(self, values: dict[str, str], known: dict[str, Service], departments: dict[str, Any]) -> Row:
        """What one row would change, by the very forms that pages use."""
        name = values.get("name", "")[:200]
        service = known.get(name.casefold())
        row = Row(int(values["line"]), name, _("Unchanged"))
        data = self.data_of(values, service, departments)
        if values.get("department") and not data["department"]:
            row.errors = str(_("There is no department of this name."))
            return row
        try:
            later = forms.DateField(required=False).clean(values.get("valid_from", ""))
        except forms.ValidationError as error:
            row.errors = f"valid_from: {' '.join(error.messages)}"
            return row
        later = later if later and later > today() else None
        if service is None and later:
            row.errors = str(_("A new service is on the list at once: leave its day empty."))
            return row
        if service is not None and later:
            planned = {"service": service.pk, "valid_from": f"{later}", "price": values["default_price"]}
            return self.plan(row, SchedulePriceForm, planned, None, _("Price from %s on") % later)
        checked = ServiceForm(data=data, instance=service, actor=self.actor)
        if service is None:
            return self.plan(row, ServiceForm, data, None, _("New"))
        old = service.default_price
        if checked.is_valid() and not any(checked.instance.changed_values()):
            return row
        return self.plan(row, ServiceForm, data, service, f"{money(old)} → {money(values.get('default_price'))}")

    def data_of(self, values: dict[str, str], service: Service | None, departments: dict[str, Any]) -> dict[str, Any]:
        """The row as the service's form is posted it; columns that the file lacks stay as they are."""
        types = {str(label).casefold(): value for value, label in ServiceType.choices}
        kind = values.get("service_type", "")
        data: dict[str, Any] = {
            "name": values.get("name", ""),
            "service_type": types.get(kind.casefold(), kind),
            "department": departments.get(values.get("department", "").casefold(), ""),
            "default_price": values.get("default_price", ""),
            "default_duration_minutes": values.get("default_duration_minutes", ""),
            "description": values.get("description", ""),
        }
        if service is not None:
            kept: dict[str, Any] = {"service_type": service.service_type, "department": service.department_id}
            kept |= {"description": service.description, "default_duration_minutes": service.default_duration_minutes}
            data |= {column: "" if old is None else old for column, old in kept.items() if column not in values}
            data["name"] = service.name
        return data

    def plan(self, row: Row, form: type[WorkflowForm], data: Any, service: Service | None, outcome: Any) -> Row:
        """Note the change, or why it cannot be."""
        checked = form(data=data, instance=service, actor=self.actor)
        row.outcome, row.changes = outcome, True
        if not checked.is_valid():
            row.errors = "; ".join(f"{name}: {' '.join(map(str, said))}" for name, said in checked.errors.items())
        self.todo.append((form, data, service))
        return row

    def save(self, commit: bool = True) -> Any:
        for form_class, data, service in self.todo:
            form = form_class(data=data, instance=service, actor=self.actor)
            if not form.is_valid():
                raise AssertionError(form.errors)
            form.save()
        return self.instance
