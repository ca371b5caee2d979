"""What the database refuses whatever the path, tried with raw SQL on whichever engine runs the tests."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from billing.guards import GUARDS
from billing.models import Invoice, InvoiceLineItem, Payment
from healthcare.constraints import refusal_of
from healthcare.guards import install
from tests.factories import InvoiceFactory, InvoiceLineItemFactory, PatientFactory, PaymentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("FND-8")]


def key(row):
    """The row's key as the engine stores it."""
    return row.pk if connection.vendor == "postgresql" else row.pk.hex


def execute(sql, *rows_or_values):
    """Run one statement, then everything that waits for the commit."""
    values = [key(value) if hasattr(value, "pk") else value for value in rows_or_values]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        # As at COMMIT: PostgreSQL's deferred triggers, SQLite's deferred foreign keys.
        connection.check_constraints()


def refused(sql, *values):
    """Run a statement that must be refused, and give the words for it."""
    with pytest.raises(IntegrityError) as error:
        execute(sql, *values)
    return str(refusal_of(error.value).message)


@pytest.mark.spec("RULE-PAY-3", "FND-6")
def test_payments_are_not_deleted_nor_changed():
    payment = PaymentFactory(amount=20)
    assert "voided" in refused("DELETE FROM payments WHERE id = %s", payment)
    for change in (
        "amount = 10",
        "payment_method = 'cheque'",
        "transaction_reference = 'x'",
        "notes = 'x'",
        "payment_date = created_at",
        "created_at = updated_at",
    ):
        assert "never edited" in refused(f"UPDATE payments SET {change} WHERE id = %s", payment), change


@pytest.mark.spec("RULE-PAY-3", "RULE-INV-5")
def test_a_payment_is_voided_once():
    payment = PaymentFactory(amount=20)
    invoice = payment.invoice
    void = "UPDATE payments SET voided_at = payment_date, void_reason = 'x' WHERE id = %s"
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(void, [key(payment)])
            cursor.execute(
                "UPDATE invoices SET amount_paid = 0, balance_due = total_amount, status = 'issued' WHERE id = %s",
                [key(invoice)],
            )
        connection.check_constraints()
    assert "never edited" in refused("UPDATE payments SET voided_at = NULL WHERE id = %s", payment)
    assert "never edited" in refused("UPDATE payments SET void_reason = 'y' WHERE id = %s", payment)


@pytest.mark.spec("RULE-INV-5")
def test_paid_is_the_sum_of_the_payments_at_every_commit():
    payment = PaymentFactory(amount=20)
    invoice = payment.invoice
    refused("UPDATE payments SET voided_at = payment_date, void_reason = 'x' WHERE id = %s", payment)
    refused("UPDATE invoices SET amount_paid = 21, balance_due = total_amount - 21 WHERE id = %s", invoice)
    columns = ", ".join(f.column for f in Payment._meta.concrete_fields if f.name != "id")
    other = PaymentFactory()
    copy = f"INSERT INTO payments (id, {columns}) SELECT %s, {columns} FROM payments WHERE id = %s"
    refused(copy, PatientFactory(), other)
    # The same in the right company is fine.
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(copy, [key(PatientFactory()), key(payment)])
            cursor.execute(
                "UPDATE invoices SET amount_paid = 40, balance_due = total_amount - 40 WHERE id = %s", [key(invoice)]
            )
        connection.check_constraints()
    assert invoice.payments.count() == 2


@pytest.mark.spec("RULE-INV-5", "RULE-INV-2")
@pytest.mark.parametrize(
    "change",
    [
        "balance_due = 1",
        "total_amount = 1",
        "discount_amount = 1000",
        "tax_amount = -1",
        "subtotal = -5",
        "status = 'unheard_of'",
        "covered_amount = total_amount + 1",
        "covered_amount = -1",
        "due_date = '2001-01-01'",
    ],
)
def test_sums_are_checked(change):
    refused(f"UPDATE invoices SET {change} WHERE id = %s", InvoiceFactory(lines=[("A", 1, "10")]))


