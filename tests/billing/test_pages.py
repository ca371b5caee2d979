"""Lists, pages and printables of billing."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import openpyxl
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfReader

from audit.models import AuditLog
from billing.forms import IssueInvoiceForm, RecordPaymentForm, VoidPaymentForm
from billing.models import Invoice, Service
from departments.models import ClinicSettings
from healthcare.clock import now, today
from healthcare.templatetags.display import cell
from healthcare.workflow import submit
from tests.factories import (
    CashCloseFactory,
    ConsultationFactory,
    DepartmentFactory,
    InsuranceProviderFactory,
    InvoiceFactory,
    PatientAllergyFactory,
    PatientFactory,
    PaymentFactory,
    ServiceFactory,
)

pytestmark = pytest.mark.django_db


def read(response):
    """The PDF's pages as text."""
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/pdf"
    reader = PdfReader(io.BytesIO(response.content))
    return reader, [page.extract_text() for page in reader.pages]


@pytest.mark.spec("PRN-1", "AUD-1")
def test_invoice_pdf_says_who_what_how_much_and_by_when(login, billing_officer):
    invoice = InvoiceFactory(
        lines=[("Follow-up visit", 2, "95.00"), ("Potassium", 1, "1014.00")],
        discount_amount="10",
        tax_amount="5.5",
        due_date=today() + timedelta(30),
        notes="Thank you",
        insurance_note="Blue Shield BS-77",
        patient=PatientFactory(first_name="Zoë", last_name="Łęcka", address="1 Main Street"),
    )
    client, url = login(billing_officer), reverse("invoice_pdf", args=[invoice.pk])
    assert "DRAFT" in "".join(read(client.get(url))[1])
    submit(IssueInvoiceForm, actor=billing_officer, instance=invoice)
    PaymentFactory(invoice=Invoice.objects.get(pk=invoice.pk), amount=Decimal("100.25"), payment_method="cheque")
    response = client.get(url)
    reader, pages = read(response)
    text = " ".join(pages).replace("\n", " ")
    for words in (
        "Riverside Family Clinic",
        invoice.invoice_number,
        "Łęcka, Zoë",
        invoice.patient.patient_number,
        "1 Main Street",
        "Follow-up visit",
        "$190.00",
        "$1,014.00",
        "$1,204.00",
        "$5.50",
        "$1,199.50",
        "$100.25",
        "$1,099.25",
        str(invoice.due_date),
        "Blue Shield BS-77",
        "Cheque",
        "page 1 of 1",
    ):
        assert words in text, words
    assert "DRAFT" not in text
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert response.headers["Content-Disposition"] == f'inline; filename="{invoice.invoice_number}.pdf"'
    assert AuditLog.objects.filter(action="print", entity_id=invoice.pk).count() == 2


@pytest.mark.spec("PRN-1", "WF-PAY")
def test_the_patient_is_asked_for_no_more_than_the_insurer_leaves(login, billing_officer):
    insurer = InsuranceProviderFactory(name="Blue Shield")
    invoice = InvoiceFactory(
        patient__insurance_provider=insurer,
        lines=[("Visit", 1, "120.00")],
        covered_amount=Decimal(80),
        due_date=today(),
    )
    submit(IssueInvoiceForm, actor=billing_officer, instance=invoice)
    client = login(billing_officer)

    def said():
        """The page, the paper and the statement, as they read now."""
        account, statement = (
            reverse(name, args=[invoice.patient_id]) for name in ("patient_account", "patient_statement")
        )
        page = client.get(invoice.get_absolute_url()).content.decode() + client.get(account).content.decode()
        paper = " ".join(
            " ".join(read(client.get(url))[1]) for url in (reverse("invoice_pdf", args=[invoice.pk]), statement)
        )
        return " ".join(re.sub("<[^>]+>", "", page).split()), " ".join(paper.split())

    def pay(amount, method, reference=""):
        data = {"invoice": invoice.pk, "amount": amount, "payment_method": method, "transaction_reference": reference}
        form = submit(RecordPaymentForm, actor=billing_officer, data=data)
        assert form.is_valid(), form.errors
        return form.instance

    page, paper = said()
    for text in (page, paper):
        assert "Please pay $40.00 by" in text and "Blue Shield is to pay $80.00." in text
    assert "$40.00tobepaidbythepatient" in paper.replace(" ", "") and "Of which the insurance pays $80.00" in paper
    first = client.get(reverse("invoice_pay", args=[invoice.pk])).context["form"].initial["amount"]
    assert first == Decimal("40.00")
    receipt = pay("15.50", "cash")
    for name in ("payment_receipt", "payment_receipt_narrow"):
        text = " ".join(" ".join(read(client.get(reverse(name, args=[receipt.pk])))[1]).split())
        assert "Balance due $104.50 Of which the insurance pays $80.00 Of which the patient pays $24.50" in text
    pay("30.25", "insurance", "CLAIM-1")
    assert "Please pay $24.50 by" in said()[1] and "Blue Shield is to pay $49.75." in said()[1]
    pay("24.50", "debit_card")
    page, paper = said()
    for text in (page, paper):
        assert "You have nothing to pay. Blue Shield is to pay $49.75." in text and "Please pay" not in text
    # An insurer that paid for the patient too leaves nobody anything to ask for.
    pay("49.75", "insurance", "CLAIM-2")
    assert "is to pay" not in said()[0] and "nothing to pay" not in said()[0]


