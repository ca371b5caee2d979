"""What billing officers do with invoices, from the visit to the issued paper (RULE-INV-1 to 5)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Self

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.forms.lines import LineFormSet, rows_of
from billing.models import Invoice, InvoiceStatus
from billing.suggestions import suggested_lines
from billing.texts import insurance_note_for, present_texts
from billing.totals import Totals, totals
from departments.models import ClinicSettings, Counter
from healthcare.clock import now, today
from healthcare.fields import HiddenRemote, RemoteChoiceField
from healthcare.money import LARGEST, ZERO, MoneyFormField
from healthcare.workflow import TransitionForm, WorkflowForm, lock, refuse
from scheduling.models import Appointment, AppointmentStatus

#: How long a patient has to pay unless another date is typed.
PAYMENT_DAYS = 30


class InvoiceForm(WorkflowForm):
    """A draft's dates, lines, discount and tax; the totals follow from them."""

    permission = "invoices.edit"
    checked_by_model = False
    submit_label = _("Save and review")
    INSTEAD_OF: ClassVar = {"discount_percent": "discount_amount"}
    fieldsets: ClassVar[tuple[Any, ...]] = (
        (_("Discount and tax"), ("discount_amount", "discount_percent", "tax_amount")),
        (_("Insurance"), ("covered_amount", "insurance_note")),
        (_("Dates and notes"), ("invoice_date", "due_date", "notes")),
    )

    invoice_date = forms.DateField(label=_("Date"), required=False, initial=today)
    due_date = forms.DateField(label=_("Due"), required=False, help_text=_("Empty: 30 days after the date."))
    discount_amount = MoneyFormField(label=_("Discount"), min_value=ZERO, required=False)
    discount_percent = MoneyFormField(
        label=_("Discount (%)"), min_value=ZERO, max_value=Decimal(100), max_digits=5, required=False
    )
    tax_amount = MoneyFormField(
        label=_("Tax"), min_value=ZERO, required=False, help_text=_("Empty: the clinic's rate on what remains.")
    )
    covered_amount = MoneyFormField(label=_("Covered by insurance"), min_value=ZERO, required=False)

    class Meta:
        model = Invoice
        fields = [
            *("invoice_date", "due_date", "discount_amount", "tax_amount"),
            *("covered_amount", "insurance_note", "notes"),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.tax_rate = ClinicSettings.current().tax_rate
        super().__init__(*args, **kwargs)
        #: What the page shows before anything is posted; `clean` works it out anew.
        self.totals = self.first_totals()
        self.covered = self.instance.covered_amount
        self.initial["covered_amount"] = self.covered or None
        self.fields["insurance_note"].widget.attrs["rows"] = self.fields["notes"].widget.attrs["rows"] = 3

    def build_formsets(self) -> dict[str, Any]:
        arguments = self.formset_arguments("line_items")
        untouched = self.is_bound and "line_items-TOTAL_FORMS" not in self.data
        if not self.is_bound:
            arguments["initial"] = self.first_lines()
        return {"line_items": LineFormSet(invoice=self.instance, untouched=untouched, **arguments)}

    def first_lines(self) -> list[dict[str, Any]]:
        """First values of the rows when the page is shown."""
        return []

    def first_totals(self) -> Totals:
        """What the first lines come to."""
        rows = self.formsets["line_items"].forms
        return totals([row.shown_total() or ZERO for row in rows], tax_rate=self.tax_rate)

    def clean_invoice_date(self) -> date:
        day: date = self.cleaned_data["invoice_date"] or today()
        if day > today():
            raise refuse(_("The date is in the future."), code="future")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._clean_due_date(cleaned)
        amount, percent = cleaned.get("discount_amount"), cleaned.get("discount_percent")
        if amount and percent:
            self.add_error("discount_percent", refuse(_("Give an amount or a percentage, not both."), code="both"))
            percent = None
        lines = self.formsets["line_items"]
        lines.is_valid()
        self.totals = totals(
            lines.line_totals(),
            tax_free=lines.tax_free_total(),
            discount=amount,
            discount_percent=percent,
            tax=cleaned.get("tax_amount"),
            tax_rate=self.tax_rate,
        )
        self._check_totals(self.totals, "discount_percent" if percent else "discount_amount")
        # The model's own columns, whatever was left empty on the page.
        cleaned["discount_amount"], cleaned["tax_amount"] = self.totals.discount, self.totals.tax
        self.covered = cleaned["covered_amount"] = cleaned.get("covered_amount") or ZERO
        if self.covered > self.totals.total:
            self.add_error("covered_amount", refuse(_("The insurance cannot cover more than the total."), code="range"))
        return cleaned

    @property
    def patient_share(self) -> Decimal:
        """What the insurance leaves to the patient."""
        return max(self.totals.total - self.covered, ZERO)

    @property
    def insured(self) -> Any:
        """The patient whose insurance the page shows."""
        return self.instance.patient if self.instance.patient_id else None

    def _clean_due_date(self, cleaned: dict[str, Any]) -> None:
        day, due = cleaned.get("invoice_date"), cleaned.get("due_date")
        if day is None or "due_date" in self.errors:
            return
        if due is None:
            cleaned["due_date"] = day + timedelta(days=PAYMENT_DAYS)
        elif due < day:
            self.add_error("due_date", refuse(_("The due date must not be before the invoice's date."), code="range"))

    def _check_totals(self, result: Totals, discount_field: str) -> None:
        if result.discount > result.subtotal and self.formsets["line_items"].is_valid():
            self.add_error(discount_field, refuse(_("The discount cannot exceed the subtotal."), code="range"))
        if max(result.subtotal, result.total) > LARGEST:
            raise refuse(_("This comes to more than can be invoiced."), code="too_large")

    def preview(self) -> Self:
        """The form to be shown again, with what it comes to and the services' words and prices; saves nothing."""
        self.is_valid()
        self.formsets["line_items"].show_defaults()
        return self

    def save(self, commit: bool = True) -> Any:
        invoice, result = self.instance, self.totals
        invoice.subtotal, invoice.total_amount = result.subtotal, result.total
        invoice.balance_due = result.total - invoice.amount_paid
        super().save(commit)
        self.formsets["line_items"].save()
        return invoice


class CreateInvoiceForm(InvoiceForm):
    """Invoice a completed visit that has no invoice yet (RULE-INV-1); the number comes with the saving."""

    IDENTITY = ("appointment",)
    appointment = RemoteChoiceField(
        Appointment.objects.select_related("consultation", "unbilled_visit"),
        url_name="billable_appointment_options",
        label=_("Visit"),
        help_text=_("Completed visits without an invoice."),
    )

    class Meta(InvoiceForm.Meta):
        fields = ["appointment", *InvoiceForm.Meta.fields]

    def __init__(self, *args: Any, appointment: Appointment | None = None, again: bool = False, **kwargs: Any) -> None:
        #: The visit that the page was opened for: it is shown in the banner and no longer chosen.
        self.opened_for = appointment
        #: Whether the page was opened from its cancelled invoice.
        self.again = again
        super().__init__(*args, **kwargs)
        if appointment is not None:
            widget = self.fields["appointment"].widget = HiddenRemote()
            widget.known = {str(appointment.pk): appointment}
            self.initial.update(
                appointment=appointment.pk,
                shown_patient=appointment.patient_id,
                insurance_note=insurance_note_for(appointment.patient),
            )
        self.initial.setdefault("due_date", today() + timedelta(days=PAYMENT_DAYS))
        for name in ("discount_amount", "tax_amount"):
            self.initial[name] = None

    @property
    def insured(self) -> Any:
        return self.opened_for.patient if self.opened_for else None

    def first_lines(self) -> list[dict[str, Any]]:
        if self.opened_for is None:
            return []
        return lines_again(self.opened_for) if self.again else suggested_lines(self.opened_for)

    def preview(self) -> Self:
        """As ever; a visit chosen without any lines yet gets its suggested ones."""
        super().preview()
        visit = self.cleaned_data.get("appointment")
        if visit and not self.formsets["line_items"].line_totals():
            self.opened_for, lines = visit, suggested_lines(visit)
            self.formsets["line_items"] = LineFormSet(invoice=self.instance, prefix="line_items", initial=lines)
            self.totals = self.first_totals()
            self.data = self.data.copy()
            self.data["insurance_note"] = self.data.get("insurance_note") or insurance_note_for(visit.patient)
        return self

    def clean_appointment(self) -> Appointment:
        appointment: Appointment = self.cleaned_data["appointment"]
        consultation = getattr(appointment, "consultation", None)
        if appointment.status != AppointmentStatus.COMPLETED or consultation is None or not consultation.is_completed:
            raise refuse(_("Only a visit whose consultation is completed can be invoiced."), code="not_completed")
        # Two at once: the database lets one of them have the visit.
        if getattr(appointment, "unbilled_visit", None) is None:
            number = Invoice.objects.live().filter(appointment=appointment).values_list("invoice_number", flat=True)
            raise refuse(
                _("This visit has an invoice already: %(number)s."), code="exists", number=number.first() or ""
            )
        self.patient_id = appointment.patient_id
        return appointment

    def save(self, commit: bool = True) -> Any:
        invoice = self.instance
        # Locked until it has its invoice: its chart may be merged into another one at this moment.
        invoice.patient_id = lock(self.cleaned_data["appointment"]).patient_id
        invoice.created_by_user = self.actor
        # As late as possible: other writers of invoices wait for the number until this one commits.
        invoice.invoice_number = f"INV-{Counter.next(Invoice.NUMBER_SEQUENCE):06}"
        return super().save(commit)


def lines_again(visit: Appointment) -> list[dict[str, Any]]:
    """First values of the lines after an invoice was cancelled: its own, and what was done besides (RULE-INV-3).

    Which fee the visit takes was decided then.
    """
    cancelled = visit.invoices.filter(status=InvoiceStatus.CANCELLED).order_by("-cancelled_at").first()
    rows = [row | {"id": None} for row in rows_of(cancelled)] if cancelled else []
    named = {row["service"] or row["description"] for row in rows}
    done = suggested_lines(visit, with_fee=not rows)
    return rows + [line for line in done if (line.get("service") or line["description"]) not in named]


class EditInvoiceForm(InvoiceForm):
    """Change a draft (RULE-INV-3)."""

    class Meta(InvoiceForm.Meta):
        pass

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        draft = self.instance
        # A tax that is what the rate gives stays automatic.
        tax_free = sum((row["unit_price"] * row["quantity"] for row in self.first_lines() if row["is_tax_free"]), ZERO)
        automatic = totals(
            [draft.subtotal], tax_free=tax_free, discount=draft.discount_amount, tax_rate=self.tax_rate
        ).tax
        if draft.tax_amount == automatic:
            self.initial["tax_amount"] = None
        if not draft.discount_amount:
            self.initial["discount_amount"] = None

    def first_lines(self) -> list[dict[str, Any]]:
        return rows_of(self.instance)

    def first_totals(self) -> Totals:
        draft = self.instance
        return Totals(draft.subtotal, draft.discount_amount, draft.tax_amount)

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.is_draft

    def clean(self) -> dict[str, Any]:
        if not self.instance.is_draft:
            raise refuse(_("An issued invoice does not change: cancel it and make a new one."), code="transition")
        return super().clean()


class IssueInvoiceForm(TransitionForm):
    """Give the invoice to the patient: from now on its lines, amounts and texts stay as they are."""

    permission = "invoices.edit"
    action = "issue"
    submit_label = _("Issue invoice")
    to = InvoiceStatus.ISSUED
    question = _("Issue {object} to {object.patient} for {amounts.total_amount}?")
    consequence = _("Its lines, amounts and texts can no longer change. Payments can be recorded from now on.")

    class Meta:
        model = Invoice
        fields: list[str] = []

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        # Among the live statuses ISSUED is reached by voiding a payment, never by this form.
        return super().available(instance, actor) and instance.is_draft

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.instance.is_draft:
            raise refuse(_("This invoice was issued already."), code="transition")
        if not self.instance.line_items.exists():
            raise refuse(_("An invoice needs at least one line to be issued."), code="no_lines")
        return cleaned

    def before_save(self) -> None:
        self.instance.issued_at = now()
        self.instance.issued_texts = present_texts(self.instance)
        self.instance.status = self.instance.status_by_amounts()


class CancelInvoiceForm(TransitionForm):
    """Cancel an invoice for which no money is held, with the reason; its number stays taken."""

    permission = "invoices.edit"
    action = "cancel"
    submit_label = _("Cancel invoice")
    to = InvoiceStatus.CANCELLED
    question = _("Cancel {object}?")
    consequence = _("It stays in the list as cancelled, and the visit can be invoiced again.")
    danger = True

    class Meta:
        model = Invoice
        fields = ["cancellation_reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cancellation_reason"].required = True

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and not instance.amount_paid

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.instance.payments.live().exists():
            raise refuse(_("Void the payments of this invoice first."), code="paid")
        return cleaned

    def before_save(self) -> None:
        self.instance.cancelled_at = now()


class MarkOverdueForm(WorkflowForm):
    """Write down what the calendar made of an unpaid invoice; the daily command's step."""

    permission = "invoices.edit"
    by_command = True

    class Meta:
        model = Invoice
        fields: list[str] = []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        # Paid or cancelled since it was found: the row is locked now.
        if self.instance.shown_status != InvoiceStatus.OVERDUE:
            raise refuse(_("This invoice is not overdue."), code="transition")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.status = InvoiceStatus.OVERDUE
        return super().save(commit)
