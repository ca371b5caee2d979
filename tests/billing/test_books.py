"""Reconcile, number continuity, accounts: what is derived agrees with what it is derived from."""

from __future__ import annotations

import io
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing import nightly
from billing.account import ageing, latest, movements, owed_by
from billing.forms import CreditNoteForm, RefundPaymentForm, VoidPaymentForm
from billing.models import Invoice, Payment, UnbilledVisit
from billing.reconcile import differences, sequences
from departments.models import Counter
from healthcare.clock import today
from healthcare.guards import install, uninstall
from healthcare.workflow import submit
from tests.billing.test_pages import read
from tests.factories import ConsultationFactory, InvoiceFactory, PatientFactory, PaymentFactory

pytestmark = pytest.mark.django_db


@contextmanager
def without_guards():
    """As somebody with a database shell and bad intentions."""
    tables = ("invoices", "payments", "invoice_line_items", "refunds", "consultations")
    if connection.vendor == "sqlite":
        uninstall(plan=[True])
    else:
        connection.check_constraints()
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    if connection.vendor == "sqlite":
        install()


def numbered(**more):
    """An invoice with the next number of the counter."""
    number = Counter.next(Invoice.NUMBER_SEQUENCE)
    return InvoiceFactory(invoice_number=f"INV-{number:06}", **more)


@pytest.mark.spec("RULE-INV-5", "RULE-INV-2", "ENT-5")
def test_reconcile_finds_each_kind_of_difference(billing_officer, caplog):
    invoice = numbered(status="issued", lines=[("A", 2, "60")])
    PaymentFactory(invoice=invoice, amount=20)
    paid, gone = numbered(status="paid"), numbered()
    refunded = PaymentFactory(invoice=numbered(status="issued"), amount=50)
    refund = {"payment": refunded.pk, "amount": "20", "payment_method": "cash", "reason": "x"}
    assert submit(RefundPaymentForm, actor=billing_officer, data=refund).is_valid()
    visit = ConsultationFactory(completed=True)
    assert list(differences()) == []
    call_command("reconcile", stdout=io.StringIO())
    with without_guards():
        Payment.objects.filter(invoice=invoice).update(amount=21)
        invoice.line_items.update(quantity=3, line_total=180)
        Invoice.objects.filter(pk=paid.pk).update(status="issued")
        Payment.objects.filter(invoice=paid).update(patient=PatientFactory())
        Payment.objects.filter(carried_from=refunded).update(amount=31)
        Invoice.objects.filter(pk=gone.pk).update(invoice_number="INV-000077")
        UnbilledVisit.objects.filter(consultation=visit).update(consultation=ConsultationFactory(completed=True))
        found = [str(difference) for difference in differences()]
    for words in (
        f"{invoice.invoice_number}: subtotal and lines: expected 180",
        f"{invoice.invoice_number}: paid and payments: expected 21",
        f"{paid.invoice_number}: status: expected paid, found issued",
        f"{paid.invoice_number}: patient of the payment",
        "refund and what was kept: expected 50",
        f"{gone.invoice_number}: number missing",
        "INV-000077: number not given out",
        "unbilled visit: expected on the worklist",
    ):
        assert [text for text in found if words in text], (words, found)
    with pytest.raises(CommandError, match="differences"):
        call_command("reconcile", stdout=io.StringIO())
    assert nightly.reconcile() == len(found)
    assert "Reconcile" in caplog.text
    assert Invoice.objects.get(pk=invoice.pk).amount_paid == 20  # reported, not repaired


@pytest.mark.spec("BYD-6", "ENT-5")
def test_the_continuity_page_proves_the_series(login, billing_officer):
    for _ in range(3):
        numbered()
    page = login(billing_officer).get(reverse("invoice_numbers"))
    assert page.status_code == 200 and "no gap" in page.content.decode()
    invoices = sequences()[0]
    assert (invoices.count, invoices.last, invoices.is_continuous) == (3, 3, True)
    Counter.next(Invoice.NUMBER_SEQUENCE)
    assert sequences()[0].missing == ["INV-000004"]


@pytest.mark.spec("RULE-INV-4")
def test_the_worker_has_its_nights():
    from django_q.models import Schedule

    nightly.schedule()
    nightly.schedule()
    when = dict(Schedule.objects.filter(func__startswith="billing.nightly").values_list("func", "next_run"))
    assert set(when) == {f"billing.nightly.{name}" for name in ("mark_overdue", "apply_prices", "reconcile")}
    late = InvoiceFactory(status="issued", invoice_date=today() - timedelta(9), due_date=today() - timedelta(2))
    Invoice.objects.filter(pk=late.pk).update(status="issued")
    nightly.mark_overdue()
    assert Invoice.objects.get(pk=late.pk).status == "overdue"