@pytest.mark.spec("PRN-1")
def test_reprint_keeps_the_texts_of_the_issue(login, billing_officer):
    clinic = ClinicSettings.current()
    clinic.address = "1 Old Street"
    clinic.save()
    invoice = InvoiceFactory(lines=[("A", 1, "10")])
    submit(IssueInvoiceForm, actor=billing_officer, instance=invoice)
    payment = PaymentFactory(invoice=invoice, amount=1)
    name = str(invoice.patient)
    invoice.patient.last_name, clinic.address, clinic.name = "Married", "2 New Street", "New House"
    invoice.patient.save()
    clinic.save()
    client = login(billing_officer)
    documents = [("invoice_pdf", invoice), ("payment_receipt", payment), ("payment_receipt_narrow", payment)]
    texts = [read(client.get(reverse(route, args=[row.pk])))[1][0] for route, row in documents]
    for text in texts:
        assert name in text and "1 Old Street" in text, text
        assert "Married" not in text and "2 New Street" not in text
    paper = client.get(invoice.get_absolute_url()).content.decode().partition('class="card invoice-paper"')[2]
    assert name in paper and "1 Old Street" in paper and "2 New Street" not in paper


@pytest.mark.spec("PRN-2")
def test_many_lines_paginate_with_the_header_on_each_page(login, billing_officer):
    invoice = InvoiceFactory(status="issued", lines=[(f"Service number {n}", n, "12.50") for n in range(1, 121)])
    _reader, pages = read(login(billing_officer).get(reverse("invoice_pdf", args=[invoice.pk])))
    assert len(pages) >= 4
    with_lines = [page for page in pages if "Service number" in page]
    assert len(with_lines) >= 3 and all("Unit price" in page for page in with_lines)
    assert all(f"page {n} of {len(pages)}" in page.replace("\n", " ") for n, page in enumerate(pages, 1))
    assert all(invoice.invoice_number in page for page in pages)
    assert "$90,750.00" in pages[-1]


@pytest.mark.spec("PRN-1", "WF-PAY")
def test_a_long_name_pushes_nothing_off_the_tills_paper(login, billing_officer):
    payment = PaymentFactory(amount=Decimal("20.00"), invoice__patient=PatientFactory(last_name="Donaudampf" * 9))
    reader, _texts = read(login(billing_officer).get(reverse("payment_receipt_narrow", args=[payment.pk])))
    (page,) = reader.pages
    starts = {}
    page.extract_text(visitor_text=lambda text, cm, tm, *_: starts.setdefault(text.strip(), cm[4] + tm[4] * cm[0]))
    left = [where for text, where in starts.items() if "$20.00" in text]
    assert left and all(where < page.mediabox.width - 40 for where in left), starts


@pytest.mark.spec("PRN-1", "WF-PAY")
def test_receipt_says_what_was_received_and_whether_it_was_voided(login, billing_officer):
    payment = PaymentFactory(amount=Decimal("20.00"), transaction_reference="TX-77", processed_by_user=billing_officer)
    client, url = login(billing_officer), reverse("payment_receipt", args=[payment.pk])
    text = " ".join(read(client.get(url))[1])
    for words in ("$20.00", "Cash", "TX-77", payment.invoice.invoice_number, "$100.00", billing_officer.last_name):
        assert words in text, words
    assert "Voided" not in text
    submit(VoidPaymentForm, actor=billing_officer, instance=payment, data={"void_reason": "Bounced"})
    assert "Bounced" in " ".join(read(client.get(url))[1])


