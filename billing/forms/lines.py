"""The rows of an invoice within its form."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, InvoiceLineItem, Service
from billing.totals import line_total
from healthcare.events import create_all
from healthcare.fields import RemoteChoiceField, fetch_once
from healthcare.money import LARGEST, ZERO, CountField, MoneyFormField
from healthcare.text import no_control_characters
from healthcare.workflow import refuse

MOST_LINES = 500
MOST_OF_ONE = 100_000


class LineForm(forms.Form):
    """One line. Description and price come from the service where they are left empty."""

    #: The line that this row changes; empty for a new one.
    id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    service = RemoteChoiceField(
        Service.objects.all(), url_name="service_options", label=_("Service"), required=False, empty_label=""
    )
    description = forms.CharField(
        label=_("Description"), max_length=300, required=False, validators=[no_control_characters]
    )
    quantity = CountField(label=_("Quantity"), min_value=1, max_value=MOST_OF_ONE, initial=1)
    unit_price = MoneyFormField(label=_("Unit price"), min_value=ZERO, required=False)
    is_tax_free = forms.BooleanField(label=_("Tax-free"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Here and not above: the price that is valid is today's, not that of the day when the server started.
        if "service" in self.fields:  # not in the lines of an imported past
            self.fields["service"].queryset = Service.objects.priced()

    def mark_filled(self) -> None:
        """Tell the page which words and prices are the service's own: they follow when another one is chosen."""
        service = self.fields["service"].widget.known.get(str(self["service"].value()))
        if service is None:
            return
        for name, own in (("description", service.name), ("unit_price", service.price)):
            if self[name].value() == self.fields[name].prepare_value(own):
                self.fields[name].widget.attrs["data-filled"] = self[name].value()

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        service = cleaned.get("service")
        if service is not None:
            cleaned["description"] = cleaned.get("description") or service.name
            if cleaned.get("unit_price") is None and "unit_price" not in self.errors:
                cleaned["unit_price"] = service.price
        for name in ("description", "unit_price"):
            if cleaned.get(name) in (None, "") and name not in self.errors:
                self.add_error(name, forms.ValidationError(_("Choose a service or fill this in."), code="required"))
        if {"quantity", "unit_price"} <= cleaned.keys() and self.line_total() > LARGEST:
            raise refuse(_("This line comes to more than can be invoiced."), code="too_large")
        return cleaned

    def line_total(self) -> Decimal:
        """What the line comes to."""
        return line_total(self.cleaned_data["quantity"], self.cleaned_data["unit_price"])

    def shown_total(self) -> Decimal | None:
        """What the row comes to, as far as that is known yet."""
        values = self.initial if not self.is_bound else getattr(self, "cleaned_data", {})
        quantity, price = values.get("quantity"), values.get("unit_price")
        return line_total(quantity, price) if quantity and price is not None else None


class BaseLines(forms.BaseFormSet):
    """The lines of one invoice: rows that name a line change it, rows without one add one."""

    title = _("Lines")
    add_label = _("Add a line")

    def __init__(self, *args: Any, invoice: Invoice, untouched: bool = False, **kwargs: Any) -> None:
        self.invoice = invoice
        #: Nothing was said about lines (a plain button, the API): they stay as they are.
        self.untouched = untouched
        self.saved_lines: dict[UUID, InvoiceLineItem] = {}
        if not invoice._state.adding:
            self.saved_lines = {line.pk: line for line in invoice.line_items.all()}
        super().__init__(*args, **kwargs)
        fetch_once(self.forms, "service")
        for row in self.forms:
            row.mark_filled()

    def filled_in(self) -> Iterator[LineForm]:
        """The rows that stay, without those left empty or taken out."""
        for row in self.forms:
            if row.is_bound and (row.has_changed() or row.cleaned_data.get("id")) and not self.is_removed(row):
                yield row

    def is_removed(self, row: forms.Form) -> bool:
        """Whether the person took the row out."""
        return bool(row.cleaned_data.get("DELETE"))

    def clean(self) -> None:
        for row in self.filled_in():
            service = row.cleaned_data.get("service")
            line = self.saved_lines.get(row.cleaned_data.get("id"))  # type: ignore[arg-type]
            if service and not service.is_active and (line is None or line.service_id != service.pk):
                row.add_error("service", refuse(_("This service is no longer offered."), code="inactive"))

    def line_totals(self) -> list[Decimal]:
        """What the good rows come to."""
        if self.untouched:
            return [line.line_total for line in self.saved_lines.values()]
        return [
            row.line_total()
            for row in self.filled_in()
            if not row.errors and row.cleaned_data.get("unit_price") is not None
        ]

    def tax_free_total(self) -> Decimal:
        """What the good rows come to that bear no tax."""
        if self.untouched:
            return sum((line.line_total for line in self.saved_lines.values() if line.is_tax_free), ZERO)
        rows = (row for row in self.filled_in() if not row.errors and row.cleaned_data.get("is_tax_free"))
        return sum((row.line_total() for row in rows if row.cleaned_data.get("unit_price") is not None), ZERO)

    def show_defaults(self) -> None:
        """Write the services' words and prices into what is shown where they were left empty."""
        data = self.data.copy()
        for row in self.filled_in():
            row.data = data
            for name in ("description", "unit_price"):
                value = row.cleaned_data.get(name)
                if not data.get(row.add_prefix(name)) and value is not None:
                    data[row.add_prefix(name)] = str(value)

    def save(self) -> None:
        """Bring the invoice's lines to what the rows say; a row's line_total is never typed."""
        if self.untouched:
            return
        kept, added = set(), []
        for row in self.filled_in():
            values = row.cleaned_data
            line = self.saved_lines.get(values["id"]) or InvoiceLineItem(invoice=self.invoice)
            kept.add(line.pk)
            line.service = values["service"]
            line.description = values["description"]
            line.quantity = values["quantity"]
            line.unit_price = values["unit_price"]
            line.is_tax_free = values["is_tax_free"]
            line.line_total = row.line_total()
            if line._state.adding:
                added.append(line)
            elif any(line.changed_values()):
                line.save()
        create_all(added)
        for key, line in self.saved_lines.items():
            if key not in kept:
                line.delete()


LineFormSet: Any = forms.formset_factory(
    LineForm, formset=BaseLines, extra=1, max_num=MOST_LINES, validate_max=True, absolute_max=1000, can_delete=True
)


def rows_of(invoice: Invoice) -> list[dict[str, Any]]:
    """First values of the rows of a saved invoice."""
    return [
        {
            "id": line.pk,
            "service": line.service_id,
            "description": line.description,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "is_tax_free": line.is_tax_free,
        }
        for line in invoice.line_items.all()
    ]
