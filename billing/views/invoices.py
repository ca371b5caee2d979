"""Pages for invoices: from the unbilled visit to the printed paper."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from billing import forms
from billing.filters import InvoiceFilter
from billing.models import Invoice, InvoiceStatus, UnbilledVisit
from billing.texts import paper_of, texts_of
from billing.views.payments import RECEIPT, REFUND_COLUMNS, VOUCHER
from billing.visits import billable_appointments, unbilled_visits
from healthcare.access import visible_or_denied
from healthcare.clock import today
from healthcare.generic import (
    Action,
    ActionPage,
    Column,
    CreatePage,
    DetailPage,
    EditPage,
    FormPage,
    ListPage,
    OptionsView,
    PdfPage,
    Related,
)
from healthcare.pdf import qr_code
from healthcare.templatetags.display import money
from scheduling.models import Appointment

#: Letters of notes that fit beside an invoice's totals.
NOTES_BESIDE = 500
#: A draft's page is the second look: issuing it from here asks nothing more (WF-INV).
REVIEW = _("Look it over: once issued, its lines, amounts and texts no longer change.")
LATE = _("Its due date has passed: once issued, it is overdue at once.")
#: Begins the invoice of a row's visit.
INVOICE_VISIT = Action(
    _("Create invoice"),
    "invoice_create",
    permission="invoices.edit",
    style="primary",
    icon="receipt",
    keyed=False,
    query=lambda row: f"?appointment={row.appointment_id}",
)


class InvoiceList(ListPage):
    """All invoices, with the status of today."""

    permission = "invoices.view"
    create_permission = "invoices.edit"
    model = Invoice
    template_name = "billing/invoice_list.html"
    filterset_class = InvoiceFilter
    ordering = ("-invoice_date",)
    select_related = ("patient",)
    columns = (
        Column("invoice_number", ordering="invoice_number"),
        Column("patient"),
        Column("invoice_date", ordering="invoice_date"),
        Column("due_date"),
        Column("total_amount", ordering="total_amount", align="end"),
        Column("amount_paid", align="end"),
        Column("owed", _("Balance due"), ordering="balance_due", align="end"),
        Column("days_overdue", _("Days late"), align="end"),
        Column("shown_status", _("Status")),
    )


class UnbilledList(ListPage):
    """Completed consultations that nobody has invoiced yet (BYD-5)."""

    permission = "invoices.view"
    model = UnbilledVisit
    page_title = _("Unbilled visits")
    page_subtitle = _("Completed consultations without an invoice, newest first.")
    empty_title = _("Every completed visit has its invoice")
    empty_text = ""
    ordering = ("-consultation_date",)
    select_related = ("consultation__patient", "consultation__doctor", "appointment__department")
    columns = (
        Column("consultation_date", _("Date"), ordering="consultation_date"),
        Column("consultation.patient", _("Patient")),
        Column("consultation.doctor", _("Doctor")),
        Column("appointment.department", _("Department")),
        Column("services", _("Services")),
    )
    row_actions = (INVOICE_VISIT,)

    def get_queryset(self) -> Any:
        return unbilled_visits().with_services()

    def row_url(self, row: Any) -> str:
        return ""

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        return [*InvoiceList.get_breadcrumbs(InvoiceList(request=self.request))[:1], (self.page_title, "")]


def patient_of(invoice: Invoice) -> Any:
    """The key of the invoice's patient."""
    return invoice.patient_id


def is_to_be_invoiced_again(invoice: Invoice) -> bool:
    """Whether it was cancelled, and its visit waits for another one (RULE-INV-3)."""
    return (
        invoice.status == InvoiceStatus.CANCELLED
        and UnbilledVisit.objects.filter(appointment=invoice.appointment_id).exists()
    )


class InvoiceDetail(DetailPage):
    """One invoice, looking like its printed copy, with its payments."""

    permission = "invoices.view"
    model = Invoice
    template_name = "billing/invoice_detail.html"
    status_field = "shown_status"
    actions = (
        Action(
            _("Record payment"),
            "invoice_pay",
            permission="payments.edit",
            style="primary",
            icon="cash-coin",
            when=lambda invoice: invoice.is_live and invoice.balance_due > 0,
        ),
        Action(
            _("Issue invoice"), "invoice_issue", form=forms.IssueInvoiceForm, style="primary", icon="send", at_once=True
        ),
        Action(_("Edit"), "invoice_edit", form=forms.EditInvoiceForm, icon="pencil"),
        Action(_("Print"), "invoice_pdf", permission="invoices.view", icon="printer"),
        Action(_("Account"), "patient_account", permission="invoices.view", icon="person-lines-fill", key=patient_of),
        Action(_("Credit note"), "invoice_credit_note", form=forms.CreditNoteForm, icon="file-earmark-minus"),
        Action(_("Write off"), "invoice_write_off", form=forms.WriteOffForm, icon="x-octagon"),
        Action(_("Cancel"), "invoice_cancel", form=forms.CancelInvoiceForm, style="danger"),
        replace(
            INVOICE_VISIT,
            label=_("Invoice again"),
            query=lambda invoice: f"?appointment={invoice.appointment_id}&again=1",
            when=is_to_be_invoiced_again,
        ),
    )
    related = (
        Related(
            _("Payments"),
            lambda invoice, user: invoice.payments.order_by("payment_date", "id"),
            (
                Column("payment_date"),
                Column("payment_method"),
                Column("transaction_reference"),
                Column("document_number"),
                Column("amount", align="end"),
                Column("state", _("State")),
            ),
            permission="payments.view",
            empty=_("No payments yet."),
            limit=200,
            row_actions=(RECEIPT,),
        ),
        Related(
            _("Refunds"),
            lambda invoice, user: invoice.refunds.order_by("refunded_at", "id"),
            REFUND_COLUMNS,
            permission="payments.view",
            empty=_("Nothing was given back."),
            row_actions=(VOUCHER,),
        ),
    )

    def get_queryset(self) -> Any:
        return invoices_with_people()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        invoice = self.object
        return super().get_context_data(
            texts=texts_of(invoice),
            lines=invoice.line_items.all(),
            qr=qr_code(invoice.invoice_number),
            notes_beside=notes_beside(invoice),
            page_subtitle=review_of(invoice) if invoice.is_draft else "",
            **kwargs,
        )