@pytest.mark.spec("PAGE-2")
def test_invoice_list_filters_searches_sorts_and_exports(login, billing_officer):
    old = InvoiceFactory(status="issued", invoice_date=today() - timedelta(40), due_date=today() - timedelta(10))
    new = InvoiceFactory(lines=[("=1+1", 1, "300")], patient=PatientFactory(last_name="=1+1"))
    client, url = login(billing_officer), reverse("invoice_list")
    for query, expected in (
        ({}, [new, old]),
        ({"status": "draft"}, [new]),
        ({"status": "overdue"}, [old]),
        ({"date_from": str(today())}, [new]),
        ({"date_to": str(today() - timedelta(1))}, [old]),
        ({"invoice_date": str(today())}, [new]),
        ({"patient": new.patient_id}, [new]),
        ({"q": old.invoice_number.lower()}, [old]),
        ({"q": old.patient.patient_number}, [old]),
        ({"q": f"{old.patient.first_name} {old.patient.last_name}"}, [old]),
        ({"ordering": "total_amount"}, [old, new]),
        ({"ordering": "-balance_due"}, [new, old]),
        ({"status": "nonsense"}, []),
    ):
        assert [row["object"] for row in client.get(url, query).context["rows"]] == expected, query
    page = client.get(url).content.decode()
    assert 'class="pill pill-red">Overdue' in page
    export = client.get(url, {"export": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(export.streaming_content))).active
    head, first, second = sheet.iter_rows(values_only=True)
    assert head[0] == "Invoice number" and head[-1] == "Status"
    assert (first[1], first[4], first[-1], second[-1]) == (str(new.patient), 300, "Draft", "Overdue")
    assert sheet["B2"].data_type == "s"


@pytest.mark.spec("PAGE-2")
@pytest.mark.parametrize(
    ("name", "query", "amount", "total"),
    [
        ("invoice_list", {}, "Total", "1,620.75"),
        ("invoice_list", {"status": "partially_paid"}, "Balance due", "1,100.50"),
        ("invoice_list", {"q": "Sought", "ordering": "total_amount"}, "Paid", "100.25"),
        ("payment_list", {}, "Amount", "140.25"),
        ("payment_list", {"payment_method": "cheque"}, "Amount", "40"),
        ("service_list", {"q": "Dressing"}, "Price", "12.50"),
        ("cash_close_list", {}, "Expected", "70.10"),
        ("invoice_unbilled", {}, "", "0"),
    ],
)
def test_every_list_exports_what_its_screen_shows(login, administrator, name, query, amount, total):
    sought = PatientFactory(last_name='Sought, "=1+1"')
    invoice = InvoiceFactory(patient=sought, status="issued", lines=[("A", 3, "400.25")], due_date=today())
    PaymentFactory(invoice=invoice, amount=Decimal("100.25"))
    other = InvoiceFactory(status="issued", lines=[("B", 1, "420")], invoice_date=today() - timedelta(60))
    PaymentFactory(invoice=other, amount=Decimal(40), payment_method="cheque", voided_at=now(), void_reason="x")
    ServiceFactory(name="Dressing", default_price=Decimal("12.50"))
    CashCloseFactory(expected_total=Decimal("70.10"), counted_total=Decimal("70.10"))
    ConsultationFactory(completed=True)

    def plain(value):
        """A cell of either, comparable: numbers as such, nothing as nothing."""
        text = " ".join(unescape(re.sub("<[^>]+>", " ", str(value))).split())
        if text in ("Yes", "No"):
            return str(text == "Yes")
        number = text.replace("$", "").replace(",", "")
        if re.fullmatch(r"-?\d+(\.\d+)?", number):
            return Decimal(number)
        return None if text in ("None", "— not given", "") else re.sub(r"(\d\d:\d\d):\d\d.*| 00:00:00", r"\1", text)

    client = login(administrator)
    page = client.get(reverse(name), query)
    screen = [[plain(cell(entry["value"])) for entry in row["cells"]] for row in page.context["rows"]]
    file = client.get(reverse(name), query | {"export": "xlsx"})
    head, *rows = openpyxl.load_workbook(io.BytesIO(b"".join(file.streaming_content))).active.iter_rows(
        values_only=True
    )
    assert screen and [[plain(value) for value in row] for row in rows] == screen
    if amount:
        assert sum(plain(row[head.index(amount)]) for row in rows) == Decimal(total.replace(",", ""))


