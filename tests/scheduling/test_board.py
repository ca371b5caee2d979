"""The waiting board and the waiting room's screen."""

from datetime import time, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from healthcare.clock import now, today
from healthcare.workflow import submit
from scheduling import forms
from scheduling.models import Appointment
from tests.factories import (
    AppointmentFactory,
    ConsultationFactory,
    DepartmentFactory,
    PatientFactory,
    UserFactory,
    VitalSignFactory,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.spec("PAGE-5", "WF-CHECKIN"),
    pytest.mark.usefixtures("midday"),
]
BOARD, ROOM = "/appointments/board/", "/appointments/board/room/"


def columns(client, **query):
    """Column -> the visits on it."""
    parts = client.get(BOARD, query).context["columns"]
    return {part["column"].key: [card["visit"] for card in part["cards"]] for part in parts}


def visit(status="scheduled", *, waits=0, measured=False, **values):
    """A visit of today in this state, for so many minutes."""
    since = now() - timedelta(minutes=waits)
    if status in ("checked_in", "in_progress"):
        values |= {"checked_in_at": since, "ticket_number": values.get("ticket_number", 7)}
    if status == "in_progress":
        values["started_at"] = since
    row = AppointmentFactory(status=status, appointment_time=time(11, 30), **values)
    if measured:
        VitalSignFactory(patient=row.patient, recorded_at=since)
    if status == "in_progress":
        ConsultationFactory(appointment=row, patient=row.patient, doctor=row.doctor)
    return row


def test_each_visit_stands_in_its_column(login, receptionist):
    expected = [visit(), visit("confirmed")]
    arrived = [visit("checked_in", waits=40), visit("checked_in", waits=5)]
    ready, inside = visit("checked_in", waits=20, measured=True), visit("in_progress", waits=3, measured=True)
    for status in ("completed", "cancelled", "no_show"):
        visit(status)
    AppointmentFactory(appointment_date=today() + timedelta(days=1))
    shown = columns(login(receptionist))
    assert set(shown.pop("expected")) == set(expected)
    assert shown == {"arrived": arrived, "ready": [ready], "with_doctor": [inside]}


def test_measurements_of_the_minute_of_the_check_in_count(login, receptionist):
    row = visit("checked_in")
    row.checked_in_at = now() + timedelta(seconds=40)
    row.save()
    VitalSignFactory(patient=row.patient, recorded_at=now())
    assert columns(login(receptionist))["ready"] == [row]


@pytest.mark.parametrize(
    ("waits", "tone", "words"), [(14, "quiet", "14 min"), (15, "amber", "15 min"), (90, "red", "1 h 30 min")]
)
def test_minutes_and_their_colour(login, nurse, waits, tone, words):
    visit("checked_in", waits=waits)
    text = login(nurse).get(BOARD).content.decode()
    assert f"since-{tone}" in text
    assert words in text


def test_who_is_late_says_so(login, receptionist):
    AppointmentFactory(appointment_time=time(11, 50))
    AppointmentFactory(appointment_time=time(12, 30))
    text = login(receptionist).get(BOARD).content.decode()
    assert text.count(" late") == 1
    assert "10 min late" in text
    assert text.count("No-show<") == 1


@pytest.mark.spec("ROLE-2")
def test_one_button_for_each_role(login, staff):
    visit()
    visit("checked_in")
    visit("checked_in", measured=True)
    mine = visit("in_progress", doctor=staff["doctor"], measured=True)
    steps = {"receptionist": [1, 0, 0, 0], "nurse": [0, 1, 0, 0], "doctor": [0, 1, 1, 1], "administrator": [1, 1, 0, 1]}
    for role, expected in steps.items():
        parts = login(staff[role]).get(BOARD).context["columns"]
        assert [sum(bool(card["step"]) for card in part["cards"]) for part in parts] == expected, role
    assert (
        reverse("consultation_detail", args=[mine.consultation.pk])
        in login(staff["doctor"]).get(BOARD).content.decode()
    )