def review_of(draft: Invoice) -> str:
    """What a draft's page says above it."""
    return f"{REVIEW} {LATE}" if draft.due_date and draft.due_date < today() else str(REVIEW)


def notes_beside(invoice: Invoice) -> bool:
    """Whether the notes are short enough to stand beside the totals."""
    return len(invoice.insurance_note) + len(invoice.notes) < NOTES_BESIDE


def invoices_with_people() -> Any:
    """Invoices with everything that their texts need, in one query."""
    return Invoice.objects.select_related(
        "patient__insurance_provider", "appointment__doctor", "appointment__patient", "created_by_user"
    )


class PreviewedForm(FormPage):
    """A form that can say what it comes to and save nothing: as one types, or by the button "Update totals"."""

    abstract = True
    template_name = "billing/invoice_form.html"
    drafted = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "preview" not in request.POST:
            return super().post(request, *args, **kwargs)
        form = self.form_class(actor=request.user, data=request.POST, instance=self.object, **self.get_form_kwargs())
        if request.headers.get("HX-Request"):
            form.is_valid()
            return TemplateResponse(request, "billing/_live_totals.html", {"form": form})
        return self.render_form(form.preview())


class InvoiceCreate(PreviewedForm, CreatePage):
    """Invoice a completed visit; `?appointment=` names it, `again` takes over lines of its cancelled invoice."""

    permission = "invoices.edit"
    model = Invoice
    form_class = forms.CreateInvoiceForm
    success_message = _("The draft is saved. Look it over, then issue it.")
    appointment: Appointment | None = None

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"appointment": self.get_appointment(), "again": "again" in self.request.GET}

    def get_appointment(self) -> Appointment | None:
        """The visit named in the URL, if any."""
        asked = self.request.GET.get("appointment", "")
        if not asked or self.appointment is not None:
            return self.appointment
        visits = Appointment.objects.select_related(
            "patient__insurance_provider", "doctor", "consultation", "unbilled_visit"
        )
        try:
            self.appointment = visible_or_denied(visits, self.request.user, pk=UUID(asked))
        except ValueError as error:
            raise Http404 from error
        return self.appointment

    def get_patient(self) -> Any:
        visit = self.get_appointment()
        return visit.patient if visit else None


class InvoiceEdit(PreviewedForm, EditPage):
    """Change a draft."""

    permission = "invoices.edit"
    model = Invoice
    form_class = forms.EditInvoiceForm


class InvoiceIssue(ActionPage):
    """Give the invoice to the patient."""

    permission = "invoices.edit"
    model = Invoice
    form_class = forms.IssueInvoiceForm
    success_message = _("Issued.")

    def get_queryset(self) -> Any:
        return invoices_with_people()


class InvoiceCancel(ActionPage):
    """Cancel an invoice; also what `delete/` means."""

    permission = "invoices.edit"
    model = Invoice
    form_class = forms.CancelInvoiceForm
    success_message = _("Cancelled.")


class InvoicePdf(PdfPage):
    """The printed invoice; a draft is marked as one."""

    permission = "invoices.view"
    model = Invoice
    template_name = "billing/pdf/invoice.html"

    def get_queryset(self) -> Any:
        return invoices_with_people()

    def document_context(self) -> dict[str, Any]:
        invoice = self.object
        return {
            **paper_of(invoice),
            "document_title": _("Invoice"),
            "document_number": invoice.invoice_number,
            "lines": invoice.line_items.all(),
            "payments": invoice.payments.order_by("payment_date", "id"),
            "status": invoice.shown_status,
            "notes_beside": notes_beside(invoice),
        }

    def document_name(self) -> str:
        return f"{self.object.invoice_number}.pdf"


class BillableAppointmentOptions(OptionsView):
    """Completed visits without an invoice."""

    permission = "invoices.edit"
    model = Appointment

    def get_queryset(self) -> Any:
        return billable_appointments()


class PayableInvoiceOptions(OptionsView):
    """Invoices on which money is owed."""

    permission = "payments.edit"
    model = Invoice

    def get_queryset(self) -> Any:
        return Invoice.objects.payable().select_related("patient").order_by("-invoice_date", "-pk")

    def text_of(self, row: Any) -> str:
        return f"{row.invoice_number} {row.patient} ({money(row.balance_due)})"
