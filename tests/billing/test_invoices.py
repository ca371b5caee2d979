"""From the completed visit to the issued invoice."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import transaction
from django.urls import reverse

from audit.models import AuditLog
from billing.forms import (
    CancelInvoiceForm,
    CreateInvoiceForm,
    EditInvoiceForm,
    IssueInvoiceForm,
    MarkOverdueForm,
    RecordPaymentForm,
)
from billing.models import Invoice, InvoiceLineItem, InvoiceStatus
from billing.suggestions import suggested_lines
from departments.models import ClinicSettings
from healthcare.clock import now, today
from healthcare.workflow import submit
from scheduling.models import Appointment
from tests.billing.conftest import rows
from tests.factories import (
    AppointmentFactory,
    ConsultationFactory,
    DepartmentFactory,
    InsuranceProviderFactory,
    InvoiceFactory,
    LabTestFactory,
    PatientFactory,
    PaymentFactory,
    ServiceFactory,
)

pytestmark = pytest.mark.django_db
FEE = ("Consultation", 1, "120.00")


@pytest.mark.spec("WF-INV", "ENT-5", "AUD-1")
def test_billing_officer_invoices_a_visit_through_the_page(login, billing_officer, visit):
    service = ServiceFactory(name="Follow-up visit", default_price=Decimal("95.00"))
    client, url = login(billing_officer), reverse("invoice_create") + f"?appointment={visit.pk}"
    page = client.get(url)
    assert page.status_code == 200
    form = page.context["form"]
    assert form.formsets["line_items"].forms[0].initial["service"] == service.pk
    assert page.context["form"].totals.total == Decimal("95.00")
    data = rows({"service": service.pk, "quantity": 2}, ("Dressing", 1, "30.50")) | {
        "appointment": visit.pk,
        "discount_percent": "10",
        "tax_amount": "5",
        "new_id": str(page.context["new_id"]),
        "shown_patient": str(visit.patient_id),
    }
    response = client.post(url, data)
    invoice = Invoice.objects.get()
    assert response.url == invoice.get_absolute_url()
    assert invoice.invoice_number == "INV-000001"
    assert (invoice.patient, invoice.appointment, invoice.created_by_user) == (visit.patient, visit, billing_officer)
    first, second = invoice.line_items.all()
    assert (first.description, first.unit_price, first.line_total) == (
        "Follow-up visit",
        Decimal("95.00"),
        Decimal("190.00"),
    )
    assert second.line_total == Decimal("30.50")
    assert (invoice.subtotal, invoice.discount_amount, invoice.tax_amount, invoice.total_amount) == (
        Decimal("220.50"),
        Decimal("22.05"),
        Decimal("5.00"),
        Decimal("203.45"),
    )
    assert (invoice.amount_paid, invoice.balance_due, invoice.status) == (0, Decimal("203.45"), "draft")
    assert invoice.due_date == today() + timedelta(days=30)
    assert AuditLog.objects.filter(entity_id=invoice.pk, action="create", user=billing_officer).count() == 1
    # A double click makes no second one.
    assert client.post(url, data).url == response.url
    assert Invoice.objects.count() == 1
    shown = client.get(response.url).content.decode()
    assert "$203.45" in shown and "Follow-up visit" in shown and "INV-000001" in shown


@pytest.mark.spec("WF-INV", "PAGE-7")
def test_update_totals_shows_and_saves_nothing(login, billing_officer, visit, tax):
    tax(Decimal("8.25"))
    service = ServiceFactory(name="Sick note", default_price=Decimal("35.00"), service_type="other")
    url = reverse("invoice_create")
    data = rows({"service": service.pk, "quantity": 3}) | {"appointment": visit.pk, "preview": "1"}
    page = login(billing_officer).post(url, data)
    assert page.context["form"].totals.total == Decimal("113.66")
    assert "Sick note" in page.content.decode() and 'value="35.00"' in page.content.decode()
    assert not Invoice.objects.exists()
    # A visit chosen without lines gets the suggested ones.
    fee = ServiceFactory(name="New patient visit")
    page = login(billing_officer).post(url, {"appointment": visit.pk, "preview": "1"})
    assert page.context["form"].formsets["line_items"].forms[0].initial["service"] == fee.pk
    assert not Invoice.objects.exists()


@pytest.mark.spec("WF-INV")
def test_suggested_lines_are_the_fee_and_the_completed_tests(login, billing_officer):
    cardiology = DepartmentFactory(name="Cardiology")
    ServiceFactory(name="New patient visit, 30 minutes", default_duration_minutes=30)
    ServiceFactory(name="Follow-up visit, 30 minutes", default_duration_minutes=30)
    ServiceFactory(name="Cardiology consultation", department=cardiology)
    potassium = ServiceFactory(name="Potassium", service_type="lab_test", default_price=Decimal("14.00"))
    expected = {
        ("consultation", None): "New patient visit, 30 minutes",
        ("follow_up", cardiology): "Follow-up visit, 30 minutes",
        ("consultation", cardiology): "Cardiology consultation",
        ("procedure", cardiology): "Potassium",
    }
    for (kind, department), first in expected.items():
        appointment = AppointmentFactory(status="completed", appointment_type=kind, department=department)
        consultation = ConsultationFactory(completed=True, appointment=appointment, patient=appointment.patient)
        for name, status in (("potassium", "completed"), ("Rare test", "completed"), ("Sodium", "ordered")):
            done = {"result_value": "1", "sample_collected_date": now()} if status == "completed" else {}
            LabTestFactory(consultation=consultation, test_name=name, status=status, **done)
        page = login(billing_officer).get(reverse("invoice_create") + f"?appointment={appointment.pk}")
        lines = [row.initial for row in page.context["form"].formsets["line_items"].initial_forms]
        assert lines[0]["description"] == first
        assert lines[-2]["service"] == potassium.pk
        assert lines[-1] == {"description": "Rare test", "quantity": 1}


@pytest.mark.spec("WF-INV")
@pytest.mark.parametrize(
    ("kind", "reason", "findings", "procedures"),
    [
        ("consultation", "Chest pain", "ECG: sinus rhythm.", ["Electrocardiogram (ECG)"]),
        ("consultation", "influenza VACCINATION", "", ["Influenza vaccination"]),
        ("procedure", "Wound care and stitches", "", ["Wound care and dressing"]),
        ("consultation", "Wound care and stitches", "Secgment, infusion", []),
        ("procedure", "Talk", "", []),
        ("follow_up", "", "Intravenous infusion given", ["Intravenous infusion, first hour"]),
    ],
)
def test_procedures_are_suggested_by_their_names(kind, reason, findings, procedures):
    for name, service_type in (
        ("Electrocardiogram (ECG)", "procedure"),
        ("Influenza vaccination", "vaccination"),
        ("Wound care and dressing", "procedure"),
        ("Suture removal", "procedure"),
        ("Intravenous infusion, first hour", "procedure"),
    ):
        ServiceFactory(name=name, service_type=service_type)
    appointment = AppointmentFactory(status="completed", appointment_type=kind, reason=reason)
    texts = {"examination_findings": findings, "treatment_plan": "Suture removal in ten days"}
    ConsultationFactory(completed=True, appointment=appointment, patient=appointment.patient, **texts)
    assert [line["description"] for line in suggested_lines(appointment)] == procedures


@pytest.mark.spec("WF-INV")
def test_insurance_note_starts_from_the_policy(login, billing_officer):
    insurer = InsuranceProviderFactory(name="Blue Shield", coverage_policy="Covers 80% of consultations.")
    patient = PatientFactory(insurance_provider=insurer, insurance_policy_number="BS-77")
    visit = ConsultationFactory(completed=True, patient=patient).appointment
    page = login(billing_officer).get(reverse("invoice_create") + f"?appointment={visit.pk}")
    note = page.context["form"]["insurance_note"].value()
    assert note == "Blue Shield\nBS-77\nCovers 80% of consultations."


@pytest.mark.spec("RULE-INV-1")
def test_only_a_completed_consultation_is_invoiced_and_only_once(create, billing_officer, visit):
    unfinished = ConsultationFactory().appointment
    no_consultation = AppointmentFactory(status="completed")
    for appointment in (unfinished, no_consultation):
        assert "appointment" in create(appointment, FEE).errors
    first = create(visit, FEE)
    assert first.is_valid()
    assert "INV-000001" in str(create(visit, FEE).errors["appointment"])
    # A cancelled one makes room, and its number stays taken.
    submit(CancelInvoiceForm, actor=billing_officer, instance=first.instance, data={"cancellation_reason": "Typo"})
    again = create(visit, FEE)
    assert again.is_valid() and again.instance.invoice_number == "INV-000002"


@pytest.mark.spec("RULE-INV-3", "WF-INV")
def test_a_cancelled_invoice_leads_to_the_next_one_with_its_lines(login, create, visit, billing_officer):
    ServiceFactory(name="New patient visit", default_price=Decimal("90.00"))
    checkup = ServiceFactory(name="Physical examination", default_price=Decimal("200.00"))
    potassium = ServiceFactory(name="Potassium", service_type="lab_test", default_price=Decimal("14.00"))
    typed = {"service": checkup.pk, "quantity": 3, "unit_price": "180.00"}
    first = create(visit, typed, {"description": "Crutches", "quantity": 1, "unit_price": "15"})
    assert first.is_valid()
    client, page = login(billing_officer), first.instance.get_absolute_url()
    assert "Invoice again" not in client.get(page).content.decode()
    submit(CancelInvoiceForm, actor=billing_officer, instance=first.instance, data={"cancellation_reason": "3 fees"})
    done = {"result_value": "4.1", "sample_collected_date": now()}
    LabTestFactory(consultation=visit.consultation, test_name="Potassium", status="completed", **done)
    again = reverse("invoice_create") + f"?appointment={visit.pk}&again=1"
    assert again.replace("&", "&amp;") in client.get(page).content.decode()
    shown = [row.initial for row in client.get(again).context["form"].formsets["line_items"].initial_forms]
    # Its own lines, to be put right; no other fee beside the one that was decided on; the test that came in since.
    assert [(row["description"], row["quantity"], row["unit_price"]) for row in shown] == [
        ("Physical examination", 3, Decimal("180.00")),
        ("Crutches", 1, Decimal("15.00")),
        ("Potassium", 1, potassium.default_price),
    ]
    assert not any(row.get("id") for row in shown)
    # Elsewhere the visit is invoiced afresh: the cancelled lines may have been somebody else's.
    plain = client.get(again.replace("&again=1", "")).context["form"].formsets["line_items"].initial_forms
    assert [row.initial["description"] for row in plain] == ["New patient visit", "Potassium"]
    assert create(visit, FEE).is_valid()
    assert "Invoice again" not in client.get(page).content.decode()


@pytest.mark.spec("WF-INV", "RULE-INV-4")
def test_the_review_of_a_draft_says_that_its_due_date_has_passed(login, billing_officer):
    due = (today() - timedelta(1), today())
    late, fresh = (InvoiceFactory(lines=[FEE], invoice_date=due[0], due_date=day) for day in due)
    client = login(billing_officer)
    assert "overdue at once" in client.get(late.get_absolute_url()).content.decode()
    assert "overdue at once" not in client.get(fresh.get_absolute_url()).content.decode()


@pytest.mark.spec("RULE-INV-1", "FND-8")
def test_database_keeps_one_live_invoice_per_visit(visit, create, billing_officer):
    # Losing the race: the page saw no invoice yet.
    seen = Appointment.objects.select_related("consultation", "unbilled_visit").get(pk=visit.pk)
    assert create(visit, FEE).is_valid()
    data = {"appointment": visit.pk, **rows(FEE)}
    form = submit(CreateInvoiceForm, actor=billing_officer, data=data, appointment=seen)
    assert "This visit has an invoice already." in str(form.errors["appointment"])
    assert Invoice.objects.count() == 1


@pytest.mark.spec("RULE-INV-2", "FND-4")
def test_tax_is_the_rate_on_what_remains_unless_typed(create, tax):
    tax(Decimal("8.25"))
    visits = [ConsultationFactory(completed=True).appointment for _ in range(4)]
    automatic = create(visits[0], ("A", 3, "33.33"), discount_amount="0.03").instance
    # 99.96 * 8.25% = 8.2467
    assert (automatic.tax_amount, automatic.total_amount) == (Decimal("8.25"), Decimal("108.21"))
    # 0.20 * 8.25% = 0.0165; 2.00 * 8.25% = 0.165 rounds half up
    assert create(visits[1], ("A", 1, "2.00")).instance.tax_amount == Decimal("0.17")
    assert create(visits[2], ("A", 1, "100"), tax_amount="0").instance.tax_amount == 0
    typed = create(visits[3], ("A", 1, "100"), tax_amount="7.77").instance
    assert typed.total_amount == Decimal("107.77")


@pytest.mark.spec("RULE-INV-2", "VAL-4")
@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"discount_amount": "120.01"}, "discount_amount"),
        ({"discount_amount": "-1"}, "discount_amount"),
        ({"discount_percent": "100.01"}, "discount_percent"),
        ({"discount_percent": "1e1"}, "discount_percent"),
        ({"discount_percent": "10", "discount_amount": "5"}, "discount_percent"),
        ({"tax_amount": "-0.01"}, "tax_amount"),
        ({"tax_amount": "NaN"}, "tax_amount"),
        ({"tax_amount": "1.005"}, "tax_amount"),
        ({"tax_amount": "1000000000000"}, "tax_amount"),
        ({"tax_amount": "9999999999.99"}, "__all__"),
        ({"due_date": "2020-01-01"}, "due_date"),
        ({"due_date": "2023-02-29"}, "due_date"),
        ({"invoice_date": "9999-12-31"}, "invoice_date"),
        ({"notes": "NUL\x00"}, "notes"),
        ({"insurance_note": "bell\x07"}, "insurance_note"),
        ({"appointment": "not-a-uuid"}, "appointment"),
        ({"appointment": ""}, "appointment"),
    ],
)
def test_bad_field_is_refused_at_its_place(create, visit, fields, place):
    form = create(visit, FEE, **fields)
    assert place in form.errors, form.errors
    assert not Invoice.objects.exists()


@pytest.mark.spec("RULE-INV-2", "VAL-4")
@pytest.mark.parametrize(
    ("line", "place"),
    [
        ({"description": "A", "quantity": "0", "unit_price": "1"}, "quantity"),
        ({"description": "A", "quantity": "-1", "unit_price": "1"}, "quantity"),
        ({"description": "A", "quantity": "1.5", "unit_price": "1"}, "quantity"),
        ({"description": "A", "quantity": "", "unit_price": "1"}, "quantity"),
        ({"description": "A", "quantity": "9" * 30, "unit_price": "1"}, "quantity"),
        ({"description": "A", "quantity": "1", "unit_price": "-0.01"}, "unit_price"),
        ({"description": "A", "quantity": "1", "unit_price": "1.001"}, "unit_price"),
        ({"description": "A", "quantity": "1", "unit_price": "NaN"}, "unit_price"),
        ({"description": "A", "quantity": "1", "unit_price": "1e400"}, "unit_price"),
        ({"description": "A", "quantity": "1", "unit_price": "Infinity"}, "unit_price"),
        ({"description": "A", "quantity": "1", "unit_price": ""}, "unit_price"),
        ({"description": "", "quantity": "1", "unit_price": "5"}, "description"),
        ({"description": "a" * 301, "quantity": "1", "unit_price": "5"}, "description"),
        ({"description": "NUL\x00", "quantity": "1", "unit_price": "5"}, "description"),
        ({"service": "x", "description": "A", "quantity": "1", "unit_price": "5"}, "service"),
        ({"description": "A", "quantity": "100000", "unit_price": "9999999999"}, "__all__"),
    ],
)
def test_bad_line_is_refused_at_its_place_and_kept(login, billing_officer, visit, line, place):
    data = rows(line) | {"appointment": visit.pk, "notes": "kept text"}
    response = login(billing_officer).post(reverse("invoice_create"), data)
    assert response.status_code == 200
    assert place in response.context["form"].formsets["line_items"].errors[0]
    assert "kept text" in response.content.decode()
    assert not Invoice.objects.exists()


@pytest.mark.spec("VAL-5")
@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "=1+1", "😀 مرحبا", "' OR 1=1 --"])
def test_any_text_is_kept_and_escaped(login, billing_officer, visit, create, text):
    invoice = create(visit, (text, 1, "10"), notes=text).instance
    assert invoice.line_items.get().description == text
    page = login(billing_officer).get(invoice.get_absolute_url()).content.decode()
    assert "<script>alert" not in page


@pytest.mark.spec("RULE-INV-2")
def test_inactive_service_cannot_be_added_but_stays_on_a_draft(create, billing_officer, visit):
    service = ServiceFactory(name="Old service")
    invoice = create(visit, {"service": service.pk, "quantity": 1}).instance
    service.is_active = False
    service.save()
    line = invoice.line_items.get()
    other = ConsultationFactory(completed=True).appointment
    refused = create(other, {"service": service.pk, "quantity": 1})
    assert "no longer offered" in str(refused.formsets["line_items"].errors)
    kept = {"id": line.pk, "service": service.pk, "description": "Old service", "quantity": 4, "unit_price": "120"}
    form = submit(EditInvoiceForm, actor=billing_officer, instance=invoice, data=rows(kept))
    assert form.is_valid(), form.formsets["line_items"].errors
    assert form.instance.total_amount == Decimal("480.00")


@pytest.mark.spec("RULE-INV-3", "AUD-1")
def test_edit_draft_changes_adds_and_removes_lines(login, billing_officer):
    invoice = InvoiceFactory(lines=[("Stays", 1, "10.00"), ("Changes", 1, "20.00"), ("Goes", 1, "30.00")])
    stays, changes, goes = invoice.line_items.all()
    client, url = login(billing_officer), reverse("invoice_edit", args=[invoice.pk])
    page = client.get(url)
    assert page.status_code == 200
    assert [row.initial.get("id") for row in page.context["form"].formsets["line_items"].initial_forms] == [
        stays.pk,
        changes.pk,
        goes.pk,
    ]
    data = rows(
        {"id": stays.pk, "description": "Stays", "quantity": 1, "unit_price": "10.00"},
        {"id": changes.pk, "description": "Changes", "quantity": 3, "unit_price": "20.00"},
        {"id": goes.pk, "description": "Goes", "quantity": 1, "unit_price": "30.00", "DELETE": "on"},
        ("New", 1, "5.25"),
    )
    assert client.post(url, data).status_code == 302
    invoice.refresh_from_db()
    assert list(invoice.line_items.values_list("description", "line_total")) == [
        ("Stays", Decimal("10.00")),
        ("Changes", Decimal("60.00")),
        ("New", Decimal("5.25")),
    ]
    assert invoice.total_amount == invoice.balance_due == Decimal("75.25")
    trail = AuditLog.objects.filter(entity_type="invoice_line_item")
    assert trail.filter(entity_id=changes.pk, action="update", new_values__line_total="60.00").exists()
    assert trail.filter(entity_id=goes.pk, action="remove").exists()
    assert not trail.filter(entity_id=stays.pk, action="update").exists()


@pytest.mark.spec("RULE-INV-3")
def test_edit_without_rows_keeps_the_lines_and_a_foreign_line_id_takes_nothing(billing_officer):
    invoice, other = InvoiceFactory(lines=[FEE]), InvoiceFactory(lines=[("Other's", 1, "7.00")])
    form = submit(EditInvoiceForm, actor=billing_officer, instance=invoice, data={"discount_amount": "20"})
    assert form.is_valid() and form.instance.total_amount == Decimal("100.00")
    assert invoice.line_items.count() == 1
    stolen = {"id": other.line_items.get().pk, "description": "Mine", "quantity": 1, "unit_price": "1"}
    assert submit(EditInvoiceForm, actor=billing_officer, instance=invoice, data=rows(stolen)).is_valid()
    assert other.line_items.get().description == "Other's"
    assert [line.description for line in invoice.line_items.all()] == ["Mine"]


@pytest.mark.spec("FND-7")
def test_stale_draft_is_shown_both_versions(login, billing_officer):
    invoice = InvoiceFactory(lines=[FEE])
    client, url = login(billing_officer), reverse("invoice_edit", args=[invoice.pk])
    seen = client.get(url).context["form"].initial["updated_at_seen"]
    submit(EditInvoiceForm, actor=billing_officer, instance=invoice, data={"notes": "theirs"})
    response = client.post(url, {"notes": "mine", "updated_at_seen": seen})
    assert response.status_code == 409
    invoice.refresh_from_db()
    assert invoice.notes == "theirs"


@pytest.mark.spec("BYD-2")
def test_form_shown_for_another_patient_is_refused(create, visit):
    form = create(visit, FEE, shown_patient=str(PatientFactory().pk))
    assert "another patient" in str(form.errors)
    assert not Invoice.objects.exists()


@pytest.mark.spec("WF-INV", "RULE-INV-3")
def test_issue_freezes_amounts_and_texts(login, billing_officer, create, visit):
    invoice = create(visit, FEE).instance
    client = login(billing_officer)
    assert client.get(reverse("invoice_issue", args=[invoice.pk])).status_code == 200
    assert client.post(reverse("invoice_issue", args=[invoice.pk])).url == invoice.get_absolute_url()
    invoice.refresh_from_db()
    assert invoice.status == "issued" and invoice.issued_at is not None
    name = str(visit.patient)
    visit.patient.last_name = "Married"
    visit.patient.save()
    clinic = ClinicSettings.current()
    clinic.name = "Another name"
    clinic.save()
    invoice = Invoice.objects.get(pk=invoice.pk)
    assert invoice.issued_texts["patient_name"] == name
    page = client.get(invoice.get_absolute_url()).content.decode()
    assert "Riverside Family Clinic" in page
    for form in (EditInvoiceForm, IssueInvoiceForm):
        assert not submit(form, actor=billing_officer, instance=invoice, data=rows(FEE)).is_valid()
    assert client.post(reverse("invoice_edit", args=[invoice.pk]), rows(("More", 1, "1"))).status_code == 200
    assert invoice.line_items.count() == 1


@pytest.mark.spec("WF-INV", "FND-7")
def test_the_draft_that_was_looked_over_is_issued_by_its_own_button(login, billing_officer, create, visit):
    invoice = create(visit, FEE).instance
    client = login(billing_officer)
    page = client.get(invoice.get_absolute_url())
    (issue,) = [action for action in page.context["actions"] if action["method"] == "post"]
    assert issue["url"] == reverse("invoice_issue", args=[invoice.pk])
    assert f'name="updated_at_seen" value="{issue["hidden"]["updated_at_seen"]}"' in page.content.decode()
    # Changed by somebody else since it was shown: what nobody looked over is not issued.
    Invoice.objects.get(pk=invoice.pk).save()
    assert client.post(issue["url"], issue["hidden"]).status_code == 409
    assert Invoice.objects.get().status == "draft"
    (issue,) = [
        action for action in client.get(invoice.get_absolute_url()).context["actions"] if action["method"] == "post"
    ]
    assert client.post(issue["url"], issue["hidden"]).url == invoice.get_absolute_url()
    assert Invoice.objects.get().status == "issued"


@pytest.mark.spec("RULE-INV-2")
def test_invoice_without_lines_is_not_issued(billing_officer):
    form = submit(IssueInvoiceForm, actor=billing_officer, instance=InvoiceFactory())
    assert "at least one line" in str(form.errors)


@pytest.mark.spec("RULE-INV-4")
def test_free_invoice_is_paid_and_late_one_overdue_when_issued(billing_officer, create, visit):
    free = create(visit, FEE, discount_percent="100").instance
    assert submit(IssueInvoiceForm, actor=billing_officer, instance=free).instance.status == "paid"
    late = InvoiceFactory(lines=[FEE], invoice_date=today() - timedelta(40), due_date=today() - timedelta(10))
    assert submit(IssueInvoiceForm, actor=billing_officer, instance=late).instance.status == "overdue"


@pytest.mark.spec("RULE-INV-3", "FND-6")
@pytest.mark.parametrize("route", ["invoice_cancel", "invoice_delete"])
def test_cancel_needs_a_reason_and_no_live_payment(login, billing_officer, route):
    client = login(billing_officer)
    for status in ("draft", "issued"):
        invoice = InvoiceFactory(lines=[FEE], status=status)
        url = reverse(route, args=[invoice.pk])
        assert "cancellation_reason" in client.post(url).context["form"].errors
        assert client.post(url, {"cancellation_reason": "Wrong patient"}).status_code == 302
        invoice.refresh_from_db()
        assert (invoice.status, invoice.cancellation_reason) == ("cancelled", "Wrong patient")
        assert invoice.cancelled_at is not None
        assert "This is cancelled already." in client.post(url, {"cancellation_reason": "Again"}).content.decode()
    paid = PaymentFactory(invoice=InvoiceFactory(status="issued")).invoice
    response = client.post(reverse(route, args=[paid.pk]), {"cancellation_reason": "No"})
    assert "Void the payments" in response.content.decode()
    assert AuditLog.objects.filter(action="cancel", entity_type="invoice").count() == 2


@pytest.mark.spec("ENT-5")
def test_numbers_are_gapless_after_a_rollback(create):
    visits = [ConsultationFactory(completed=True).appointment for _ in range(3)]
    assert create(visits[0], FEE).instance.invoice_number == "INV-000001"
    with pytest.raises(RuntimeError), transaction.atomic():
        assert create(visits[1], FEE).instance.invoice_number == "INV-000002"
        raise RuntimeError
    assert not create(visits[1], FEE, discount_amount="999").is_valid()
    assert create(visits[2], FEE).instance.invoice_number == "INV-000002"


@pytest.mark.spec("RULE-INV-4")
def test_overdue_follows_the_calendar_on_screen_and_by_the_daily_command(login, billing_officer, capsys):
    late = InvoiceFactory(status="issued", due_date=today() + timedelta(5))
    partly = InvoiceFactory(status="issued", due_date=today() + timedelta(5))
    PaymentFactory(invoice=partly)
    InvoiceFactory(status="paid", due_date=today() + timedelta(5))
    InvoiceFactory(due_date=today() + timedelta(5))
    InvoiceFactory(status="cancelled", lines=[FEE], due_date=today() + timedelta(5))
    with time_machine.travel(late.created_at + timedelta(days=6), tick=False):
        client, url = login(billing_officer), reverse("invoice_list")
        shown = {row["object"].pk for row in client.get(url, {"status": "overdue"}).context["rows"]}
        assert shown == {late.pk, partly.pk}
        assert not client.get(url, {"status": "issued"}).context["rows"]
        late.refresh_from_db()
        assert (late.status, late.shown_status) == ("issued", "overdue")
        call_command("mark_overdue")
        call_command("mark_overdue")
        assert capsys.readouterr().out.splitlines()[0].startswith("2 invoices")
        late.refresh_from_db()
        assert late.status == "overdue"
        entry = AuditLog.objects.get(entity_id=late.pk, action="update", new_values__status="overdue")
        assert entry.user is None
        paid = submit(
            RecordPaymentForm,
            actor=billing_officer,
            data={"invoice": partly.pk, "amount": "100.00", "payment_method": "cash"},
        )
        assert paid.instance.invoice.status == "paid"
        assert not submit(MarkOverdueForm, actor=None, instance=partly).is_valid()


@pytest.mark.spec("RULE-INV-4")
def test_status_filter_agrees_with_the_shown_status(login, billing_officer):
    for days in (None, -3, 0, 3):
        due = None if days is None else today() + timedelta(days)
        for status in InvoiceStatus.values:
            if status in ("partially_paid", "overdue"):
                continue
            InvoiceFactory(status=status, lines=[FEE], due_date=due, invoice_date=today() - timedelta(9))
        dates = {"due_date": due, "invoice_date": today() - timedelta(9)}
        PaymentFactory(invoice=InvoiceFactory(status="issued", **dates))
    client = login(billing_officer)
    for status in InvoiceStatus.values:
        rows_shown = client.get(reverse("invoice_list"), {"status": status}).context["rows"]
        assert {row["object"].pk for row in rows_shown} == {
            invoice.pk for invoice in Invoice.objects.all() if invoice.shown_status == status
        }
        assert rows_shown


def test_a_person_may_not_be_the_daily_command(doctor):
    with pytest.raises(PermissionDenied):
        submit(MarkOverdueForm, actor=doctor, instance=InvoiceFactory(status="issued"))
    with pytest.raises(PermissionDenied):
        submit(CreateInvoiceForm, actor=None, data={})


@pytest.mark.spec("BYD-5")
def test_unbilled_worklist_offers_the_invoice(login, billing_officer, visit, create):
    ConsultationFactory()
    done = ConsultationFactory(completed=True).appointment
    create(done, FEE)
    for name, status in (("Sodium", "ordered"), ("Potassium", "completed")):
        result = {"result_value": "1", "sample_collected_date": now()} if status == "completed" else {}
        LabTestFactory(consultation=visit.consultation, test_name=name, status=status, **result)
    page = login(billing_officer).get(reverse("invoice_unbilled"))
    (row,) = page.context["rows"]
    assert row["object"].services == f"{visit.get_appointment_type_display()}, Potassium"
    book = b"".join(login(billing_officer).get(reverse("invoice_unbilled"), {"export": "xlsx"}).streaming_content)
    assert "Potassium" in str(list(openpyxl.load_workbook(io.BytesIO(book)).active.iter_rows(values_only=True)))
    assert row["object"].appointment == visit
    assert row["actions"][0]["url"] == reverse("invoice_create") + f"?appointment={visit.pk}"
    options = login(billing_officer).get(reverse("billable_appointment_options"), {"q": visit.patient.last_name})
    assert [option["id"] for option in options.json()["results"]] == [str(visit.pk)]


@pytest.mark.spec("VAL-6")
@pytest.mark.parametrize(
    "query", ["?appointment=x", "?appointment=%00", "?appointment=00000000-0000-0000-0000-000000000000"]
)
def test_malformed_or_unknown_visit_is_not_found(login, billing_officer, query):
    assert login(billing_officer).get(reverse("invoice_create") + query).status_code == 404


@pytest.mark.spec("ENT-2")
def test_relationships_navigate_both_ways():
    service = ServiceFactory()
    invoice = InvoiceFactory(lines=[("A", 1, "5", service)], status="paid")
    line = InvoiceLineItem.objects.select_related("invoice__patient", "service").get()
    assert (line.invoice, line.service) == (invoice, service)
    assert service.invoice_line_items.get() == line
    assert invoice.patient.invoices.get() == invoice
    assert invoice.payments.get() in invoice.patient.payments.all()
