"""Totals and statuses: never float, half-up, and right after any sequence of steps."""

from __future__ import annotations

import ast
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import billing
from billing.forms import (
    CancelInvoiceForm,
    CreateInvoiceForm,
    CreditNoteForm,
    EditInvoiceForm,
    IssueInvoiceForm,
    RecordPaymentForm,
    RefundPaymentForm,
    VoidPaymentForm,
    WriteOffForm,
)
from billing.models import Invoice, Payment, Refund
from billing.status import status_by_amounts
from billing.totals import line_total, totals
from departments.models import ClinicSettings
from healthcare.clock import today
from healthcare.workflow import submit
from tests.billing.conftest import rows
from tests.factories import ConsultationFactory

ROOT = Path(billing.__file__).parent
SOURCES = sorted(path for path in ROOT.rglob("*.py") if "migrations" not in path.parts)
MONEY = st.decimals("0", "9999.99", places=2)
PERCENT = st.decimals("0", "100", places=2)


@pytest.mark.spec("FND-4")
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_billing_code_has_no_float(path):
    for node in ast.walk(ast.parse(path.read_text())):
        assert not (isinstance(node, ast.Name) and node.id in {"float", "FloatField", "round"}), path
        assert not (isinstance(node, ast.Attribute) and node.attr in {"FloatField", "fsum"}), path
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), path


def half_up(amount: Fraction) -> Decimal:
    """To the cent by the textbook, independent of the code under test."""
    hundredths = amount * 100
    whole = int(hundredths)
    return Decimal(whole + (hundredths - whole >= Fraction(1, 2))) / 100


@pytest.mark.spec("RULE-INV-2", "FND-4")
@given(
    lines=st.lists(st.tuples(st.integers(1, 500), MONEY), max_size=8),
    percent=st.none() | PERCENT,
    discount=MONEY,
    tax=st.none() | MONEY,
    rate=PERCENT,
)
def test_totals_agree_with_exact_arithmetic(lines, percent, discount, tax, rate):
    result = totals(
        [line_total(*line) for line in lines], discount=discount, discount_percent=percent, tax=tax, tax_rate=rate
    )
    subtotal = sum((quantity * Fraction(price) for quantity, price in lines), Fraction(0))
    assert Fraction(result.subtotal) == subtotal
    expected = half_up(subtotal * Fraction(percent) / 100) if percent is not None else discount
    assert result.discount == expected
    taxed = max(subtotal - Fraction(expected), Fraction(0))
    assert result.tax == (half_up(taxed * Fraction(rate) / 100) if tax is None else tax)
    assert result.total == result.subtotal + result.tax - result.discount
    for amount in (result.subtotal, result.discount, result.tax, result.total):
        assert amount == amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


@pytest.mark.spec("RULE-INV-4")
@pytest.mark.parametrize(
    ("total", "paid", "due", "status"),
    [
        (100, 0, None, "issued"),
        (100, 0, 0, "issued"),
        (100, 0, 1, "issued"),
        (100, 0, -1, "overdue"),
        (100, 1, -1, "overdue"),
        (100, 1, 0, "partially_paid"),
        (100, 1, None, "partially_paid"),
        (100, 100, -1, "paid"),
        (0, 0, -1, "paid"),
    ],
)
def test_status_by_amounts(total, paid, due, status):
    day = date(2024, 2, 29)
    due_date = None if due is None else day + timedelta(due)
    assert status_by_amounts(Decimal(total), Decimal(paid), due_date, day) == status