@pytest.mark.spec("RULE-APPT-5")
def test_one_click_marks_who_did_not_come_and_comes_back_with_undo(login, receptionist):
    row, client = visit(), login(receptionist)
    url = reverse("appointment_no_show", args=[row.pk])
    assert f'<form method="post" action="{url}">' in client.get(BOARD).content.decode()
    text = client.post(url, {"board": "1"}, follow=True).content.decode()
    assert reverse("appointment_undo_no_show", args=[row.pk]) in text
    assert columns(client)["expected"] == []


def test_one_click_checks_in_and_comes_back_with_undo(login, receptionist):
    row = visit()
    client = login(receptionist)
    response = client.post(reverse("appointment_check_in", args=[row.pk]), {"board": "1"}, follow=True)
    assert response.redirect_chain == [(BOARD, 302)]
    text = response.content.decode()
    assert reverse("appointment_undo_check_in", args=[row.pk]) in text
    assert f"{row.patient} is checked in: ticket 1." in text.replace("&#x27;", "'")


def test_tickets_are_numbered_anew_each_day_and_taken_back(receptionist):
    first, second = visit(), visit()
    assert [
        submit(forms.CheckInForm, actor=receptionist, instance=row).instance.ticket_number for row in (first, second)
    ] == [1, 2]
    undone = submit(forms.UndoCheckInForm, actor=receptionist, instance=second, data={"undo_reason": "Wrong row"})
    assert undone.instance.ticket_number is None
    with time_machine.travel(now() + timedelta(days=1)):
        row = visit()
        assert submit(forms.CheckInForm, actor=receptionist, instance=row).instance.ticket_number == 1


def test_filters(login, nurse):
    department, doctor = DepartmentFactory(), UserFactory(role="doctor")
    one, two = visit(department=department), visit(doctor=doctor)
    client = login(nurse)
    assert columns(client, department=department.pk)["expected"] == [one]
    assert columns(client, doctor=doctor.pk)["expected"] == [two]
    assert set(columns(client, doctor="x")["expected"]) == {one, two}


def test_a_refresh_answers_with_the_board_alone_and_keeps_nobody_logged_in(login, nurse):
    visit("checked_in")
    client = login(nurse)
    client.get(BOARD)
    seen = client.session["seen"]
    with time_machine.travel(now() + timedelta(minutes=20), tick=False):
        part = client.get(BOARD, headers={"HX-Request": "true", "X-Passive": "1"})
        assert client.session["seen"] == seen
        assert "<html" not in part.content.decode()
        assert 'id="board"' in part.content.decode()
        client.get(BOARD)
        assert client.session["seen"] > seen


def test_the_room_shows_numbers_and_no_names(login, receptionist):
    patient = PatientFactory(first_name="Zebrafish", last_name="Canary", patient_number="P-424242")
    visit("checked_in", patient=patient, ticket_number=31)
    visit("in_progress", patient=patient, ticket_number=30, reason="Secret")
    visit(patient=patient)
    text = login(receptionist).get(ROOM).content.decode()
    assert "<li>31</li>" in text.replace("\n", "").replace("  ", "")
    assert "<b>30</b>" in text
    for secret in ("Zebrafish", "Canary", "P-424242", "Secret", "1984", str(patient.pk)):
        assert secret not in text


def test_the_same_number_of_queries_for_one_and_many(login, nurse):
    client = login(nurse)

    def asked(url):
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        return len(queries)

    visit(), visit("checked_in"), visit("in_progress", measured=True)
    client.get(BOARD)
    few = [asked(BOARD), asked(ROOM)]
    for _ in range(8):
        visit(), visit("checked_in"), visit("in_progress", measured=True)
    assert [asked(BOARD), asked(ROOM)] == few
    assert Appointment.objects.count() == 27