@pytest.mark.spec("RULE-INV-3")
@pytest.mark.parametrize("status", ["issued", "cancelled", "paid"])
def test_lines_change_only_in_a_draft(status):
    invoice = InvoiceFactory(status=status, lines=[("A", 2, "10")])
    line, draft = invoice.line_items.get(), InvoiceFactory(lines=[("B", 1, "10")])
    words = "while the invoice is a draft"
    assert words in refused("UPDATE invoice_line_items SET description = 'x' WHERE id = %s", line)
    assert words in refused("DELETE FROM invoice_line_items WHERE id = %s", line)
    moved = "UPDATE invoice_line_items SET invoice_id = %s WHERE id = %s"
    assert words in refused(moved, draft, line)
    assert words in refused(moved, invoice, draft.line_items.get())
    with pytest.raises(IntegrityError), transaction.atomic():
        InvoiceLineItemFactory(invoice=invoice)
    execute("UPDATE invoice_line_items SET description = 'x' WHERE invoice_id = %s", draft)
    execute("DELETE FROM invoice_line_items WHERE invoice_id = %s", draft)
    assert InvoiceLineItem.objects.get() == line


@pytest.mark.spec("RULE-INV-3")
@pytest.mark.parametrize(
    "change",
    [
        "subtotal = subtotal + 1, total_amount = total_amount + 1, balance_due = balance_due + 1",
        "tax_amount = tax_amount + 1, total_amount = total_amount + 1, balance_due = balance_due + 1",
        "discount_amount = 1, total_amount = total_amount - 1, balance_due = balance_due - 1",
        "invoice_number = 'INV-9'",
        "status = 'draft'",
        "issued_at = NULL",
        'issued_texts = \'{"patient_name": "x"}\'',
        "patient_id = {other}",
        "invoice_date = '2026-01-01'",
        "due_date = '2030-01-01'",
        "covered_amount = 1",
        "notes = 'x'",
        "insurance_note = 'x'",
    ],
)
def test_issued_invoice_is_frozen(change):
    invoice = InvoiceFactory(status="issued")
    change = change.replace("{other}", f"'{key(PatientFactory())}'")
    assert "does not change" in refused(f"UPDATE invoices SET {change} WHERE id = %s", invoice)


@pytest.mark.spec("RULE-INV-3", "FND-6", "ENT-5")
def test_invoices_are_not_deleted_revived_or_renumbered():
    draft, cancelled = InvoiceFactory(), InvoiceFactory(status="cancelled")
    assert "never deleted" in refused("DELETE FROM invoices WHERE id = %s", draft)
    assert "does not change" in refused("UPDATE invoices SET invoice_number = 'INV-9' WHERE id = %s", draft)
    assert "does not change" in refused("UPDATE invoices SET status = 'issued' WHERE id = %s", cancelled)


@pytest.mark.spec("RULE-INV-2")
def test_issuing_needs_lines_that_add_up():
    issue = "UPDATE invoices SET status = 'issued' WHERE id = %s"
    assert "at least one line" in refused(issue, InvoiceFactory())
    invoice = InvoiceFactory(lines=[("A", 1, "10")])
    execute("UPDATE invoice_line_items SET unit_price = 11, line_total = 11 WHERE invoice_id = %s", invoice)
    assert "sum of its lines" in refused(issue, invoice)


@pytest.mark.spec("RULE-PAY-2")
def test_payments_only_of_issued_invoices_of_the_same_patient():
    for status in ("draft", "cancelled"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Payment.objects.create(
                invoice=(invoice := InvoiceFactory(status=status, lines=[("A", 1, "9")])),
                patient=invoice.patient,
                amount=1,
                payment_method="cash",
            )
    invoice = InvoiceFactory(status="issued")
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.create(invoice=invoice, patient=PatientFactory(), amount=1, payment_method="cash")


@pytest.mark.spec("RULE-INV-3")
def test_paid_invoice_is_not_cancelled():
    invoice = PaymentFactory().invoice
    assert "Void the payments" in refused("UPDATE invoices SET status = 'cancelled' WHERE id = %s", invoice)


@pytest.mark.spec("RULE-INV-2")
def test_the_order_in_which_an_import_writes_finished_invoices():
    patient = PatientFactory()
    invoice = Invoice(
        invoice_number="INV-800000",
        patient=patient,
        subtotal=10,
        total_amount=10,
        amount_paid=10,
        balance_due=0,
        status="paid",
    )
    line = InvoiceLineItem(invoice=invoice, description="A", unit_price=10, line_total=10)
    payment = Payment(invoice=invoice, patient=patient, amount=10, payment_method="cash")
    with transaction.atomic():
        InvoiceLineItem.objects.bulk_create([line])
        Payment.objects.bulk_create([payment])
        Invoice.objects.bulk_create([invoice])
        connection.check_constraints()
    assert Invoice.objects.get().payments.get() == payment


def test_guards_are_there_and_may_be_installed_again():
    install()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        present = {name for (name,) in cursor.fetchall()}
    for guard in GUARDS:
        assert any(name.startswith(guard.name) for name in present), guard.name
