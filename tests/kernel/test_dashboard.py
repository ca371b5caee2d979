"""The first page: each number is the count of the list behind it, and each row offers its next step."""

from __future__ import annotations

from datetime import time, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_q.models import Failure

from healthcare.clock import now, today
from healthcare.roles import Role
from healthcare.templatetags.display import money
from tests import factories as f

pytestmark = [pytest.mark.django_db, pytest.mark.spec("PAGE-1")]


STATUSES = ("checked_in", "checked_in", "scheduled", "confirmed", "in_progress", "no_show", "cancelled", "completed")


def a_day(staff, rows=range(1)):
    """Today in full swing: something of everything that a dashboard counts."""
    doctor = staff["doctor"]
    for number in rows:
        for place, status in enumerate(STATUSES):
            arrived = status == "checked_in"
            visit = f.AppointmentFactory(
                doctor=doctor,
                appointment_time=time(number * 3 + place // 4, place % 4 * 15),
                duration_minutes=15,
                status=status,
                checked_in_at=now() - timedelta(minutes=20) if arrived else None,
                started_at=now() if status == "in_progress" else None,
            )
            if place == 0:
                f.VitalSignFactory(patient=visit.patient)
        unfinished = f.ConsultationFactory(doctor=doctor, appointment=None)
        f.LabTestFactory(consultation=unfinished)
        f.LabTestFactory(
            consultation=unfinished,
            status="completed",
            sample_collected_date=now(),
            result_date=now(),
            result_value="5",
        )
        f.ConsultationFactory(
            appointment=visit, patient=visit.patient, doctor=doctor, completed_at=now(), diagnosis="Something"
        )
        f.WaitingListEntryFactory()
        f.InvoiceFactory()
        owed = f.InvoiceFactory(due_date=today() - timedelta(days=1), invoice_date=today() - timedelta(days=9))
        f.InvoiceLineItemFactory(invoice=owed)
        owed.subtotal = owed.total_amount = owed.balance_due = Decimal("120.00")
        owed.save()
        owed.status, owed.issued_at = "issued", now()
        owed.save()
        f.PaymentFactory(invoice=owed, amount=Decimal("19.99"))
        f.PaymentFactory(invoice=owed, amount=Decimal("5.00"), voided_at=now(), void_reason="Bounced")
        note = {"kind": "credit_note", "document_number": f"CN-{number:06}", "notes": "Goodwill"}
        f.PaymentFactory(invoice=owed, amount=Decimal("7.00"), payment_method="other", **note)


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_each_number_is_the_count_of_the_list_behind_it(client, login, staff, role):
    a_day(staff)
    client.post("/login/", {"username": "nobody@clinic.test", "password": "wrong"})
    client = login(staff[role])
    response = client.get("/")
    assert response.status_code == 200
    tiles = response.context["tiles"]
    assert 4 <= len(tiles) <= 6
    for tile in tiles:
        assert tile.value not in ("0", "$0.00"), f"{tile.label} counts nothing here, so this test shows nothing"
        assert tile.trend, tile.label
        behind = client.get(tile.url)
        assert behind.status_code == 200, tile.label
        rows = [row["object"] for row in behind.context["rows"]]
        if tile.value.startswith("$"):
            assert tile.value == money(sum(row.amount for row in rows)), tile.label
        else:
            assert tile.value == behind.context["pager"]["count_label"], tile.label


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_each_queue_is_the_list_behind_it(client, login, staff, role):
    """The number beside a queue's title is the count of the list to which its link leads; so are failed reports'."""
    a_day(staff, range(2))
    absence = f.DoctorAbsenceFactory(start_date=today() + timedelta(days=1), end_date=today() + timedelta(days=2))
    f.AppointmentFactory(doctor=absence.doctor, appointment_date=today() + timedelta(days=1))
    f.ReportFactory(status="failed", generated_by_user=staff["administrator"])
    f.ReportFactory(status="failed", generated_by_user=staff["administrator"], is_active=False)
    client.post("/login/", {"username": "nobody@clinic.test", "password": "wrong"})
    cache.clear()
    client = login(staff[role])
    context = client.get("/").context
    assert len(context["queues"]) == {"doctor": 3}.get(role, 2)
    for queue in context["queues"]:
        assert queue["rows"], f"{queue['title']} shows nothing here, so this test shows nothing"
        behind = client.get(queue["link"]["url"]).context["pager"]["count_label"]
        assert str(queue["count"]) == behind, queue["title"]
    for part in context["health"]:
        if part["label"] == "Reports":
            assert part["text"].split()[0] == client.get(part["url"]).context["pager"]["count_label"] == "1"


@pytest.mark.spec("PAGE-1")
def test_failed_tasks_are_listed_without_what_they_were_about(login, administrator):
    """The part of the system's health counts what its page lists; an error's words may name a patient."""
    for number, days in enumerate((0, 0, 3)):
        Failure.objects.create(
            id=f"{number:032}",
            func="reporting.worker.generate",
            started=now() - timedelta(days=days),
            stopped=now() - timedelta(days=days),
            success=False,
            attempt_count=3,
            result="Lopez, Maria : Traceback (most recent call last):\n  ...\nValueError: Lopez, Maria",
        )
    cache.clear()
    client = login(administrator)
    (part,) = [part for part in client.get("/").context["health"] if part["label"] == "Background tasks"]
    assert part["text"] == "2 failed since yesterday" and not part["well"]
    page = client.get(part["url"])
    values = [[cell["value"] for cell in row["cells"]] for row in page.context["rows"]]
    assert [(func, tried, error) for _ended, func, tried, error in values] == [
        ("reporting.worker.generate", 3, "ValueError")
    ] * 2
    assert part["text"] in page.content.decode() and "Lopez" not in page.content.decode()


@pytest.mark.spec("RULE-CONS-2")
def test_who_is_measured_in_the_minute_of_the_check_in_is_ready(login, doctor):
    """Nurses type minutes: what is before the check-in by seconds only counts for both queues."""
    arrived = now().replace(second=40)
    visit = f.AppointmentFactory(doctor=doctor, status="checked_in", checked_in_at=arrived)
    f.VitalSignFactory(patient=visit.patient, recorded_at=arrived.replace(second=0, microsecond=0))
    assert [row["object"] for row in login(doctor).get("/").context["queues"][0]["rows"]] == [visit]


@pytest.mark.parametrize(
    ("role", "label"),
    [
        ("receptionist", "Check in"),
        ("nurse", "Record vital signs"),
        ("nurse", "Collect sample"),
        ("doctor", "Start consultation"),
        ("doctor", "Review"),
        ("doctor", "Continue"),
        ("billing_officer", "Create invoice"),
        ("billing_officer", "Record payment"),
    ],
)
def test_each_queue_offers_the_next_step(login, staff, role, label):
    a_day(staff)
    client = login(staff[role])
    queues = client.get("/").context["queues"]
    steps = [
        action for queue in queues for row in queue["rows"] for action in row["actions"] if action["label"] == label
    ]
    assert steps
    assert client.get(steps[0]["url"]).status_code in (200, 302)


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_an_empty_clinic_has_a_first_page(login, staff, role):
    assert login(staff[role]).get("/").status_code == 200


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_the_page_runs_the_same_queries_for_one_and_many_rows(login, staff, role):
    client, queries = login(staff[role]), []
    for rows in (range(1), range(1, 4)):
        a_day(staff, rows)
        client.get("/")
        with CaptureQueriesContext(connection) as counted:
            client.get("/")
        queries.append(len(counted))
    assert queries[0] == queries[1]


def test_the_oldest_debts_come_first_whatever_status_was_saved(login, billing_officer):
    for number, status in enumerate(("issued", "overdue", "partially_paid", "overdue", "issued")):
        row = f.InvoiceFactory(due_date=today() - timedelta(days=9 - number), invoice_date=today() - timedelta(days=40))
        f.InvoiceLineItemFactory(invoice=row)
        row.subtotal = row.total_amount = row.balance_due = Decimal("120.00")
        row.save()
        row.status, row.issued_at = "issued", now()
        row.save()
        if status == "partially_paid":
            f.PaymentFactory(invoice=row, amount=Decimal("20.00"))
            row.amount_paid, row.balance_due = Decimal("20.00"), Decimal("100.00")
        row.status = status
        row.save()
    queue = login(billing_officer).get("/").context["queues"][1]
    assert [row["object"].due_date for row in queue["rows"]] == [today() - timedelta(days=n) for n in range(9, 4, -1)]


def test_charts_say_what_the_rows_say(login, staff):
    a_day(staff)
    cache.clear()
    charts = {chart["title"]: chart for chart in login(staff["administrator"]).get("/").context["charts"]}
    assert sum(came for _hour, came, _expected in charts["Today by hour"]["rows"]) == 4
    assert sum(expected for _hour, _came, expected in charts["Today by hour"]["rows"]) == 2
    assert charts["Taken, last two weeks"]["rows"][-1][1] == Decimal("19.99")
    cache.clear()
    week = login(staff["doctor"]).get("/").context["charts"][0]["rows"]
    assert [sum(row[1:]) for row in week][today().weekday()] == 6


@pytest.mark.spec("WF-CHECKIN")
def test_who_left_without_being_seen_stands_in_the_desks_queue_until_it_is_closed(login, receptionist):
    day = today() - timedelta(days=1)
    visit = f.AppointmentFactory(appointment_date=day, status="checked_in", checked_in_at=now() - timedelta(days=1))
    f.AppointmentFactory(appointment_date=day, appointment_time=time(11), status="completed")
    client = login(receptionist)
    queue = client.get("/").context["queues"][-1]
    assert [row["object"] for row in queue["rows"]] == [visit]
    assert [row["object"] for row in client.get(queue["link"]["url"]).context["rows"]] == [visit]
    (cancel,) = queue["rows"][0]["actions"]
    client.post(cancel["url"], {"cancellation_reason": "Left without being seen"})
    assert len(client.get("/").context["queues"]) == 1