@pytest.mark.spec("WF-PAY", "AUD-1")
def test_an_account_tells_every_movement_and_agrees_with_the_invoices(login, billing_officer):
    patient = PatientFactory()
    old = {"invoice_date": today() - timedelta(80), "due_date": today() - timedelta(50)}
    first = InvoiceFactory(patient=patient, status="issued", lines=[("A", 1, "200")], **old)
    second = InvoiceFactory(patient=patient, status="issued", due_date=today() + timedelta(9))
    InvoiceFactory(patient=patient, lines=[("Draft", 1, "999")])
    InvoiceFactory(status="issued")  # somebody else's
    payment = PaymentFactory(invoice=first, amount=Decimal("150.10"))
    refund = {"payment": payment.pk, "amount": "50.05", "payment_method": "cash", "reason": "x"}
    assert submit(RefundPaymentForm, actor=billing_officer, data=refund).is_valid()
    mistake = PaymentFactory(invoice=second, amount=Decimal("70"))
    submit(VoidPaymentForm, actor=billing_officer, instance=mistake, data={"void_reason": "x"})
    credit = {"invoice": second.pk, "amount": "19.95", "notes": "x"}
    assert submit(CreditNoteForm, actor=billing_officer, data=credit).is_valid()
    lines = movements(patient)
    # 200 + 120 - 150.10 + 50.05 - 19.95
    assert lines[-1].balance == owed_by(patient) == Decimal("200.00")
    assert [str(line.text) for line in lines].count("Refund") == 1 and len(lines) == 5
    ages = {row["name"]: row["owed"] for row in ageing(patient.invoices.all())}
    assert ages == {"not_due": Decimal("100.05"), "30": 0, "60": Decimal("99.95"), "90": 0, "older": 0}
    # What was kept of the refund and is then voided, too.
    kept = payment.carried_to if hasattr(payment, "carried_to") else Payment.objects.get(carried_from=payment)
    submit(VoidPaymentForm, actor=billing_officer, instance=kept, data={"void_reason": "x"})
    assert movements(patient)[-1].balance == owed_by(patient) == Decimal("300.05")
    client = login(billing_officer)
    assert reverse("patient_account", args=[patient.pk]) in client.get(patient.get_absolute_url()).content.decode()
    page = client.get(reverse("patient_account", args=[patient.pk]))
    assert "$300.05" in page.content.decode() and "$100.05" in page.content.decode()
    _reader, pages = read(client.get(reverse("patient_statement", args=[patient.pk])))
    assert "$300.05" in " ".join(pages) and "$200.00" in " ".join(pages)
    book = client.get(reverse("patient_account", args=[patient.pk]), {"export": "xlsx"})
    sheets = openpyxl.load_workbook(io.BytesIO(b"".join(book.streaming_content)))
    *lines, total = list(sheets["Statement"].iter_rows(values_only=True, min_row=2))
    charged, credited = (sum(Decimal(str(row[side] or 0)) for row in lines) for side in (3, 4))
    assert charged - credited == Decimal(str(lines[-1][5])) == Decimal(str(total[5])) == Decimal("300.05")
    assert (Decimal(str(total[3])), Decimal(str(total[4]))) == (charged, credited)
    *aged, owed = sheets["Ageing"].iter_rows(values_only=True, min_row=2)
    assert [Decimal(str(row[2])) for row in aged] == [row["owed"] for row in ageing(patient.invoices.all())]
    assert Decimal(str(owed[2])) == Decimal("300.05")


@pytest.mark.spec("PAGE-2")
def test_invoices_are_filtered_by_the_age_of_the_debt(login, billing_officer):
    made = {}
    for days in (-5, 0, 1, 30, 31, 60, 61, 90, 91, 400):
        dates = {"invoice_date": today() - timedelta(500), "due_date": today() - timedelta(days)}
        made[days] = InvoiceFactory(status="issued", **dates).pk
    InvoiceFactory(status="paid")
    client = login(billing_officer)
    for name, days in (("not_due", (-5, 0)), ("30", (1, 30)), ("60", (31, 60)), ("90", (61, 90)), ("older", (91, 400))):
        rows = client.get(reverse("invoice_list"), {"age": name}).context["rows"]
        assert {row["object"].pk for row in rows} == {made[day] for day in days}, name
    by_age = {row["name"]: row["number"] for row in ageing(Invoice.objects.all())}
    assert set(by_age.values()) == {2}


