"""The calendar: what it draws, its plain list, and moving a visit by drag through the form of rescheduling."""

from datetime import date, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditLog
from healthcare.clock import today
from scheduling.calendar import Period
from tests.factories import (
    AppointmentFactory,
    DepartmentFactory,
    DoctorAbsenceFactory,
    DoctorScheduleFactory,
    UserFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.spec("PAGE-5", "WF-APPT")]
PAGE, EVENTS = "/appointments/calendar/", "/appointments/calendar/events/"


@pytest.fixture
def visit(doctor, tomorrow):
    return AppointmentFactory(doctor=doctor, appointment_date=tomorrow, appointment_time=time(9), reason="Cough")


def drawn(client, **query):
    """(visits, shadings) as the calendar gets them."""
    found = client.get(EVENTS, query).json()
    return [one for one in found if "id" in one], [one for one in found if "id" not in one]


def move(client, visit, **changes):
    """Drag the visit."""
    data = {"doctor": str(visit.doctor_id), "start": visit.start.isoformat(), "minutes": "30", **changes}
    return client.post(reverse("appointment_move", args=[visit.pk]), data)


def test_visits_are_drawn_with_status_and_only_open_ones_can_be_dragged(login, receptionist, visit, tomorrow):
    AppointmentFactory(doctor=visit.doctor, appointment_date=tomorrow, appointment_time=time(10), status="cancelled")
    done = AppointmentFactory(
        doctor=visit.doctor, appointment_date=tomorrow, status="completed", appointment_time=time(11)
    )
    AppointmentFactory(doctor=visit.doctor, appointment_date=tomorrow + timedelta(days=1))
    visits, _shades = drawn(login(receptionist), date=tomorrow)
    assert [(one["id"], one["editable"]) for one in visits] == [(str(visit.pk), True), (str(done.pk), False)]
    assert visits[0]["start"] == f"{tomorrow}T09:00:00"
    assert visits[0]["end"] == f"{tomorrow}T09:30:00"
    assert "visit-grey" in visits[0]["classNames"]
    assert any("Cough" in note for note in visits[0]["extendedProps"]["notes"])
    steps = [[step["url"] for step in one["extendedProps"]["steps"]] for one in visits]
    assert steps == [[reverse("appointment_edit", args=[visit.pk])], []]


@pytest.mark.spec("ROLE-2")
def test_doctors_look_and_do_not_drag(login, doctor, visit, tomorrow):
    client = login(doctor)
    (seen,) = drawn(client, date=tomorrow)[0]
    assert not seen["editable"] and seen["extendedProps"]["steps"] == []
    assert move(client, visit).status_code == 403


def test_a_visit_over_midnight_shows_on_both_days(login, receptionist, doctor, tomorrow):
    late = AppointmentFactory(doctor=doctor, appointment_date=tomorrow, appointment_time=time(23, 45))
    client = login(receptionist)
    for day in (tomorrow, tomorrow + timedelta(days=1)):
        assert [one["id"] for one in drawn(client, date=day)[0]] == [str(late.pk)]


def test_closed_hours_and_absences_are_shaded(login, receptionist, doctor, tomorrow):
    DoctorScheduleFactory(doctor=doctor, weekday=tomorrow.weekday(), start_time=time(8), end_time=time(12))
    away = UserFactory(role="doctor")
    DoctorAbsenceFactory(doctor=away, start_date=tomorrow, end_date=tomorrow, reason="Secret illness")
    client = login(receptionist)
    _visits, shades = drawn(client, date=tomorrow)
    found = {(one["classNames"][0], one["resourceIds"][0], one["start"][11:16], one["end"][11:16]) for one in shades}
    assert found == {
        ("closed", str(doctor.pk), "00:00", "08:00"),
        ("closed", str(doctor.pk), "12:00", "00:00"),
        ("away", str(away.pk), "00:00", "00:00"),
    }
    assert "Secret" not in client.get(EVENTS, {"date": tomorrow}).content.decode()


def test_day_week_and_filters(login, receptionist, visit):
    other = AppointmentFactory(
        doctor=UserFactory(role="doctor", department=DepartmentFactory()), appointment_date=today()
    )
    client = login(receptionist)
    week = {day for day in Period.of("week", today()).days}
    assert len(week) == 7 and today() in week
    ids = {one["id"] for one in drawn(client, view="week", date=today())[0]}
    assert str(other.pk) in ids
    assert drawn(client, view="week", doctor=visit.doctor_id, date=visit.appointment_date)[0][0]["id"] == str(visit.pk)
    (only,) = drawn(client, department=other.doctor.department_id)[0]
    assert only["id"] == str(other.pk)


@pytest.mark.parametrize(
    "query", ["date=x", "date=0001-01-01", "date=9999-12-31", "view=year", "doctor=x", "department=%00"]
)
def test_odd_addresses_are_answered(login, receptionist, visit, query):
    client = login(receptionist)
    assert client.get(f"{PAGE}?{query}").status_code == 200
    assert client.get(f"{EVENTS}?{query}").status_code == 200


