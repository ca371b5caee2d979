"""Claims become invoices with their payments: one visit, one invoice.

An encounter may have several claims (the visit and each medication); RULE-INV-1 allows one invoice per visit,
so their charges are lines of one invoice, in the order of claims.csv. CHARGE rows are lines, PAYMENT rows are
payments, and a TRANSFER only moves a debt between payers. Line and payment have ids made of the transaction's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.forms.invoices import PAYMENT_DAYS
from billing.models import Invoice, InvoiceLineItem, InvoiceStatus, Payment, PaymentMethod, Service, ServiceType
from billing.texts import present_texts
from billing.totals import totals
from clinical.models import Consultation
from healthcare.money import ZERO
from healthcare.synthea.forms import PastInvoice, PastLine, PastPayment, PastService, fill
from healthcare.synthea.reading import Row, Unusable, identity, moment, number, ordered_identity, untagged, words
from healthcare.synthea.rejects import Outcome

METHODS = {
    "ECHECK": PaymentMethod.INSURANCE,
    "COPAY": PaymentMethod.CASH,
    "CASH": PaymentMethod.CASH,
    "CC": PaymentMethod.CREDIT_CARD,
    "CHECK": PaymentMethod.CHEQUE,
}
_NO_CHARGES = gettext_lazy("The claim has no charges, so there is nothing to invoice.")


class PriceList:
    """The clinic's services by name. What was charged for and is missing joins it, out of use.

    Synthea's prices are not a clinic's, so that what the import adds can be found in reports and on
    old invoices but is not offered for new ones.
    """

    def __init__(self) -> None:
        self.by_name = {name.casefold(): pk for pk, name in Service.objects.values_list("pk", "name")}
        self.added: list[Service] = []

    def add(self, service_type: str, description: str, price: Decimal) -> UUID | None:
        """The service of this description, made if it is new and costs something."""
        name = untagged(description)
        if name.casefold() not in self.by_name and price > 0:
            service = Service(pk=identity("service", name.casefold()), is_active=False)
            fill(PastService, service, {"name": name, "service_type": service_type, "default_price": str(price)})
            self.by_name[name.casefold()] = service.pk
            self.added.append(service)
        return self.by_name.get(name.casefold())

    def forget(self) -> None:
        """What was added since the last transaction was not saved."""
        for service in self.added:
            del self.by_name[service.name.casefold()]
        self.added = []


@dataclass
class Bill:
    """One visit's invoice with its lines and payments, not saved and not numbered."""

    invoice: Invoice
    lines: list[InvoiceLineItem] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)