@pytest.mark.spec("WF-PAY")
def test_a_long_account_is_brought_forward(login, billing_officer, monkeypatch):
    monkeypatch.setattr("billing.account.SHOWN", 3)
    patient = PatientFactory()
    for _ in range(5):
        InvoiceFactory(patient=patient, status="issued")
    page = login(billing_officer).get(reverse("patient_account", args=[patient.pk]))
    shown = page.context["movements"]
    assert (len(shown), str(shown[0].text), shown[0].balance, shown[-1].balance) == (4, "Brought forward", 240, 600)
    client, url = login(billing_officer), reverse("patient_account", args=[patient.pk])
    assert "?page=2" in page.content.decode()
    earlier = client.get(url, {"page": "2"})
    assert [line.balance for line in earlier.context["movements"]] == [120, 240]
    assert "?page=3" not in earlier.content.decode() and "?page=1" in earlier.content.decode()
    assert client.get(url, {"page": "3"}).status_code == 404
    assert client.get(url, {"page": "x"}).context["movements"] == shown


@pytest.mark.spec("WF-PAY")
def test_the_latest_movements_are_those_of_the_whole_account(billing_officer, monkeypatch):
    """Counted back from what is owed, or forward from the beginning: the same balances."""
    patient = PatientFactory()
    for number in range(4):
        payment = PaymentFactory(invoice=InvoiceFactory(patient=patient, status="issued"), amount=Decimal("33.33"))
        data = {"payment": payment.pk, "amount": f"{number + 1}.05", "payment_method": "cash", "reason": "x"}
        assert submit(RefundPaymentForm, actor=billing_officer, data=data).is_valid()
    whole = movements(patient)
    monkeypatch.setattr("billing.account.SHOWN", 5)
    pages = [latest(patient, page)[0] for page in (1, 2, 3)]
    lines = [line for page in reversed(pages) for line in page if line.document]
    assert lines == whole and len(whole) == 12 and not latest(patient, 3)[1]


@pytest.mark.spec("RULE-INV-5", "PAGE-2")
def test_no_list_says_that_a_draft_or_cancelled_invoice_owes(login, billing_officer):
    for status in ("draft", "cancelled", "issued"):
        InvoiceFactory(status=status, lines=[("A", 1, "77.25")])
    client = login(billing_officer)
    book = b"".join(client.get(reverse("invoice_list"), {"export": "xlsx"}).streaming_content)
    head, *lines = openpyxl.load_workbook(io.BytesIO(book)).active.iter_rows(values_only=True)
    owed = {row[head.index("Status")]: row[head.index("Balance due")] for row in lines}
    assert owed == {"Draft": None, "Cancelled": None, "Issued": 77.25}


@pytest.mark.spec("WF-PAY")
def test_an_account_costs_the_same_for_one_and_for_many_invoices(login, billing_officer):
    client, counts = login(billing_officer), []
    for number in (1, 1, 12):  # the first one warms up
        patient = PatientFactory()
        for _ in range(number):
            PaymentFactory(invoice=InvoiceFactory(patient=patient, status="issued"), amount=10)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("patient_account", args=[patient.pk]))
        counts.append(len(queries))
    assert counts[1] == counts[2]


@pytest.mark.spec("PRN-1", "RULE-INV-2")
def test_screen_paper_and_excel_agree_to_the_cent(login, billing_officer):
    """Amounts that floating point would spoil."""
    lines = [("A", 3, "33.33"), ("B", 7, "0.07"), ("C", 1, "1234567.89")]
    invoice = InvoiceFactory(status="issued", lines=lines, discount_amount="0.29", tax_amount="99.95")
    PaymentFactory(invoice=invoice, amount=Decimal("1000000.01"))
    invoice.refresh_from_db()
    amounts = [f"${amount:,.2f}" for amount in (invoice.subtotal, invoice.total_amount, invoice.balance_due)]
    assert amounts == ["$1,234,668.37", "$1,234,768.03", "$234,768.02"]
    client = login(billing_officer)
    screen = client.get(invoice.get_absolute_url()).content.decode()
    paper = " ".join(read(client.get(reverse("invoice_pdf", args=[invoice.pk])))[1])
    for amount in amounts:
        assert amount in screen and amount in paper, amount
    book = b"".join(client.get(reverse("invoice_list"), {"export": "xlsx"}).streaming_content)
    head, row = openpyxl.load_workbook(io.BytesIO(book)).active.iter_rows(values_only=True)
    cells = dict(zip(head, row, strict=True))
    assert Decimal(str(cells["Total"])) == invoice.total_amount
    assert Decimal(str(cells["Balance due"])) == invoice.balance_due
