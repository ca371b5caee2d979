"""From the booking form to the free times and back, and the one-click alternatives of a refused booking."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from healthcare.clock import today
from scheduling.models import Appointment
from tests.factories import AppointmentFactory, DepartmentFactory, UserFactory

pytestmark = pytest.mark.django_db
SLOTS, NEW = "/appointments/slots/", "/appointments/new/"


@pytest.mark.spec("WF-APPT")
def test_what_was_typed_survives_the_way_over_the_free_times(login, receptionist, booking, doctor):
    client = login(receptionist)
    typed = booking(reason="Cough at night", appointment_time="", new_id="01890000-0000-7000-8000-000000000001")
    page = client.post(SLOTS, typed)
    assert ("reason", "Cough at night") in page.context["carried"]
    assert "Cough at night" not in page.request["QUERY_STRING"]
    free = page.context["days"][0]["times"][0]
    chosen = f"{doctor.pk} {free['start']:%Y-%m-%d %H:%M}"
    form = client.post(NEW, {**typed, "chosen": chosen}).context["form"]
    assert form["reason"].value() == "Cough at night"
    assert form["appointment_time"].value() == f"{free['start']:%H:%M}"
    assert not Appointment.objects.exists()
    assert client.post(NEW, {**typed, "chosen": "a b"}).status_code == 200


@pytest.mark.spec("BYD-1", "WF-APPT")
def test_one_click_books_a_nearest_time(login, receptionist, booking, book):
    assert book(appointment_time="09:00").is_valid()
    client = login(receptionist)
    refused = client.post(NEW, booking(reason="Cough"))
    starts = refused.context["form"].free_starts
    assert len(starts) == 3
    text = refused.content.decode()
    assert all(f'value="{start:%Y-%m-%d %H:%M}"' in text for start in starts)
    client.post(NEW, booking(reason="Cough", book_at=f"{starts[0]:%Y-%m-%d %H:%M}"))
    assert Appointment.objects.filter(appointment_time=starts[0].time(), reason="Cough").count() == 1
    for nonsense in ("x", "x y", "2026-02-30 10:00", "a b c"):
        assert client.post(NEW, booking(book_at=nonsense)).status_code == 200


@pytest.mark.spec("WF-APPT")
def test_a_departments_free_times_take_the_same_number_of_queries(login, receptionist, department, tomorrow):
    client = login(receptionist)
    query = {"department": department.pk, "appointment_date": tomorrow.isoformat()}

    def asked():
        with CaptureQueriesContext(connection) as queries:
            page = client.get(SLOTS, query)
        return len(queries), {time["doctor"] for day in page.context["days"] for time in day["times"]}

    one = UserFactory(role="doctor", department=department)
    client.get(SLOTS, query)
    few, doctors = asked()
    assert doctors == {one}
    for _ in range(5):
        AppointmentFactory(doctor=UserFactory(role="doctor", department=department), appointment_date=tomorrow)
    UserFactory(role="doctor", department=DepartmentFactory())
    many, doctors = asked()
    assert len(doctors) == 6
    assert few == many


@pytest.mark.spec("WF-APPT")
def test_the_panel_beside_the_form(login, receptionist, doctor, tomorrow):
    client, htmx = login(receptionist), {"HX-Request": "true"}
    assert "Choose a doctor" in client.get(SLOTS, headers=htmx).content.decode()
    visit = AppointmentFactory(doctor=doctor, appointment_date=tomorrow)
    query = {"doctor": doctor.pk, "appointment_date": tomorrow.isoformat(), "duration_minutes": 30}

    def offered(**more):
        response = client.get(SLOTS, {**query, **more}, headers=htmx)
        assert "<html" not in response.content.decode()
        return {f"{time['start']:%H:%M}" for time in response.context["days"][0]["times"]}

    assert "08:30" in offered()
    assert "09:00" not in offered()
    # A visit that is being moved does not stand in its own way.
    assert "09:00" in offered(appointment=visit.pk)
    past = {**query, "appointment_date": (today() - timedelta(days=1)).isoformat()}
    assert "data-free-time" not in client.get(SLOTS, past, headers=htmx).content.decode()


@pytest.mark.spec("WF-APPT")
def test_moving_goes_over_the_free_times_too(login, receptionist, book):
    visit = book().instance
    client = login(receptionist)
    url = reverse("appointment_edit", args=[visit.pk])
    page = client.get(url)
    posted = {name: page.context["form"][name].value() or "" for name in page.context["form"].fields}
    posted |= {"doctor": str(visit.doctor_id), "department": str(visit.department_id), "appointment": str(visit.pk)}
    assert client.post(SLOTS, posted).context["back"] == url
    form = client.post(url, {**posted, "chosen": f"{visit.doctor_id} 2030-01-02 10:00"}).context["form"]
    assert (form["appointment_time"].value(), form.instance.pk) == ("10:00", visit.pk)