@dataclass
class Claims:
    """A patient's claims by encounter, and their transactions by claim."""

    by_encounter: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    transactions: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def read(cls, claims: Iterable[Row], transactions: Iterable[Row], outcome: Outcome) -> Claims:
        """Group the rows; transactions of unknown claims are rejected."""
        found = cls()
        known: set[str] = set()
        for claim in claims:
            if claim.id in known:
                outcome.reject(claim, _("An earlier row has this id."))
            else:
                known.add(claim.id)
                found.by_encounter[claim["APPOINTMENTID"].lower()].append(claim)
        seen: set[str] = set()
        for row in transactions:
            if row["CLAIMID"].lower() not in known:
                outcome.reject(row, _("claims.csv has no such claim of this patient."))
            elif row.id in seen:
                outcome.reject(row, _("An earlier row has this id."))
            else:
                seen.add(row.id)
                found.transactions[row["CLAIMID"].lower()].append(row)
        return found

    def rows_of(self, encounter: str) -> Iterable[Row]:
        """The claims of an encounter, each followed by its transactions."""
        for claim in self.by_encounter.get(encounter, ()):
            yield claim
            yield from self.transactions.get(claim.id, ())

    def skip(self, encounter: str, kept: set[bytes], outcome: Outcome) -> None:
        """The encounter's invoice was imported by an earlier run; `kept` holds the marks of its lines and payments."""
        invoice = identity("invoice", encounter)
        for claim in self.by_encounter.get(encounter, ()):
            transactions = self.transactions.get(claim.id, ())
            charged = False
            for row in transactions:
                if row["TYPE"] not in {"CHARGE", "PAYMENT"}:
                    outcome.reject(row, _not_billed(row))
                elif mark(identity(row["TYPE"].lower(), invoice, row.id)) in kept:
                    outcome.skip(row)
                    charged = charged or row["TYPE"] == "CHARGE"
                else:
                    outcome.reject(row, _("An earlier run made the visit's invoice without this row."))
            if charged:
                outcome.skip(claim)
            else:
                outcome.reject(claim, _NO_CHARGES)

    def reject(self, encounter: str, reason: str, outcome: Outcome) -> None:
        """The encounter's claims cannot be invoiced."""
        for row in self.rows_of(encounter):
            outcome.reject(row, reason)

    def bill(
        self,
        encounter: str,
        consultation: Consultation,
        insurer: str,
        kinds: dict[str, str],
        prices: PriceList,
        outcome: Outcome,
    ) -> Bill | None:
        """The encounter's invoice; None where nothing was charged. `insurer`: who was to pay, by name."""
        invoice = Invoice(
            pk=identity("invoice", encounter), patient=consultation.patient, appointment=consultation.appointment
        )
        bill = Bill(invoice)
        claims = self.by_encounter.get(encounter, [])
        accepted = [row for claim in claims for row in self._charge(claim, bill, kinds, prices, outcome)]
        paid = [row for row in self.rows_of(encounter) if row["TYPE"] == "PAYMENT"]
        try:
            if not bill.lines:
                raise Unusable(_("There is no invoice that this could pay."))
            self._finish(bill, claims, consultation, insurer)
        except Unusable as error:
            for row in [*accepted, *paid]:
                outcome.reject(row, error)
            return None
        for row in accepted:
            outcome.take(row)
        self._pay(bill, paid, outcome)
        return bill

    def _charge(
        self, claim: Row, bill: Bill, kinds: dict[str, str], prices: PriceList, outcome: Outcome
    ) -> Iterable[Row]:
        """Add a claim's charges to the bill; the rows that this takes."""
        taken = []
        for row in self.transactions.get(claim.id, ()):
            try:
                if row["TYPE"] == "CHARGE":
                    bill.lines.append(_line(row, bill.invoice, len(bill.lines), kinds, prices))
                    taken.append(row)
                elif row["TYPE"] != "PAYMENT":
                    raise Unusable(_not_billed(row))
            except Unusable as error:
                outcome.reject(row, error)
        if taken:
            return [claim, *taken]
        outcome.reject(claim, _NO_CHARGES)
        return []

    def _finish(self, bill: Bill, claims: list[Row], consultation: Consultation, insurer: str) -> None:
        invoice, line_totals = bill.invoice, [line.line_total for line in bill.lines]
        day = consultation.appointment.appointment_date  # type: ignore[union-attr]
        fill(
            PastInvoice,
            invoice,
            {
                "invoice_date": day.isoformat(),
                "due_date": (day + timedelta(days=PAYMENT_DAYS)).isoformat(),
                "tax_amount": "0",
                "insurance_note": insurer,
                "notes": _("Claims: %(ids)s") % {"ids": ", ".join(claim.id for claim in claims)},
            },
            line_totals=line_totals,
        )
        sums = totals(line_totals, tax=ZERO)
        invoice.subtotal, invoice.total_amount = sums.subtotal, sums.total
        invoice.issued_at = consultation.completed_at

    def _pay(self, bill: Bill, rows: list[Row], outcome: Outcome) -> None:
        invoice = bill.invoice
        balance = invoice.total_amount
        for row in rows:
            try:
                payment = _payment(row, invoice, balance)
            except Unusable as error:
                outcome.reject(row, error)
                continue
            balance -= payment.amount
            bill.payments.append(payment)
            outcome.take(row)
        invoice.amount_paid, invoice.balance_due = invoice.total_amount - balance, balance
        invoice.status = InvoiceStatus.ISSUED
        invoice.status = invoice.status_by_amounts()


def mark(pk: UUID) -> bytes:
    """What `identity` and `ordered_identity` give a row alike."""
    return pk.bytes[4:]


def finish_texts(bill: Bill) -> None:
    """The texts of the paper, once the patient has a number."""
    bill.invoice.issued_texts = present_texts(bill.invoice)


def _not_billed(row: Row) -> str:
    kind = row["TYPE"][:40]
    return _("A %(kind)s is neither a charge nor a payment.") % {"kind": kind or "?"}


def _line(row: Row, invoice: Invoice, position: int, kinds: dict[str, str], prices: PriceList) -> InvoiceLineItem:
    description = words(row, "NOTES") or words(row, "PROCEDURECODE")
    data: dict[str, Any] = {"description": description, "quantity": row["UNITS"], "unit_price": row["UNITAMOUNT"]}
    form = PastLine(data=data)
    if not form.is_valid():
        raise Unusable("; ".join(f"{name}: {' '.join(map(str, said))}" for name, said in form.errors.items()))
    total = form.line_total()
    if total != number(row, "AMOUNT", "0.01"):
        raise Unusable(_("AMOUNT is not UNITS times UNITAMOUNT."))
    values = form.cleaned_data
    kind = kinds.get(row["PROCEDURECODE"], ServiceType.OTHER)
    return InvoiceLineItem(
        pk=ordered_identity(position, "charge", invoice.pk, row.id),
        invoice=invoice,
        service_id=prices.add(kind, description, values["unit_price"]),
        description=values["description"],
        quantity=values["quantity"],
        unit_price=values["unit_price"],
        line_total=total,
    )


def _payment(row: Row, invoice: Invoice, balance: Decimal) -> Payment:
    if row["METHOD"] not in METHODS:
        raise Unusable(_("METHOD is unknown: %(text)s") % {"text": row["METHOD"][:40]})
    payment = Payment(pk=identity("payment", invoice.pk, row.id), invoice=invoice, patient_id=invoice.patient_id)
    data = {
        "amount": row["PAYMENTS"],
        "payment_method": METHODS[row["METHOD"]],
        "payment_date": moment(row, "FROMDATE").isoformat(),
        "transaction_reference": words(row, "ID", 100),
        "notes": _("Claim %(id)s") % {"id": words(row, "CLAIMID", 100)},
    }
    return fill(PastPayment, payment, data, balance=balance)