class InvoiceLife(RuleBasedStateMachine):
    """Any sequence of what people can do with one visit's invoices."""

    officer = None

    @initialize(rate=st.sampled_from(["0", "8.25", "19"]))
    def begin(self, rate):
        clinic = ClinicSettings.current()
        clinic.tax_rate = Decimal(rate)
        clinic.save()
        self.visit = ConsultationFactory(completed=True).appointment
        self.invoice = None

    def do(self, form_class, **arguments):
        form = submit(form_class, actor=self.officer, **arguments)
        if self.invoice:
            self.invoice.refresh_from_db()
        return form

    lines = st.lists(st.tuples(st.just("Line"), st.integers(0, 9), MONEY), max_size=3)

    @rule(lines=lines, discount=MONEY, days=st.integers(-3, 3))
    def create(self, lines, discount, days):
        day = today() - timedelta(5)
        data = {
            "appointment": self.visit.pk,
            "discount_amount": discount,
            "invoice_date": day,
            "due_date": today() + timedelta(days),
        }
        form = submit(CreateInvoiceForm, actor=self.officer, data=data | rows(*lines))
        assert not form.is_valid() or self.invoice is None or self.invoice.status == "cancelled"
        if form.is_valid():
            self.invoice = form.instance

    @precondition(lambda self: self.invoice)
    @rule(lines=lines, percent=PERCENT, tax=st.none() | MONEY)
    def edit(self, lines, percent, tax):
        before = self.invoice.status
        data = rows(*lines) | {"discount_percent": percent, "tax_amount": "" if tax is None else tax}
        assert not self.do(EditInvoiceForm, instance=self.invoice, data=data).is_valid() or before == "draft"

    @precondition(lambda self: self.invoice)
    @rule()
    def issue(self):
        before = self.invoice.status
        issued = self.do(IssueInvoiceForm, instance=self.invoice).is_valid()
        assert issued == (before == "draft" and self.invoice.line_items.exists())

    @precondition(lambda self: self.invoice)
    @rule(amount=MONEY, share=st.sampled_from([None, 1, 2]))
    def pay(self, amount, share):
        due, live = self.invoice.balance_due, self.invoice.is_live
        if share:
            amount = (due / share).quantize(Decimal("0.01"))
        data = {"invoice": self.invoice.pk, "amount": amount, "payment_method": "cash"}
        assert self.do(RecordPaymentForm, data=data).is_valid() == (live and 0 < amount <= due)

    @precondition(lambda self: self.invoice and self.invoice.payments.exists())
    @rule(data=st.data())
    def void(self, data):
        payment = data.draw(st.sampled_from(list(self.invoice.payments.order_by("id"))))
        done = self.do(VoidPaymentForm, instance=payment, data={"void_reason": "x"}).is_valid()
        assert done == (payment.voided_at is None)

    @precondition(lambda self: self.invoice and self.invoice.payments.exists())
    @rule(data=st.data(), amount=MONEY, share=st.sampled_from([None, 1, 3]))
    def refund(self, data, amount, share):
        payment = data.draw(st.sampled_from(list(self.invoice.payments.order_by("id"))))
        if share:
            amount = (payment.amount / share).quantize(Decimal("0.01"))
        refund = {"payment": payment.pk, "amount": amount, "payment_method": "cash", "reason": "x"}
        done = self.do(RefundPaymentForm, data=refund).is_valid()
        assert done == (payment.voided_at is None and payment.is_money and 0 < amount <= payment.amount)

    @precondition(lambda self: self.invoice)
    @rule(form=st.sampled_from([CreditNoteForm, WriteOffForm]), amount=MONEY, share=st.sampled_from([None, 1, 2]))
    def settle(self, form, amount, share):
        due, live = self.invoice.balance_due, self.invoice.is_live
        if share:
            amount = (due / share).quantize(Decimal("0.01"))
        entry = {"invoice": self.invoice.pk, "amount": amount, "notes": "x"}
        done = self.do(form, data=entry).is_valid()
        assert done == (live and 0 < amount <= due)

    @precondition(lambda self: self.invoice)
    @rule()
    def cancel(self):
        before, paid = self.invoice.status, self.invoice.amount_paid
        done = self.do(CancelInvoiceForm, instance=self.invoice, data={"cancellation_reason": "x"}).is_valid()
        assert done == (before != "cancelled" and not paid)

    @invariant()
    def the_books_are_right(self):
        for invoice in Invoice.objects.prefetch_related("line_items", "payments"):
            lines = list(invoice.line_items.all())
            assert all(line.line_total == line.quantity * line.unit_price for line in lines)
            assert invoice.subtotal == sum(line.line_total for line in lines)
            assert invoice.total_amount == invoice.subtotal + invoice.tax_amount - invoice.discount_amount
            assert 0 <= invoice.discount_amount <= invoice.subtotal
            assert invoice.tax_amount >= 0
            assert invoice.amount_paid == sum(p.amount for p in invoice.payments.all() if p.voided_at is None)
            assert invoice.balance_due == invoice.total_amount - invoice.amount_paid >= 0
            if invoice.is_live:
                assert lines
                assert invoice.status == status_by_amounts(
                    invoice.total_amount, invoice.amount_paid, invoice.due_date, today()
                )
            else:
                assert not invoice.amount_paid
        assert Invoice.objects.live().count() <= 1
        for refund in Refund.objects.select_related("payment"):
            kept = getattr(refund.payment, "carried_to", None)
            assert refund.payment.amount == refund.amount + (kept.amount if kept else 0)
        for kind, prefix in (("credit_note", "CN"), ("write_off", "WO")):
            numbers = Payment.objects.filter(kind=kind).order_by("document_number")
            assert [entry.document_number for entry in numbers] == [
                f"{prefix}-{number:06}" for number in range(1, len(numbers) + 1)
            ]
        assert [invoice.invoice_number for invoice in Invoice.objects.order_by("invoice_number")] == [
            f"INV-{number:06}" for number in range(1, Invoice.objects.count() + 1)
        ]


@pytest.mark.django_db
@pytest.mark.spec("RULE-INV-2", "RULE-INV-4", "RULE-INV-5", "RULE-PAY-1", "WF-INV", "WF-PAY")
def test_any_sequence_keeps_the_books_right(administrator):
    class Life(InvoiceLife):
        officer = administrator

        def __init__(self):
            super().__init__()
            self.savepoint = transaction.atomic()
            self.savepoint.__enter__()

        def teardown(self):
            # Each example starts from an empty ledger.
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)

    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=20, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert not Payment.objects.exists()
