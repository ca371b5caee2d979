"""One line of a draft, by itself (the API's): changed through the invoice's own form, which holds the rules."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.translation import gettext_lazy as _

from billing.forms.invoices import EditInvoiceForm
from billing.forms.lines import LineForm, rows_of
from billing.models import Invoice, InvoiceLineItem
from healthcare.workflow import WorkflowForm, lock


class LineItemForm(WorkflowForm):
    """What adding, changing and removing share: the invoice as it stands, with this line as it should be."""

    permission = "invoices.edit"
    checked_by_model = False
    invoice_form: Any = None

    class Meta:
        model = InvoiceLineItem
        fields: list[str] = []

    def get_invoice(self) -> Any:
        """The invoice that the line belongs to."""
        return self.instance.invoice

    def line(self) -> dict[str, Any]:
        """The line as a row of the invoice's form."""
        return {"id": "", **{name: self.data.get(name, "") for name in LineForm.base_fields if name != "id"}}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if (found := self.get_invoice()) is None:
            return cleaned
        self.draft = lock(found)
        shown = EditInvoiceForm(actor=self.actor, instance=self.draft)
        data = {
            name: "" if shown[name].value() is None else str(shown[name].value())
            for name in shown.fields
            if name not in shown.SERVICE_FIELDS
        }
        rows = [row for row in rows_of(self.draft) if row["id"] != self.instance.pk] + [self.line()]
        data |= {"line_items-TOTAL_FORMS": str(len(rows)), "line_items-INITIAL_FORMS": "0"}
        for index, row in enumerate(rows):
            data |= {f"line_items-{index}-{name}": as_posted(value) for name, value in row.items()}
        self.invoice_form = EditInvoiceForm(actor=self.actor, instance=self.draft, data=data)
        # On the page an empty row is nothing; here somebody asks for this line, so it has to say something.
        self.invoice_form.formsets["line_items"].forms[-1].empty_permitted = False
        if not self.invoice_form.is_valid():
            self.take_over_errors(self.invoice_form)
        return cleaned

    def take_over_errors(self, form: Any) -> None:
        """Say what the invoice's form refuses, at this line's fields where it is about them."""
        own = form.formsets["line_items"].forms[-1]
        for source in (form, own):
            for name, errors in source.errors.as_data().items():
                self.add_error(name if source is own and name in self.fields else None, errors)
        for message in form.formsets["line_items"].non_form_errors():
            self.add_error(NON_FIELD_ERRORS, message)

    def save(self, commit: bool = True) -> Any:
        before = set(self.draft.line_items.values_list("pk", flat=True))
        self.invoice_form.save()
        added = self.draft.line_items.exclude(pk__in=before).first()
        saved = added or InvoiceLineItem.objects.filter(pk=self.instance.pk).first()
        if saved is not None:
            self.instance = saved
        return self.instance


def as_posted(value: Any) -> str:
    """A value as a form is posted it."""
    return "" if value is None or value is False else str(value)


class AddLineItemForm(LineItemForm):
    """Add a line to a draft."""

    invoice = forms.ModelChoiceField(Invoice.objects.all())

    class Meta(LineItemForm.Meta):
        fields = ["service", "description", "quantity", "unit_price", "is_tax_free"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("description", "unit_price"):
            self.fields[name].required = False  # the service's, as in the invoice's form

    def get_invoice(self) -> Any:
        return self.cleaned_data.get("invoice")


class EditLineItemForm(LineItemForm):
    """Change a line of a draft."""

    class Meta(LineItemForm.Meta):
        fields = ["service", "description", "quantity", "unit_price", "is_tax_free"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("description", "unit_price"):
            self.fields[name].required = False

    def line(self) -> dict[str, Any]:
        return {**super().line(), "id": self.instance.pk}


class RemoveLineItemForm(LineItemForm):
    """Take a line out of a draft (audited)."""

    submit_label = _("Remove")

    def line(self) -> dict[str, Any]:
        return {"id": self.instance.pk, "quantity": 1, "description": "-", "unit_price": 0, "DELETE": "on"}