@pytest.mark.spec("ROLE-2")
@pytest.mark.parametrize("role", ["doctor", "nurse", "receptionist"])
def test_money_is_for_billing_and_administrators_alone(client, staff, role):
    payment = PaymentFactory()
    client.force_login(staff[role])
    for name in ("invoice_list", "invoice_create", "invoice_unbilled", "payment_list", "payment_create"):
        assert client.get(reverse(name)).status_code == 403, name
    for name in ("detail", "edit", "issue", "cancel", "delete", "pay", "pdf"):
        url = reverse(f"invoice_{name}", args=[payment.invoice_id])
        assert client.get(url).status_code == client.post(url).status_code == 403, name
    for name in ("detail", "void", "delete", "receipt"):
        url = reverse(f"payment_{name}", args=[payment.pk])
        assert client.get(url).status_code == client.post(url).status_code == 403, name


@pytest.mark.spec("ROLE-2", "BYD-2")
def test_billing_sees_whose_invoice_it_is_but_no_allergies(login, billing_officer):
    invoice = InvoiceFactory(status="issued")
    PatientAllergyFactory(patient=invoice.patient, substance="Zebramycin")
    page = login(billing_officer).get(invoice.get_absolute_url())
    assert page.context["banner"]["number"] == invoice.patient.patient_number
    assert "Zebramycin" not in page.content.decode()


@pytest.mark.spec("PAGE-3")
def test_buttons_follow_the_status(login, billing_officer):
    client = login(billing_officer)

    def buttons(invoice):
        page = client.get(invoice.get_absolute_url())
        return {str(action["label"]) for action in page.context["actions"]}

    assert buttons(InvoiceFactory()) == {"Issue invoice", "Edit", "Print", "Account", "Cancel"}
    assert buttons(InvoiceFactory(status="issued")) == {"Record payment", "Print", "Account", "Credit note", "Cancel"}
    assert buttons(PaymentFactory().invoice) == {"Record payment", "Print", "Account", "Credit note"}
    assert buttons(InvoiceFactory(status="paid")) == {"Print", "Account"}
    assert buttons(InvoiceFactory(status="cancelled")) == {"Print", "Account"}


@pytest.mark.spec("PAGE-2")
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("invoice_list", lambda: InvoiceFactory(status="issued")),
        ("invoice_unbilled", lambda: ConsultationFactory(completed=True)),
        ("payment_list", lambda: PaymentFactory()),
        ("cash_close_list", lambda: CashCloseFactory()),
        ("service_list", lambda: ServiceFactory(department=DepartmentFactory())),
        ("service_options", lambda: ServiceFactory()),
        ("payable_invoice_options", lambda: InvoiceFactory(status="issued")),
        ("billable_appointment_options", lambda: ConsultationFactory(completed=True)),
    ],
)
def test_lists_ask_as_much_for_one_row_as_for_many(login, administrator, name, make):
    client = login(administrator)
    make()
    client.get(reverse(name))
    with CaptureQueriesContext(
        connection,
    ) as one:
        assert client.get(reverse(name)).status_code == 200
    for _ in range(12):
        make()
    with CaptureQueriesContext(connection) as many:
        assert client.get(reverse(name)).status_code == 200
    assert len(many) == len(one)


@pytest.mark.spec("PAGE-2")
def test_detail_and_edit_ask_as_much_for_one_line_as_for_many(login, administrator):
    client = login(administrator)
    counts = []
    for amount in (1, 20):
        service = ServiceFactory()
        invoice = InvoiceFactory(lines=[("A", 1, "10", service)] * amount)
        for name in ("invoice_detail", "invoice_edit"):
            client.get(reverse(name, args=[invoice.pk]))
            with CaptureQueriesContext(connection) as queries:
                assert client.get(reverse(name, args=[invoice.pk])).status_code == 200
            counts.append(len(queries))
    assert counts[:2] == counts[2:]


