"""What the demo's cash desk has seen: refunds, credit notes, a debt given up, and the last days' closes."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from billing.forms import (
    CountCashForm,
    CreditNoteForm,
    RefundPaymentForm,
    SignOffCashCloseForm,
    WriteOffForm,
)
from billing.models import CashClose, Invoice, InvoiceStatus, Payment, PaymentMethod
from billing.takings import DENOMINATIONS, open_since, takings
from departments.models import User
from healthcare.clock import at, now, today, zone
from healthcare.demo.people import usual
from healthcare.money import ZERO, cents
from healthcare.roles import Role

#: So many days back the cash was closed: the first close, which reaches back a week, lies behind a page of usual ones.
CLOSED_DAYS = 30


class CashDesk:
    """Plays the billing officers' rarer steps through their own forms."""

    def __init__(self, do: Callable[..., Any], rng: random.Random, officers: list[User]) -> None:
        self.do, self.rng, self.officers = do, rng, officers
        self.administrator = usual(Role.ADMINISTRATOR)

    def play(self) -> None:
        """Corrections first, then the closes of the last days."""
        self.corrections()
        days = [today() - timedelta(days=ago) for ago in range(CLOSED_DAYS, 0, -1)]
        counted = [self.close(officer, day) for day in days for officer in self.officers]
        # The last one still waits for the second person.
        for close in [found for found in counted if found][:-1]:
            with at(close.ends_at + timedelta(minutes=10)):
                self.do(SignOffCashCloseForm, self.administrator, instance=close)

    def corrections(self) -> None:
        """Two credit notes, a refund with its credit note, and a debt that nobody will pay."""
        officer = self.officers[0]
        overdue = list(Invoice.objects.shown_as(InvoiceStatus.OVERDUE).order_by("due_date", "invoice_number")[:6])
        for invoice, reason in zip(overdue[1:3], ("Dressing was not used", "Goodwill after a long wait"), strict=False):
            self.do(CreditNoteForm, officer, data=entry(invoice, cents(invoice.balance_due / 4), reason))
        if overdue:
            oldest = overdue[0]
            why = "Moved abroad, three reminders came back"
            self.do(WriteOffForm, self.administrator, data=entry(oldest, oldest.balance_due, why))
        paid = Payment.objects.collected().filter(amount__gte=50, payment_method=PaymentMethod.CREDIT_CARD)
        for payment in paid.order_by("-payment_date", "pk")[3:4]:
            back, reason = cents(payment.amount / 5), "Test was ordered twice and done once"
            data = {"payment": payment.pk, "amount": back, "payment_method": "credit_card", "reason": reason}
            self.do(RefundPaymentForm, officer, data=data)
            self.do(CreditNoteForm, officer, data=entry(payment.invoice, back, reason))

    def close(self, officer: User, day: date) -> CashClose | None:
        """Counted at the end of the day; now and then a coin is missing."""
        evening = datetime.combine(day, time(18, 30), tzinfo=zone())
        with at(evening + timedelta(minutes=self.rng.randrange(20))):
            expected = takings(officer, open_since(officer), now())
            if not expected or min(expected.values()) < 0:
                return None
            missing = Decimal("0.50") if self.rng.random() < 0.3 and expected.get("cash", ZERO) > 1 else ZERO
            data = pieces(expected.pop("cash", ZERO) - missing + 100) | {"opening_float": "100"}
            data |= {f"counted_{method}": str(amount) for method, amount in expected.items()}
            data["explanation"] = "Wrong change, 50 cents short" if missing else ""
            found: CashClose = self.do(CountCashForm, officer, data=data)
            return found


def entry(invoice: Invoice, amount: Decimal, reason: str) -> dict[str, Any]:
    """A credit note or write-off as it is posted."""
    return {"invoice": invoice.pk, "amount": str(amount), "notes": reason}


def pieces(amount: Decimal) -> dict[str, Any]:
    """The amount in as few notes and coins as possible."""
    found: dict[str, Any] = {}
    for value in DENOMINATIONS:
        found[f"pieces_{value}"], amount = int(amount // value), amount % value
    return found
