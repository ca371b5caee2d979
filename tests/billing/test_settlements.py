"""Refunds, credit notes, write-offs, several methods at once, change: RULE-INV-5 stays literally true."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from audit.models import AuditLog
from billing.forms import CreditNoteForm, RecordPaymentForm, RefundPaymentForm, VoidPaymentForm, WriteOffForm
from billing.models import Invoice, Payment, Refund
from healthcare.models import new_id
from healthcare.workflow import submit
from tests.billing.conftest import rows
from tests.billing.test_pages import read
from tests.factories import InvoiceFactory, PaymentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("RULE-INV-5", "WF-PAY")]


def books(invoice):
    """(paid, balance, status) as they stand, after checking the law."""
    invoice = Invoice.objects.get(pk=invoice.pk)
    connection.check_constraints()
    assert invoice.amount_paid == invoice.payments.live().total()
    assert invoice.balance_due == invoice.total_amount - invoice.amount_paid
    return str(invoice.amount_paid), str(invoice.balance_due), invoice.status


def refund(officer, payment, amount, **more):
    data = {"payment": payment.pk, "amount": amount, "payment_method": "cash", "reason": "Not done", **more}
    return submit(RefundPaymentForm, actor=officer, data=data, new_id=more.get("new_id"))


@pytest.mark.spec("RULE-PAY-3", "AUD-1")
def test_a_partial_refund_carries_on_what_was_kept(billing_officer):
    payment = PaymentFactory(amount=100, payment_method="credit_card", processed_by_user=billing_officer)
    assert books(payment.invoice) == ("100.00", "20.00", "partially_paid")
    form = refund(billing_officer, payment, "30")
    assert form.is_valid(), form.errors
    assert books(payment.invoice) == ("70.00", "50.00", "partially_paid")
    payment.refresh_from_db()
    kept = payment.carried_to
    assert payment.state == "refunded" and payment.amount == 100
    assert (kept.amount, kept.payment_date, kept.payment_method) == (70, payment.payment_date, "credit_card")
    assert AuditLog.objects.filter(action="refund", entity_type="refund", entity_id=form.instance.pk).exists()
    # The rest can be given back too; then nothing is left to give back.
    assert refund(billing_officer, kept, "70").is_valid()
    assert books(payment.invoice) == ("0.00", "120.00", "issued")
    assert "still held" in str(refund(billing_officer, kept, "1").errors)
    assert sum(entry.amount for entry in Refund.objects.all()) == 100


def test_refund_refuses_more_than_was_paid_and_what_was_voided(billing_officer):
    payment = PaymentFactory(amount=100)
    assert "At most $100.00" in str(refund(billing_officer, payment, "100.01").errors)
    assert "reference" in str(refund(billing_officer, payment, "1", payment_method="bank_transfer").errors)
    submit(VoidPaymentForm, actor=billing_officer, instance=payment, data={"void_reason": "x"})
    assert "still held" in str(refund(billing_officer, payment, "1").errors)
    assert not Refund.objects.exists()


def test_refund_sent_twice_gives_back_once(billing_officer):
    payment, key = PaymentFactory(amount=100), new_id()
    data = {"payment": payment.pk, "amount": "40", "payment_method": "cash", "reason": "x"}
    for _ in range(2):
        form = submit(RefundPaymentForm, actor=billing_officer, data=data, new_id=key)
    assert form.already_saved and books(payment.invoice)[0] == "60.00"


@pytest.mark.spec("AUD-1", "ENT-5")
def test_credit_notes_are_numbered_documents_that_count_as_paid(login, billing_officer):
    invoice = InvoiceFactory(status="issued")
    data = {"invoice": invoice.pk, "amount": "20", "notes": "Goodwill"}
    client = login(billing_officer)
    assert client.post(reverse("invoice_credit_note", args=[invoice.pk]), data).url == invoice.get_absolute_url()
    assert books(invoice) == ("20.00", "100.00", "partially_paid")
    note = Payment.objects.get()
    assert (note.document_number, note.kind, note.payment_method) == ("CN-000001", "credit_note", "other")
    _reader, pages = read(client.get(reverse("payment_receipt", args=[note.pk])))
    for words in ("Credit note", "CN-000001", invoice.invoice_number, "$20.00", "Goodwill", "$100.00"):
        assert words in " ".join(pages), words
    too_much = submit(CreditNoteForm, actor=billing_officer, data=data | {"amount": "100.01"})
    assert "At most $100.00" in str(too_much.errors)
    assert "reason" in str(CreditNoteForm(actor=billing_officer)["notes"].label).lower()
    assert submit(CreditNoteForm, actor=billing_officer, data=data | {"notes": ""}).errors["notes"]
    assert Payment.objects.collected().count() == 0  # a credit note is no revenue


def test_only_administrators_write_off(billing_officer, administrator):
    invoice = InvoiceFactory(status="issued")
    data = {"invoice": invoice.pk, "amount": "120", "notes": "Insolvent"}
    with pytest.raises(PermissionDenied):
        submit(WriteOffForm, actor=billing_officer, data=data)
    assert not WriteOffForm.available(invoice, billing_officer)
    assert submit(WriteOffForm, actor=administrator, data=data).instance.document_number == "WO-000001"
    assert books(invoice) == ("120.00", "0.00", "paid")
    entry = Payment.objects.get()
    assert not RefundPaymentForm.available(entry, administrator)
    submit(VoidPaymentForm, actor=administrator, instance=entry, data={"void_reason": "They paid after all"})
    assert books(invoice) == ("0.00", "120.00", "issued")


@pytest.mark.spec("RULE-PAY-1")
def test_several_methods_at_once_are_several_entries_and_one_receipt(login, billing_officer):
    invoice = InvoiceFactory(status="issued")
    parts = rows(
        {"amount": "40", "payment_method": "insurance", "transaction_reference": "C-1"},
        {"amount": "30.50", "payment_method": "credit_card"},
        prefix="parts",
    )
    data = {"invoice": invoice.pk, "amount": "49.50", "payment_method": "cash", **parts}
    too_much = submit(RecordPaymentForm, actor=billing_officer, data=data | {"amount": "49.51"})
    assert "At most $120.00" in str(too_much.errors["amount"])
    no_reference = submit(RecordPaymentForm, actor=billing_officer, data=data | {"parts-0-transaction_reference": ""})
    assert not no_reference.is_valid()
    assert books(invoice)[0] == "0.00"
    assert submit(RecordPaymentForm, actor=billing_officer, data=data).is_valid()
    assert books(invoice) == ("120.00", "0.00", "paid")
    assert sorted(Payment.objects.values_list("payment_method", "amount")) == [
        ("cash", Decimal("49.50")),
        ("credit_card", Decimal("30.50")),
        ("insurance", Decimal("40.00")),
    ]
    cash, *others = Payment.objects.order_by("id")
    assert [part.part_of for part in others] == [cash, cash]
    client = login(billing_officer)
    submit(VoidPaymentForm, actor=billing_officer, instance=others[1], data={"void_reason": "Card was refused"})
    for payment in (cash, others[0]):  # one receipt for all that was paid at once
        for route in ("payment_receipt", "payment_receipt_narrow"):
            text = " ".join(read(client.get(reverse(route, args=[payment.pk])))[1])
            for words in ("$49.50", "C-1", "$40.00", "$30.50", "$89.50"):
                assert words in text, words
    assert AuditLog.objects.filter(entity_type="payment", action__in=("pay", "create")).count() == 3


def test_change_is_reckoned_and_printed(login, billing_officer):
    invoice = InvoiceFactory(status="issued")
    client, url = login(billing_officer), reverse("invoice_pay", args=[invoice.pk])
    data = {"invoice": invoice.pk, "amount": "33.35", "payment_method": "cash", "tendered": "50"}
    page = client.post(url, data, follow=True)
    assert "Change: $16.65" in page.content.decode()
    payment = Payment.objects.get()
    for route in ("payment_receipt", "payment_receipt_narrow"):
        reader, pages = read(client.get(reverse(route, args=[payment.pk])))
        assert "$16.65" in pages[0] and "$33.35" in pages[0] and len(pages) == 1
    assert round(float(reader.pages[0].mediabox.width) / 72 * 25.4) == 80
    assert "Less was given" in str(
        submit(RecordPaymentForm, actor=billing_officer, data=data | {"tendered": "33.34"}).errors
    )
    by_card = data | {"payment_method": "credit_card"}
    assert "cash only" in str(submit(RecordPaymentForm, actor=billing_officer, data=by_card).errors)


@pytest.mark.parametrize("method", ["insurance", "bank_transfer", "cheque"])
def test_methods_that_need_a_reference(billing_officer, method):
    invoice = InvoiceFactory(status="issued")
    data = {"invoice": invoice.pk, "amount": "10", "payment_method": method}
    form = submit(RecordPaymentForm, actor=billing_officer, data=data)
    assert "needs its reference number" in str(form.errors["transaction_reference"])


@pytest.mark.spec("FND-8")
def test_the_database_keeps_refunds_and_documents_right(billing_officer):
    payment = PaymentFactory(amount=100)
    common = {"invoice": payment.invoice, "patient": payment.patient, "payment_method": "cash"}
    for make in (
        lambda: Refund.objects.create(payment=payment, amount=10, reason="x", **common),  # still counts
        lambda: Payment.objects.create(amount=10, carried_from=payment, **common),
        lambda: Payment.objects.create(amount=10, kind="credit_note", **common),  # no number, no reason
        lambda: Payment.objects.create(amount=10, tendered=9, **common),
        lambda: Payment.objects.filter(pk=payment.pk).update(is_refunded=True),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            make()
    done = refund(billing_officer, payment, "10").instance
    for change in ({"amount": 1}, {"reason": "y"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Refund.objects.filter(pk=done.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM refunds")


@pytest.mark.spec("RULE-PAY-3", "ROLE-2")
def test_a_write_off_is_taken_back_only_by_who_may_write_off(administrator, billing_officer, login):
    invoice = InvoiceFactory(status="issued")
    data = {"invoice": invoice.pk, "amount": "20", "notes": "Gone abroad"}
    entry = submit(WriteOffForm, actor=administrator, data=data).instance
    page = reverse("payment_void", args=[entry.pk])
    with pytest.raises(PermissionDenied):
        submit(VoidPaymentForm, actor=billing_officer, instance=entry, data={"void_reason": "Paid after all"})
    officers = login(billing_officer)
    assert page not in officers.get(entry.get_absolute_url()).content.decode()
    for path in (page, f"/api/v1/payments/{entry.pk}/void"):
        assert officers.post(path, {"void_reason": "x"}, content_type="application/json").status_code == 403
    assert officers.get(page).status_code == 403 and books(invoice)[0] == "20.00"
    assert page in login(administrator).get(entry.get_absolute_url()).content.decode()
    entry = Payment.objects.get(pk=entry.pk)
    form = submit(VoidPaymentForm, actor=administrator, instance=entry, data={"void_reason": "Paid after all"})
    assert form.is_valid() and books(invoice)[0] == "0.00"


@pytest.mark.spec("PRN-1", "WF-PAY")
def test_a_refund_has_a_voucher(billing_officer, login):
    payment = PaymentFactory(amount=100, payment_method="credit_card")
    entry = refund(billing_officer, payment, "30.05").instance
    client, url = login(billing_officer), reverse("refund_voucher", args=[entry.pk])
    for page in (payment.get_absolute_url(), payment.invoice.get_absolute_url()):
        assert url in client.get(page).content.decode()
    _reader, pages = read(client.get(url))
    for text in ("Refund voucher", "$30.05", "$100.00", "Credit Card", "Not done", payment.invoice.invoice_number):
        assert text in pages[0], text
    assert AuditLog.objects.filter(action="print", entity_type="refund", entity_id=entry.pk).exists()


@pytest.mark.spec("PRN-1", "RULE-PAY-3")
def test_the_receipt_says_how_much_went_back_and_strikes_only_what_was_voided(billing_officer, login):
    payment = PaymentFactory(amount=100, processed_by_user=billing_officer)
    client = login(billing_officer)

    routes = [reverse(name, args=[payment.pk]) for name in ("payment_receipt", "payment_receipt_narrow")]

    def texts():
        return [" ".join(read(client.get(route))[1]) for route in routes]

    refund(billing_officer, payment, "30.05")
    for text in texts():
        for words in ("$100.00", "Given back", "$30.05", "Kept", "$69.95"):
            assert words in text, words
    payment.refresh_from_db()
    refund(billing_officer, payment.carried_to, "19.95")
    for text in texts():
        assert "$50.00" in text