@pytest.mark.spec("PAGE-3", "FND-6", "VAL-4")
def test_services_are_kept_by_administrators(login, administrator):
    client, department = login(administrator), DepartmentFactory()
    data = {"name": "Sick note", "service_type": "other", "department": department.pk, "default_price": "35"}
    url = client.post(reverse("service_create"), data).url
    service = Service.objects.get()
    assert url == service.get_absolute_url() and service.default_price == Decimal("35.00")
    assert client.get(url).status_code == 200
    edit = reverse("service_edit", args=[service.pk])
    for field, value in (
        ("default_price", "0"),
        ("default_price", "-1"),
        ("default_price", "1.005"),
        ("default_price", "1e3"),
        ("default_price", "NaN"),
        ("name", ""),
        ("name", "x" * 201),
        ("service_type", "magic"),
        ("default_duration_minutes", "0"),
        ("default_duration_minutes", "99999"),
        ("department", "x"),
    ):
        assert field in client.post(edit, data | {field: value}).context["form"].errors, (field, value)
    assert client.post(edit, data | {"default_price": "40.50"}).status_code == 302
    assert client.post(reverse("service_delete", args=[service.pk])).status_code == 302
    assert not client.get(reverse("service_list")).context["rows"]
    assert not client.get(reverse("service_options")).json()["results"]
    assert client.post(reverse("service_reactivate", args=[service.pk])).status_code == 302
    assert client.get(reverse("service_options"), {"q": "sick"}).json()["results"][0]["text"] == "Sick note ($40.50)"


@pytest.mark.spec("ROLE-2")
def test_price_list_roles(client, staff):
    service = ServiceFactory()
    expected = {"administrator": 200, "doctor": 200, "receptionist": 200, "billing_officer": 200, "nurse": 403}
    for role, status in expected.items():
        client.force_login(staff[role])
        assert client.get(reverse("service_list")).status_code == status
        assert client.get(service.get_absolute_url()).status_code == status
        assert client.get(reverse("service_create")).status_code == (200 if role == "administrator" else 403)


def test_load_services_adds_what_is_missing_and_changes_nothing(tmp_path, capsys):
    cardiology = DepartmentFactory(name="Cardiology")
    call_command("load_services")
    count = Service.objects.count()
    assert count > 100
    consultation = Service.objects.get(name="Cardiology consultation")
    assert consultation.department == cardiology
    consultation.default_price = Decimal("1.00")
    consultation.save()
    call_command("load_services")
    assert Service.objects.count() == count
    consultation.refresh_from_db()
    assert consultation.default_price == Decimal("1.00")
    assert capsys.readouterr().out.splitlines()[1] == f"0 services added, {count} were there."
    assert AuditLog.objects.filter(entity_type="service", action="create", user=None).count() == count
    bad = tmp_path / "bad.csv"
    bad.write_text("name,description,service_type,default_price,default_duration_minutes,department\nX,,magic,1,,\n")
    with pytest.raises(CommandError, match=r"bad.csv line 2"):
        call_command("load_services", bad)


@pytest.mark.spec("RULE-PAY-1")
def test_a_payment_asks_the_database_few_things(billing_officer):
    """Savepoints aside: find and lock the invoice, two rows, and their audit rows together."""
    invoice = InvoiceFactory(status="issued")
    data = {"invoice": invoice.pk, "amount": "1", "payment_method": "cash"}
    with CaptureQueriesContext(connection) as queries:
        assert submit(RecordPaymentForm, actor=billing_officer, data=data).is_valid()
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 4


@pytest.mark.spec("WF-INV")
def test_words_and_prices_of_the_service_are_told_from_typed_ones(login, billing_officer, visit):
    """The page lets them follow when another service is chosen."""
    own, typed = ServiceFactory(default_price=Decimal("80")), ServiceFactory(default_price=Decimal("90"))
    invoice = InvoiceFactory(lines=[(own.name, 1, "80", own), ("As agreed", 1, "70", typed)])
    page = login(billing_officer).get(reverse("invoice_edit", args=[invoice.pk]))
    marked = [
        {name: row.fields[name].widget.attrs.get("data-filled") for name in ("description", "unit_price")}
        for row in page.context["form"].formsets["line_items"].forms
    ]
    assert marked[0] == {"description": own.name, "unit_price": "80.00"}
    assert all(row == {"description": None, "unit_price": None} for row in marked[1:])
    found = login(billing_officer).get(reverse("service_options"), {"q": own.name}).json()["results"]
    assert [row["price"] for row in found] == ["80.00"]
