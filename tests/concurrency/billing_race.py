"""What one of the racing processes does: pay one invoice and void, invoice visits and roll some back."""

import random
from decimal import Decimal

from django.db import transaction

from billing.forms import CreateInvoiceForm, CreditNoteForm, RecordPaymentForm, RefundPaymentForm, VoidPaymentForm
from billing.models import Invoice, Payment, Refund
from billing.reconcile import differences
from departments.models import User
from healthcare.models import new_id
from healthcare.workflow import submit
from tests.factories import ConsultationFactory, InvoiceFactory, UserFactory

VISITS = 25


class ChangedTheirMind(Exception):
    """Rolls the transaction back after the number was given out."""


def seed():
    """A billing officer, one issued invoice that everybody pays, and visits that everybody invoices."""
    return {
        "officer": str(UserFactory(role="billing_officer").pk),
        "invoice": str(InvoiceFactory(status="issued", lines=[("Operation", 1, "100.00")]).pk),
        "visits": [str(ConsultationFactory(completed=True).appointment_id) for _ in range(VISITS)],
    }


def play(number, seeded, rounds):
    """Each decision with its answer."""
    dice = random.Random(number)
    actor = User.objects.get(pk=seeded["officer"])
    decisions, mine = [], []
    # Whoever comes first finds nothing paid, so that at least one payment is made and voided, whatever the dice say.
    script = ["pay", "void"]
    script += dice.choices(
        ["pay", "pay", "void", "refund", "credit", "create", "create", "undo"], k=rounds - len(script)
    )
    for kind in script:
        if kind in ("void", "refund") and not mine:
            continue
        try:
            saved, key, codes = do(kind, dice, actor, seeded, mine)
        except ChangedTheirMind:
            saved, key, codes = False, "", ["rolled_back"]
        except Exception as error:  # every answer counts, this one as a failure
            saved, key, codes = False, "", [f"{type(error).__name__}: {error}"]
        decisions.append({"kind": kind, "saved": saved, "key": key, "codes": codes})
    return decisions


def do(kind, dice, actor, seeded, mine):
    """One step through the door that the pages use."""
    if kind == "pay":
        amount = Decimal(dice.randrange(1, 4000)) / 100
        data = {"invoice": seeded["invoice"], "amount": str(amount), "payment_method": "cash"}
        key = new_id()
        form = submit(RecordPaymentForm, actor=actor, data=data, new_id=key)
        if form.is_valid():
            mine.append(str(key))
            # The same page sent twice records nothing more.
            assert submit(RecordPaymentForm, actor=actor, data=data, new_id=key).already_saved
    elif kind == "void":
        payment = Payment.objects.get(pk=mine.pop(dice.randrange(len(mine))))
        form = submit(VoidPaymentForm, actor=actor, instance=payment, data={"void_reason": "Race"})
    elif kind == "refund":
        back = {"payment": mine.pop(), "amount": "0.01", "payment_method": "cash", "reason": "Race"}
        form = submit(RefundPaymentForm, actor=actor, data=back, new_id=new_id())
    elif kind == "credit":
        note = {"invoice": seeded["invoice"], "amount": str(Decimal(dice.randrange(1, 500)) / 100), "notes": "Race"}
        form = submit(CreditNoteForm, actor=actor, data=note, new_id=new_id())
    else:
        data = {
            "appointment": dice.choice(seeded["visits"]),
            "line_items-TOTAL_FORMS": "1",
            "line_items-INITIAL_FORMS": "0",
            "line_items-0-description": "Visit",
            "line_items-0-quantity": "1",
            "line_items-0-unit_price": "80",
        }
        with transaction.atomic():
            form = submit(CreateInvoiceForm, actor=actor, data=data)
            if kind == "undo" and form.is_valid():
                raise ChangedTheirMind
    codes = sorted({error.code for errors in form.errors.as_data().values() for error in errors})
    return form.is_valid(), str(form.instance.pk), codes


def read(seeded):
    """What stands in the end."""
    invoice = Invoice.objects.get(pk=seeded["invoice"])
    refunds = [r for r in Refund.objects.select_related("payment__carried_to") if hasattr(r.payment, "carried_to")]
    return {
        "paid": str(invoice.amount_paid),
        "balance": str(invoice.balance_due),
        "status": invoice.status,
        "payments": [[str(p.pk), str(p.amount), p.voided_at is None] for p in invoice.payments.all()],
        "notes": sorted(invoice.payments.filter(kind="credit_note").values_list("document_number", flat=True)),
        "refunds": [[str(r.amount), str(r.payment.amount), str(r.payment.carried_to.amount)] for r in refunds],
        "differences": [str(difference) for difference in differences() if "missing" not in str(difference)],
        "numbers": sorted(Invoice.objects.exclude(pk=invoice.pk).values_list("invoice_number", flat=True)),
        "visits": [str(key) for key in Invoice.objects.exclude(pk=invoice.pk).values_list("appointment_id", flat=True)],
    }
