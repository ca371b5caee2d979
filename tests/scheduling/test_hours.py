"""Working hours and absences."""

from datetime import date, time, timedelta

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from healthcare.clock import today
from healthcare.workflow import submit
from scheduling.forms import AbsenceForm, ReactivateScheduleForm, ScheduleForm
from scheduling.models import DoctorAbsence, DoctorSchedule
from tests.factories import AppointmentFactory, DoctorAbsenceFactory, DoctorScheduleFactory, UserFactory

pytestmark = pytest.mark.django_db


def hours(of, **changes):
    return {"doctor": str(of.pk), "weekday": "0", "start_time": "08:00", "end_time": "12:00", **changes}


@pytest.mark.spec("RULE-APPT-6", "PAGE-3")
def test_hours_are_entered_shown_and_taken_out_of_use(login, administrator, doctor):
    client = login(administrator)
    response = client.post(reverse("doctor_schedule_create"), hours(doctor))
    row = DoctorSchedule.objects.get()
    assert response.url == row.get_absolute_url()
    assert client.get(response.url).status_code == 200
    assert client.get(reverse("doctor_schedule_list"), {"doctor": doctor.pk}).context["rows"][0]["object"] == row
    assert client.post(reverse("doctor_schedule_delete", args=[row.pk])).status_code == 302
    assert client.get(reverse("doctor_schedule_list")).context["rows"] == []
    assert client.post(reverse("doctor_schedule_reactivate", args=[row.pk])).status_code == 302
    row.refresh_from_db()
    assert row.is_active


@pytest.mark.spec("RULE-APPT-6")
@pytest.mark.parametrize(
    ("changes", "accepted"),
    [
        ({}, False),
        ({"start_time": "11:59", "end_time": "13:00"}, False),
        ({"start_time": "12:00", "end_time": "13:00"}, True),
        ({"start_time": "07:00", "end_time": "08:00"}, True),
        ({"weekday": "1"}, True),
        ({"valid_from": "2030-01-01"}, True),
        ({"valid_from": "2029-12-31"}, False),
        ({"valid_until": "2028-12-31"}, True),
        ({"valid_until": "2029-01-01"}, False),
    ],
)
def test_overlapping_hours_are_refused(administrator, doctor, changes, accepted):
    DoctorScheduleFactory(
        doctor=doctor,
        start_time=time(8),
        end_time=time(12),
        valid_from=date(2029, 1, 1),
        valid_until=date(2029, 12, 31),
    )
    form = submit(ScheduleForm, actor=administrator, data=hours(doctor, **changes))
    assert form.is_valid() == accepted
    if not accepted:
        assert form.errors.as_data()["__all__"][0].code == "overlap"


@pytest.mark.spec("RULE-APPT-6")
def test_hours_do_not_overlap_themselves_nor_another_doctors(administrator, doctor):
    row = DoctorScheduleFactory(doctor=doctor)
    DoctorScheduleFactory(doctor=UserFactory(role="doctor"))
    form = submit(ScheduleForm, actor=administrator, instance=row, data=hours(doctor, end_time="13:00"))
    assert form.is_valid(), form.errors


@pytest.mark.spec("RULE-APPT-6")
def test_reactivating_checks_again(administrator, doctor):
    row = DoctorScheduleFactory(doctor=doctor, is_active=False)
    DoctorScheduleFactory(doctor=doctor)
    form = submit(ReactivateScheduleForm, actor=administrator, instance=row)
    assert form.errors.as_data()["__all__"][0].code == "overlap"


@pytest.mark.spec("VAL-6")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"end_time": "08:00"}, "end_time"),
        ({"end_time": "07:00"}, "end_time"),
        ({"weekday": "7"}, "weekday"),
        ({"start_time": "noon"}, "start_time"),
        ({"doctor": ""}, "doctor"),
        ({"valid_from": "2029-01-02", "valid_until": "2029-01-01"}, "valid_until"),
    ],
)
def test_odd_hours_are_refused_at_the_field(administrator, doctor, changes, field):
    form = submit(ScheduleForm, actor=administrator, data=hours(doctor, **changes))
    assert form.errors[field]
    assert not DoctorSchedule.objects.exists()


@pytest.mark.spec("RULE-APPT-6", "PAGE-3")
def test_an_absence_over_booked_visits_is_saved_and_names_them(login, administrator, doctor):
    inside = AppointmentFactory(doctor=doctor, appointment_date=today() + timedelta(days=2))
    AppointmentFactory(doctor=doctor, appointment_date=today() + timedelta(days=2), status="cancelled")
    AppointmentFactory(doctor=doctor, appointment_date=today() + timedelta(days=9))
    data = {
        "doctor": str(doctor.pk),
        "start_date": (today() + timedelta(days=1)).isoformat(),
        "end_date": (today() + timedelta(days=3)).isoformat(),
        "reason": "Congress",
    }
    client = login(administrator)
    response = client.post(reverse("doctor_absence_create"), data)
    absence = DoctorAbsence.objects.get()
    assert response.url == absence.get_absolute_url()
    notices = [str(message) for message in get_messages(response.wsgi_request)]
    assert any("1 visit is booked" in notice and str(inside) in notice for notice in notices)
    inside.refresh_from_db()
    assert inside.status == "scheduled"
    assert client.get(reverse("doctor_absence_list")).context["rows"][0]["object"] == absence
    assert client.post(reverse("doctor_absence_delete", args=[absence.pk])).status_code == 302
    absence.refresh_from_db()
    assert not absence.is_active
    assert client.post(reverse("doctor_absence_reactivate", args=[absence.pk])).status_code == 302


@pytest.mark.spec("VAL-6")
def test_an_absence_ends_after_it_begins(administrator, doctor):
    absence = DoctorAbsenceFactory(doctor=doctor)
    data = {"doctor": str(doctor.pk), "start_date": "2030-01-02", "end_date": "2030-01-01"}
    assert submit(AbsenceForm, actor=administrator, instance=absence, data=data).errors["end_date"]


@pytest.mark.spec("ROLE-2")
@pytest.mark.parametrize("role", ["doctor", "nurse", "receptionist", "billing_officer"])
@pytest.mark.parametrize("entity", ["doctor_schedule", "doctor_absence"])
def test_administrators_only(login, staff, role, entity):
    for verb in ("list", "create"):
        assert login(staff[role]).get(reverse(f"{entity}_{verb}")).status_code == 403
