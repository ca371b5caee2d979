"""A patient's account and statement, and the report that proves the numbers gapless."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.account import ageing, latest, movements, owed_by
from billing.models import Invoice
from billing.reconcile import sequences
from healthcare.clock import today
from healthcare.events import record
from healthcare.generic import PdfPage
from healthcare.generic.base import Page
from healthcare.money import ZERO
from healthcare.xlsx import Book, download
from patients.models import Patient


class AccountPage(Page):
    """What a patient was invoiced, paid and owes; `?export=xlsx` as a workbook."""

    permission = "invoices.view"
    model = Patient
    template_name = "billing/account.html"
    page_title = gettext_lazy("Account")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.object = self.get_object()
        if closed := self.closed_chart():
            return HttpResponseRedirect(closed)
        if request.GET.get("export") == "xlsx":
            return self.export()
        asked = request.GET.get("page", "1")
        page = int(asked) if asked.isascii() and asked.isdigit() and 0 < len(asked) < 5 else 1
        found = account_of(self.object, page or 1)
        if page > 1 and not found["movements"]:
            raise Http404
        record("view", self.object, values={"page": "account"})
        return self.render_to_response(self.get_context_data(**found))

    def export(self) -> HttpResponseBase:
        """The statement as Excel; audited."""
        record("export", self.object, values={"page": "account"})
        lines = movements(self.object)
        charged, credited = (sum((getattr(line, side) for line in lines), ZERO) for side in ("charge", "credit"))
        rows = (
            [line.day, line.document, line.text, line.charge or None, line.credit or None, line.balance]
            for line in lines
        )
        by_age = [(row["label"], row["number"], row["owed"]) for row in ageing(self.object.invoices.all())]
        owed, by_insurers = owed_by(self.object), self.object.invoices.owed_by_insurers()
        book = Book()
        book.add_sheet(
            _("Statement"),
            [_("Date"), _("Document"), _("Text"), _("Charge"), _("Credit"), _("Balance")],
            rows,
            totals=[_("Total"), "", "", charged, credited, charged - credited],
        )
        book.add_sheet(
            _("Ageing"),
            [_("Days past due"), _("Invoices"), _("Owed")],
            by_age,
            totals=[_("Balance due"), sum(row[1] for row in by_age), owed],
        )
        book.add_sheet(
            _("Who pays"),
            ["", _("Owed")],
            [(_("Insurance"), by_insurers), (_("Patient"), owed - by_insurers)],
            totals=[_("Balance due"), owed],
        )
        return download(f"statement-{self.object.patient_number}-{today()}.xlsx", book)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(object=self.object, **kwargs)


def account_of(patient: Patient, page: int = 1) -> dict[str, Any]:
    """What the page and the statement show alike."""
    lines, earlier = latest(patient, page)
    owed, by_insurers = owed_by(patient), patient.invoices.owed_by_insurers()
    return {
        "movements": lines,
        "earlier": page + 1 if earlier else None,
        "later": page - 1,
        "ageing": ageing(Invoice.objects.filter(patient=patient)),
        "owed": owed,
        "by_insurers": by_insurers,
        "by_patient": owed - by_insurers,
    }


class StatementPdf(PdfPage):
    """The printed statement."""

    permission = "invoices.view"
    model = Patient
    template_name = "billing/pdf/statement.html"

    def document_context(self) -> dict[str, Any]:
        return {
            **account_of(self.object),
            "document_title": _("Statement"),
            "document_number": self.object.patient_number,
        }

    def document_name(self) -> str:
        return f"statement-{self.object.patient_number}.pdf"


class NumberContinuity(Page):
    """Whether every number that was given out has its document (ENT-5, BYD-6)."""

    permission = "invoices.view"
    model = Invoice
    template_name = "billing/numbers.html"
    page_title = gettext_lazy("Number continuity")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(sequences=sequences()))
