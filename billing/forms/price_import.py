"""The price list from Excel: a dry run that says what would change, then all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import gettext_lazy as _

from billing.forms.services import SchedulePriceForm, ServiceForm
from billing.models import Service, ServiceType
from departments.models import Department
from healthcare.clock import today
from healthcare.templatetags.display import money
from healthcare.workflow import WorkflowForm, refuse
from healthcare.xlsx import opened

MOST_ROWS, MOST_BYTES = 5000, 2_000_000
#: Column -> headings by which it is known; those of the list's own export among them.
COLUMNS = {
    "name": ("name", "service"),
    "service_type": ("type", "service_type"),
    "department": ("department",),
    "default_price": ("price", "default_price"),
    "default_duration_minutes": ("duration (minutes)", "default_duration_minutes", "duration"),
    "description": ("description",),
    "valid_from": ("valid from", "valid_from"),
}


@dataclass
class Row:
    """One row of the file and what becomes of it."""

    number: int
    name: str
    outcome: Any
    errors: str = ""
    changes: bool = False


def plain(value: Any) -> str:
    """A cell as a person would type it."""
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    # What a spreadsheet holds as a binary fraction is meant as the decimal that it shows.
    if isinstance(value, int) or not hasattr(value, "is_integer"):
        return str(value).strip()
    return str(int(value)) if value.is_integer() else str(Decimal(repr(value)))


def read_rows(file: Any) -> list[dict[str, str]]:
    """The rows by our columns' names. Raises ValidationError for what is no price list."""
    if file.size > MOST_BYTES:
        raise refuse(_("The file is too large."), code="too_large")
    try:
        sheet = opened(file).worksheets[0]
        lines = sheet.iter_rows(values_only=True, max_row=MOST_ROWS + 2, max_col=40)
        headings = [plain(cell).casefold() for cell in next(lines, ())]
    except Exception as error:  # openpyxl raises whatever its parts raise
        raise refuse(_("This is no Excel file (.xlsx) that can be read."), code="unreadable") from error
    known = {name: column for column, names in COLUMNS.items() for name in names}
    places = {known[heading]: place for place, heading in enumerate(headings) if heading in known}
    if not {"name", "default_price"} <= places.keys():
        raise refuse(_("The first row must name the columns Name and Price."), code="headings")
    rows = [{column: plain(line[place]) for column, place in places.items() if place < len(line)} for line in lines]
    rows = [{"line": str(number), **row} for number, row in enumerate(rows, start=2) if any(row.values())]
    if len(rows) > MOST_ROWS:
        raise refuse(_("These are more rows than a price list has."), code="too_many")
    return rows


class ImportServicesForm(WorkflowForm):
    """Bring a price list in: services by their name, new ones added, prices changed from today or a later day on."""

    permission = "services.edit"
    checked_by_model = False
    action = "import"
    submit_label = _("Import")

    file = forms.FileField(label=_("Excel file"), error_messages={"required": _("Choose a file.")})
    #: The rows of the dry run, signed: what was looked at is what is imported.
    checked = forms.CharField(required=False, widget=forms.HiddenInput, max_length=4_000_000)

    class Meta:
        model = Service
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].required = not self.data.get("checked")
        self.rows: list[Row] = []
        self.todo: list[tuple[type[WorkflowForm], dict[str, Any], Service | None]] = []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if cleaned.get("file"):
            found = read_rows(cleaned["file"])
        else:
            try:
                found = signing.loads(cleaned.get("checked", ""), salt="prices", max_age=3600)
            except signing.BadSignature as error:
                raise refuse(_("Choose a file."), code="required") from error
        self.signed = signing.dumps(found, salt="prices", compress=True)
        known = {service.name.casefold(): service for service in Service.objects.select_related("department")}
        departments = {name.casefold(): key for key, name in Department.objects.active().values_list("pk", "name")}
        seen: set[str] = set()
        for values in found:
            row = self.look_at(values, known, departments)
            if values["name"].casefold() in seen:
                row.errors = str(_("This name stands in the file twice."))
            seen.add(values["name"].casefold())
            self.rows.append(row)
        if not self.rows:
            raise refuse(_("The file has no rows."), code="empty")
        if wrong := sum(bool(row.errors) for row in self.rows):
            raise refuse(_("%(count)s rows cannot be imported. Nothing was changed."), code="rows", count=wrong)
        return cleaned

    def look_at(self, values: dict[str, str], known: dict[str, Service], departments: dict[str, Any]) -> Row:
        """What one row would change, by the very forms that pages use."""
        name = values.get("name", "")[:200]
        service = known.get(name.casefold())
        row = Row(int(values["line"]), name, _("Unchanged"))
        data = self.data_of(values, service, departments)
        if values.get("department") and not data["department"]:
            row.errors = str(_("There is no department of this name."))
            return row
        later = values.get("valid_from", "") > today().isoformat()
        if service is not None and later:
            planned = {"service": service.pk, "valid_from": values["valid_from"], "price": values["default_price"]}
            return self.plan(row, SchedulePriceForm, planned, None, _("Price from %s on") % values["valid_from"])
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
