"""The demo's invoices and payments: mostly paid, some late, the last days still open."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.models import Invoice, InvoiceLineItem, InvoiceStatus, Payment
from billing.status import status_by_amounts
from departments.models import Counter
from healthcare.clock import local, now, today
from healthcare.demo.people import Person
from healthcare.demo.rows import Batch, Statement, change, insertion, key_at
from healthcare.demo.scenarios import Scenario
from healthcare.money import ZERO, cents
from scheduling.models import Appointment

#: Then nearly everybody has paid.
REMINDED_DAYS = 75


class Bills:
    """The part of the history that the billing officers write."""

    rng: random.Random
    batch: Batch
    house: Any

    def invoice(
        self, appointment: Appointment, person: Person, scenario: Scenario, labs: list[str], at: datetime
    ) -> None:
        """Billed the same day, mostly paid; the last days hold unbilled visits and drafts."""
        rng = self.rng
        age_days = (now() - at).days
        if age_days <= 4 and rng.random() < 0.3:
            return
        status = "draft" if age_days <= 2 and rng.random() < 0.3 else "issued"
        made = at + timedelta(minutes=rng.randrange(10, 90))
        local_day = local(made).date()
        items = [
            self.house.fee(scenario.visit_type),
            *(self.house.services[n] for n in labs if n in self.house.services),
        ]
        subtotal = cents(sum((service.default_price for service in items), ZERO))
        discount = cents(subtotal / 10) if rng.random() < 0.08 else ZERO
        total = subtotal - discount
        due = local_day + timedelta(days=30)
        covered = cents(total * Decimal("0.8")) if person.insurer and rng.random() < 0.6 else ZERO
        parts = self.parts_paid(total, covered, age_days) if status == "issued" else []
        paid = sum((amount for amount, _by_insurer in parts), ZERO)
        if status == "issued":
            status = self.status_of(total, paid, due)
        officer = rng.choice(self.house.officers)
        invoice = Invoice(
            id=key_at(made, rng),
            created_at=made,
            patient_id=person.pk,
            appointment_id=appointment.pk,
            invoice_date=local_day,
            due_date=due,
            subtotal=subtotal,
            discount_amount=discount,
            total_amount=total,
            covered_amount=covered,
            amount_paid=paid,
            balance_due=total - paid,
            status=status,
            created_by_user_id=officer.pk,
            issued_at=made if status != "draft" else None,
        )
        if paid == 0 and status != "draft" and rng.random() < 0.03:
            invoice.status, invoice.cancelled_at = InvoiceStatus.CANCELLED, made
            invoice.cancellation_reason = "Billed to the wrong policy"
        self.batch.add(invoice)
        self.batch.audit(rng, "create", invoice, officer, made)
        if status != "draft":
            self.batch.audit(rng, "issue", invoice, officer, made + timedelta(seconds=40))
        for position, service in enumerate(items):
            self.batch.add(
                InvoiceLineItem(
                    id=key_at(made + timedelta(milliseconds=position), rng),
                    created_at=made,
                    invoice_id=invoice.pk,
                    service_id=service.pk,
                    description=service.name,
                    quantity=1,
                    unit_price=service.default_price,
                    line_total=service.default_price,
                )
            )
        self.payments(invoice, parts, made)

    def parts_paid(self, total: Decimal, covered: Decimal, age_days: int) -> list[tuple[Decimal, bool]]:
        """What came in so far, and whether from the insurer: the patient pays at the desk, the insurer later."""
        kind, own = self.rng.random(), (total - covered, False)
        if age_days > REMINDED_DAYS:
            kind *= 0.9
        if age_days < 20 and kind < 0.35:
            return [own] if covered else []
        if kind < 0.88:
            return [(covered, True), own] if covered and kind < 0.82 else [own]
        if kind < 0.95:
            return [(covered, True)] if covered else [(cents(total * Decimal("0.4")), False)]
        return []

    def status_of(self, total: Decimal, paid: Decimal, due: date) -> str:
        """RULE-INV-4, told by the billing app."""
        return status_by_amounts(total, paid, due, today())

    def payments(self, invoice: Invoice, parts: list[tuple[Decimal, bool]], made: datetime) -> None:
        """A payment for each part."""
        rng = self.rng
        ways = ["cash", "credit_card", "debit_card", "credit_card", "bank_transfer", "cheque"]
        for position, (amount, by_insurer) in enumerate(parts):
            method = "insurance" if by_insurer else rng.choice(ways)
            at = min(
                made + timedelta(days=rng.randrange(0, 9) if by_insurer else 0, minutes=5 + position),
                now(),
            )
            officer = rng.choice(self.house.officers)
            payment = Payment(
                id=key_at(at, rng),
                created_at=at,
                invoice_id=invoice.pk,
                patient_id=invoice.patient_id,
                payment_date=at,
                amount=amount,
                payment_method=method,
                transaction_reference="" if method == "cash" else f"{method[:2].upper()}{rng.randrange(10**7, 10**8)}",
                processed_by_user_id=officer.pk,
            )
            self.batch.add(payment)
            self.batch.audit(rng, "pay", payment, officer, at, amount=str(amount))

    def bills(self) -> tuple[Statement | None, list[Statement]]:
        """What writes the day's bills as people do: drafts (which still need their numbers, the last column), then
        lines, issued, paid. The database takes lines only for drafts and payments only for what was issued.
        """
        invoices, lines, payments = (self.batch.rows.pop(model, []) for model in (Invoice, InvoiceLineItem, Payment))
        if not invoices:
            return None, []
        invoices.sort(key=lambda invoice: invoice.created_at)
        final = [(invoice.status, invoice.amount_paid, invoice.balance_due) for invoice in invoices]
        for invoice in invoices:
            invoice.status, invoice.amount_paid, invoice.balance_due = InvoiceStatus.DRAFT, ZERO, invoice.total_amount
        drafts = insertion(invoices, last="invoice_number")
        for invoice, values in zip(invoices, final, strict=True):
            invoice.status, invoice.amount_paid, invoice.balance_due = values
        after = [insertion(lines), change(invoices, "status", "amount_paid", "balance_due")]
        return drafts, [*after, insertion(payments)] if payments else after


def numbered(drafts: Statement) -> Statement:
    """The insertion of drafts with the next numbers, in their order."""
    sql, rows = drafts
    first = Counter.next(Invoice.NUMBER_SEQUENCE, len(rows))
    return sql, [(*row[:-1], f"INV-{number:06}") for number, row in enumerate(rows, start=first)]
