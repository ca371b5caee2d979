"""Money received and taken back."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import NoReverseMatch, reverse

from audit.models import AuditLog
from billing.forms import RecordPaymentForm, VoidPaymentForm
from billing.models import Invoice, Payment, PaymentMethod
from healthcare.clock import now, today
from healthcare.workflow import submit
from tests.factories import InvoiceFactory, PatientFactory, PaymentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def pay(billing_officer):
    """pay(invoice, amount, **fields) -> the submitted form."""

    def _pay(invoice, amount, /, **fields):
        data = {"invoice": invoice.pk, "amount": str(amount), "payment_method": "cash", **fields}
        return submit(RecordPaymentForm, actor=billing_officer, data=data)

    return _pay


@pytest.mark.spec("WF-PAY", "RULE-INV-5", "AUD-1")
@pytest.mark.parametrize("route", ["invoice_pay", "payment_create"])
def test_payment_is_recorded_through_the_page_and_the_invoice_follows(login, billing_officer, route):
    invoice = InvoiceFactory(status="issued")
    url = reverse(route, args=[invoice.pk]) if route == "invoice_pay" else f"{reverse(route)}?invoice={invoice.pk}"
    client = login(billing_officer)
    page = client.get(url)
    assert page.status_code == 200
    assert page.context["form"].initial["amount"] == Decimal("120.00")
    data = {
        "invoice": invoice.pk,
        "amount": "70.50",
        "payment_method": "credit_card",
        "transaction_reference": "TX-1",
        "new_id": str(page.context["new_id"]),
        "shown_patient": str(invoice.patient_id),
    }
    assert client.post(url, data).url == invoice.get_absolute_url()
    payment = Payment.objects.get()
    assert (payment.patient, payment.processed_by_user) == (invoice.patient, billing_officer)
    invoice.refresh_from_db()
    assert (invoice.amount_paid, invoice.balance_due, invoice.status) == (
        Decimal("70.50"),
        Decimal("49.50"),
        "partially_paid",
    )
    trail = AuditLog.objects.filter(user=billing_officer)
    assert trail.get(entity_type="payment", action="pay").entity_id == payment.pk
    changes = trail.get(entity_type="invoice", action="update")
    assert (changes.old_values["status"], changes.new_values["status"]) == ("issued", "partially_paid")


@pytest.mark.spec("RULE-PAY-2", "VAL-6")
@pytest.mark.parametrize("route", ["invoice_pay", "invoice_credit_note"])
def test_the_invoice_in_the_address_is_the_one_that_is_paid(login, billing_officer, route):
    shown, other = InvoiceFactory(status="issued"), InvoiceFactory(status="issued")
    data = {"invoice": other.pk, "amount": "20", "payment_method": "cash", "notes": "Goodwill"}
    assert login(billing_officer).post(reverse(route, args=[shown.pk]), data).status_code == 404
    assert not Payment.objects.exists()


@pytest.mark.spec("RULE-PAY-3")
def test_double_submit_records_one_payment(login, billing_officer):
    invoice = InvoiceFactory(status="issued")
    client, url = login(billing_officer), reverse("invoice_pay", args=[invoice.pk])
    data = {"invoice": invoice.pk, "amount": "20", "payment_method": "cash"}
    data["new_id"] = str(client.get(url).context["new_id"])
    assert client.post(url, data).url == client.post(url, data).url == invoice.get_absolute_url()
    assert Payment.objects.count() == 1
    invoice.refresh_from_db()
    assert invoice.amount_paid == Decimal("20.00")


@pytest.mark.spec("RULE-PAY-1", "RULE-INV-4")
@pytest.mark.parametrize("method", PaymentMethod.values)
def test_any_method_partly_then_wholly(pay, method):
    invoice = InvoiceFactory(status="issued")
    method = {"payment_method": method, "transaction_reference": "R-1"}
    assert pay(invoice, "0.01", **method).instance.invoice.status == "partially_paid"
    refused = pay(invoice, "120.00", **method)
    assert "At most $119.99 is due." in str(refused.errors["amount"])
    assert pay(invoice, "119.99", **method).instance.invoice.status == "paid"
    assert "paid already" in str(pay(invoice, "0.01").errors["invoice"])


@pytest.mark.spec("RULE-PAY-1", "VAL-4")
@pytest.mark.parametrize(
    "amount",
    ["", "0", "0.00", "-1", "0.001", "1.005", "NaN", "Infinity", "1e2", "1e400", "1000000000000", "x", "１２", "12,50"],
)
def test_bad_amount_is_refused_at_its_field(pay, amount):
    invoice = InvoiceFactory(status="issued")
    assert pay(invoice, amount).errors["amount"]
    assert not Payment.objects.exists()


@pytest.mark.spec("VAL-4")
@pytest.mark.parametrize("typed", ["NaN", "Infinity", "1e400", "12,50", "1.005"])
def test_what_was_typed_stays_with_its_message(login, billing_officer, typed):
    """In an input of text: a browser empties one of numbers that holds no number."""
    invoice = InvoiceFactory(status="issued")
    page = login(billing_officer).post(reverse("invoice_pay", args=[invoice.pk]), {"amount": typed, "tendered": typed})
    for name in ("amount", "tendered"):
        (field,) = re.findall(f'<input[^>]*name="{name}"[^>]*>', page.content.decode())
        assert 'type="text"' in field and f'value="{typed}"' in field and 'aria-invalid="true"' in field
        assert page.context["form"].errors[name]


@pytest.mark.spec("RULE-PAY-2")
@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_no_payment_on_draft_or_cancelled(pay, status):
    invoice = InvoiceFactory(status=status, lines=[("A", 1, "50")])
    assert "Only an issued invoice" in str(pay(invoice, "10").errors["invoice"])
    assert not Payment.objects.exists()


@pytest.mark.spec("RULE-PAY-2", "BYD-2")
def test_payment_is_the_invoices_patients(pay):
    invoice, other = InvoiceFactory(status="issued"), PatientFactory()
    assert "another patient" in str(pay(invoice, "10", shown_patient=str(other.pk)).errors)
    assert pay(invoice, "10", patient=str(other.pk)).instance.patient == invoice.patient


@pytest.mark.spec("WF-PAY")
@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"payment_method": "gold"}, "payment_method"),
        ({"payment_method": ""}, "payment_method"),
        ({"transaction_reference": "x" * 101}, "transaction_reference"),
        ({"transaction_reference": "NUL\x00"}, "transaction_reference"),
        ({"payment_date": "2999-01-01T10:00"}, "payment_date"),
        ({"payment_date": "0001-01-01T00:00"}, "payment_date"),
        ({"payment_date": "yesterday"}, "payment_date"),
        ({"invoice": "x"}, "invoice"),
        ({"invoice": "00000000-0000-0000-0000-000000000000"}, "invoice"),
        ({"notes": "x" * 10_001}, "notes"),
    ],
)
def test_bad_field_is_refused_at_its_place(pay, fields, place):
    assert place in pay(InvoiceFactory(status="issued"), "10", **fields).errors
    assert not Payment.objects.exists()


@pytest.mark.spec("RULE-PAY-3", "RULE-INV-5", "FND-6")
@pytest.mark.parametrize("route", ["payment_void", "payment_delete"])
def test_void_needs_a_reason_and_the_invoice_follows(login, billing_officer, pay, route):
    invoice = InvoiceFactory(status="issued", due_date=today() + timedelta(5))
    first, second = pay(invoice, "100").instance, pay(invoice, "20").instance
    assert second.invoice.status == "paid"
    client, url = login(billing_officer), reverse(route, args=[first.pk])
    assert client.get(url).status_code == 200
    assert "void_reason" in client.post(url).context["form"].errors
    assert client.post(url, {"void_reason": "Cheque bounced"}).status_code == 302
    first.refresh_from_db()
    assert (first.state, first.voided_by_user, first.void_reason) == ("voided", billing_officer, "Cheque bounced")
    invoice.refresh_from_db()
    assert (invoice.amount_paid, invoice.balance_due, invoice.status) == (Decimal(20), Decimal(100), "partially_paid")
    assert "voided already" in client.post(url, {"void_reason": "Again"}).content.decode()
    submit(VoidPaymentForm, actor=billing_officer, instance=second, data={"void_reason": "Typo"})
    invoice.refresh_from_db()
    assert (invoice.amount_paid, invoice.status) == (0, "issued")
    assert AuditLog.objects.filter(entity_type="payment", action="void").count() == 2


@pytest.mark.spec("RULE-PAY-3")
def test_there_is_no_page_to_edit_a_payment(login, administrator):
    with pytest.raises(NoReverseMatch):
        reverse("payment_edit", args=[PaymentFactory().pk])
    payment = Payment.objects.get()
    assert login(administrator).get(f"/payments/{payment.pk}/edit/").status_code == 404


@pytest.mark.spec("RULE-INV-4")
def test_partial_payment_of_a_late_invoice_leaves_it_overdue(pay):
    invoice = InvoiceFactory(status="issued", due_date=today() - timedelta(1), invoice_date=today() - timedelta(31))
    assert pay(invoice, "20").instance.invoice.status == "overdue"
    assert pay(invoice, "100").instance.invoice.status == "paid"


@pytest.mark.spec("PAGE-2")
def test_payment_list_filters_and_search(login, billing_officer):
    old = PaymentFactory(payment_date=now() - timedelta(days=10), payment_method="cheque", transaction_reference="CH-9")
    new = PaymentFactory()
    submit(VoidPaymentForm, actor=billing_officer, instance=new, data={"void_reason": "Typo"})
    client, url = login(billing_officer), reverse("payment_list")
    for query, expected in (
        ({}, [new, old]),
        ({"payment_method": "cheque"}, [old]),
        ({"date_from": str(today() - timedelta(2))}, [new]),
        ({"date_to": str(today() - timedelta(2))}, [old]),
        ({"patient": old.patient_id}, [old]),
        ({"voided": "true"}, [new]),
        ({"voided": "false"}, [old]),
        ({"q": "ch-9"}, [old]),
        ({"q": new.invoice.invoice_number}, [new]),
        ({"q": old.patient.last_name + " " + old.patient.first_name}, [old]),
    ):
        rows = client.get(url, query).context["rows"]
        assert [row["object"] for row in rows] == expected, query


@pytest.mark.spec("PAGE-2")
def test_payable_invoices_are_offered(login, billing_officer):
    open_invoice = InvoiceFactory(status="issued")
    InvoiceFactory(), InvoiceFactory(status="paid")
    options = login(billing_officer).get(reverse("payable_invoice_options")).json()["results"]
    assert [option["id"] for option in options] == [str(open_invoice.pk)]
    assert Invoice.objects.count() == 3
