"""What one of the racing processes does: one counts the cash again and again while the others take money."""

import itertools
import random
from decimal import Decimal

from billing.forms import CountCashForm, RecordPaymentForm, VoidPaymentForm
from billing.models import CashClose, Invoice, Payment
from billing.takings import open_since, takings
from departments.models import User
from healthcare.clock import now
from healthcare.workflow import submit
from tests.factories import InvoiceFactory, UserFactory


def seed():
    """One officer at several desks, and an invoice for each desk."""
    return {
        "officer": str(UserFactory(role="billing_officer").pk),
        "invoices": [str(InvoiceFactory(status="issued", lines=[("Operation", 1, "10000.00")]).pk) for _ in range(16)],
    }


def play(number, seeded, rounds):
    """Codes of what was refused."""
    dice, actor = random.Random(number), User.objects.get(pk=seeded["officer"])
    codes = []
    for turn in range(rounds):
        if number == 0:
            form = submit(CountCashForm, actor=actor, data={"explanation": "Race"})
        else:
            amount = str(Decimal(dice.randrange(1, 4000)) / 100)
            data = {"invoice": seeded["invoices"][number], "amount": amount, "payment_method": "cash"}
            form = submit(RecordPaymentForm, actor=actor, data=data)
            if form.is_valid() and turn % 4 == 0:
                form = submit(VoidPaymentForm, actor=actor, instance=form.instance, data={"void_reason": "Race"})
        codes += [error.code for errors in form.errors.as_data().values() for error in errors]
    return codes


def read(seeded):
    """What all closes and the open rest expect, and what was really taken."""
    officer = User.objects.get(pk=seeded["officer"])
    closes = list(CashClose.objects.order_by("starts_at"))
    rest = sum(takings(officer, open_since(officer), now()).values(), Decimal(0))
    return {
        "closed": str(sum(close.expected_total for close in closes)),
        "rest": str(rest),
        "held": str(Payment.objects.collected().total()),
        "closes": len(closes),
        "joined": all(one.ends_at == other.starts_at for one, other in itertools.pairwise(closes)),
        "paid": str(sum(invoice.amount_paid for invoice in Invoice.objects.all())),
    }
