"""The worklist of visits without an invoice: kept by the database, as long as the backlog and no longer."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.forms import CancelInvoiceForm
from billing.models import Invoice, UnbilledVisit
from billing.status import OwedUntil
from billing.visits import billable_appointments, unbilled_visits
from clinical.models import Consultation
from healthcare.clock import now
from healthcare.workflow import submit
from tests.factories import AppointmentFactory, ConsultationFactory, InvoiceFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("BYD-5")]


def waiting():
    """What the database lists, and what the rule says (RULE-INV-1): they must be the same."""
    by_rule = Consultation.objects.filter(completed_at__isnull=False, appointment__isnull=False).exclude(
        appointment__in=Invoice.objects.live().filter(appointment__isnull=False).values("appointment")
    )
    listed = set(UnbilledVisit.objects.values_list("consultation_id", "appointment_id", "consultation_date"))
    assert listed == set(by_rule.values_list("pk", "appointment_id", "consultation_date"))
    return {key for key, _visit, _date in listed}


def test_the_list_follows_consultations_and_invoices(billing_officer):
    consultation = ConsultationFactory()
    assert waiting() == set()
    consultation.diagnosis, consultation.completed_at = "Cold", now()
    consultation.save()
    done = ConsultationFactory(completed=True)
    assert waiting() == {consultation.pk, done.pk}
    invoice = InvoiceFactory(appointment=done.appointment, patient=done.patient, lines=[("A", 1, "5")])
    assert waiting() == {consultation.pk}
    submit(CancelInvoiceForm, actor=billing_officer, instance=invoice, data={"cancellation_reason": "x"})
    assert waiting() == {consultation.pk, done.pk}
    InvoiceFactory(appointment=done.appointment, patient=done.patient)
    assert waiting() == {consultation.pk}


def test_the_list_follows_raw_sql_and_a_visit_that_is_exchanged():
    done = ConsultationFactory(completed=True)
    other = AppointmentFactory(patient=done.patient, doctor=done.doctor, status="completed")
    Consultation.objects.filter(pk=done.pk).update(appointment=other)
    assert waiting() == {done.pk}
    invoice = InvoiceFactory(appointment=other, patient=done.patient)
    assert waiting() == set()
    Invoice.objects.filter(pk=invoice.pk).update(appointment=None)
    assert waiting() == {done.pk}
    Consultation.objects.filter(pk=done.pk).update(appointment=None)
    assert waiting() == set()


@pytest.mark.parametrize(
    "rows", [lambda: unbilled_visits().order_by("-consultation_date", "-pk"), billable_appointments]
)
def test_the_first_page_is_read_from_the_index(rows, no_statistics):
    """Never a scan of the consultations or the invoices, however many there are."""
    ConsultationFactory(completed=True)
    with CaptureQueriesContext(connection) as queries:
        assert len(rows()[:25]) == 1
    (query,) = queries
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            plan = [row[3] for row in cursor.fetchall()]
        assert not [step for step in plan if step.startswith("SCAN") and "unbilled_visits" not in step], plan
        assert not [step for step in plan if "TEMP B-TREE" in step], plan


@pytest.mark.spec("RULE-INV-4")
def test_the_oldest_debts_are_read_from_their_index(no_statistics):
    """Neither a walk through what is paid nor a sort: the dashboard asks for 16 of 20,000."""
    rows = Invoice.objects.shown_as("overdue").order_by(OwedUntil())[:16]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # A handful of rows is read whole by any planner unless that is forbidden.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
    plan = rows.explain()
    assert "invoices_owed_until" in plan
    assert "Sort" not in plan and "TEMP B-TREE" not in plan