def test_the_plain_list_does_it_without_javascript(login, receptionist, visit, tomorrow):
    text = login(receptionist).get(PAGE, {"date": tomorrow}).content.decode()
    assert reverse("appointment_edit", args=[visit.pk]) in text
    assert reverse("appointment_slots") in text
    assert str(visit.patient) in text.replace("&#x27;", "'")


def test_dragging_goes_through_the_form_and_is_audited(login, receptionist, visit, tomorrow):
    other = UserFactory(role="doctor", department=DepartmentFactory())
    answer = move(login(receptionist), visit, doctor=str(other.pk), start=f"{tomorrow}T14:15", minutes="45").json()
    assert answer["saved"] and answer["event"]["start"] == f"{tomorrow}T14:15:00"
    visit.refresh_from_db()
    assert (visit.doctor, visit.department, visit.duration_minutes) == (other, other.department, 45)
    assert (visit.appointment_time, visit.reason) == (time(14, 15), "Cough")
    assert AuditLog.objects.filter(entity_id=visit.pk, action="update", user=receptionist).count() == 1
    assert answer["message"].startswith(f"Moved to {tomorrow} 14:15")
    longer = move(login(receptionist), visit, doctor=str(other.pk), start=f"{tomorrow}T14:15", minutes="60").json()
    assert longer["message"] == f"Lasts from {tomorrow} 14:15 to 15:15 now."


@pytest.mark.spec("RULE-APPT-2", "BYD-1")
def test_a_refused_drag_says_why_and_changes_nothing(login, receptionist, visit, tomorrow):
    AppointmentFactory(doctor=visit.doctor, appointment_date=tomorrow, appointment_time=time(14))
    client = login(receptionist)
    answer = move(client, visit, start=f"{tomorrow}T14:00").json()
    assert not answer["saved"]
    assert "already has an appointment" in answer["messages"][0] and "Nearest free times" in answer["messages"][0]
    form = client.get(answer["form_url"]).context["form"]
    assert str(form["appointment_time"].value()) == "14:00"
    visit.refresh_from_db()
    assert visit.appointment_time == time(9)


@pytest.mark.spec("RULE-APPT-1", "RULE-APPT-4", "RULE-APPT-7")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"start": "2020-01-01T10:00"}, "in the past"),
        ({"minutes": "5"}, "15"),
        ({"minutes": "x"}, "whole number"),
        ({"doctor": "01890000-0000-7000-8000-000000000000"}, "active doctor"),
        ({"seen": "2020-01-01T00:00:00+00:00"}, "changed this meanwhile"),
    ],
)
def test_every_rule_holds_for_a_drag(login, receptionist, visit, changes, said):
    answer = move(login(receptionist), visit, **changes).json()
    assert not answer["saved"]
    assert said in " ".join(answer["messages"])


@pytest.mark.spec("RULE-APPT-7")
def test_a_drag_onto_the_patients_other_visit_leads_to_the_form(login, receptionist, visit, tomorrow):
    AppointmentFactory(patient=visit.patient, appointment_date=tomorrow, appointment_time=time(15))
    answer = move(login(receptionist), visit, start=f"{tomorrow}T15:00").json()
    assert "already booked" in " ".join(answer["messages"])


def test_nonsense_instead_of_a_time_is_a_bad_request(login, receptionist, visit):
    assert move(login(receptionist), visit, start="x").status_code == 400


def test_the_same_number_of_queries_for_one_doctor_and_many(login, receptionist, visit, tomorrow):
    client = login(receptionist)

    def asked(url):
        with CaptureQueriesContext(connection) as queries:
            client.get(url, {"date": tomorrow, "view": "week"})
        return len(queries)

    client.get(PAGE)
    few = [asked(PAGE), asked(EVENTS)]
    for hour in range(8, 14):
        AppointmentFactory(appointment_date=tomorrow, appointment_time=time(hour))
        DoctorScheduleFactory()
    assert [asked(PAGE), asked(EVENTS)] == few


@pytest.mark.parametrize("zone", ["Europe/Zurich", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("day", [date(2027, 3, 14), date(2027, 3, 28), date(2027, 4, 4), date(2028, 2, 29)])
def test_days_with_a_changed_clock_are_drawn_whole(login, receptionist, doctor, settings, zone, day):
    """Appointments are on the wall clock, so no hour is missing or there twice."""
    settings.CLINIC_TIME_ZONE = settings.TIME_ZONE = zone
    for hour in (1, 2, 3):
        AppointmentFactory(doctor=doctor, appointment_date=day, appointment_time=time(hour, 30), duration_minutes=60)
    visits, _shades = drawn(login(receptionist), date=day)
    assert [one["start"][11:16] for one in visits] == ["01:30", "02:30", "03:30"]
    assert [one["end"][11:16] for one in visits] == ["02:30", "03:30", "04:30"]
