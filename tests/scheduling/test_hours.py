"""Working hours and absences."""

from datetime import date, time, timedelta
from urllib.parse import urlencode

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditLog
from healthcare.clock import today
from healthcare.workflow import submit
from scheduling.forms import AbsenceForm, EnterHoursForm, ReactivateScheduleForm, ScheduleForm
from scheduling.models import Appointment, DoctorAbsence, DoctorSchedule
from tests.factories import AppointmentFactory, DoctorAbsenceFactory, DoctorScheduleFactory, UserFactory

pytestmark = pytest.mark.django_db


def hours(of, **changes):
    return {"doctor": str(of.pk), "weekday": "0", "start_time": "08:00", "end_time": "12:00", **changes}


@pytest.mark.spec("RULE-APPT-6", "PAGE-3")
def test_hours_are_entered_shown_and_taken_out_of_use(login, administrator, doctor):
    client = login(administrator)
    response = client.post(reverse("doctor_schedule_create"), hours(doctor, weekdays="0"))
    row = DoctorSchedule.objects.get()
    assert client.get(response.url).context["rows"][0]["object"] == row
    assert client.get(row.get_absolute_url()).status_code == 200
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


def week(of, **changes):
    data = {"doctor": str(of.pk), "weekdays": ["0", "2"], "start_time": "08:00", "end_time": "17:00", **changes}
    return QueryDict(urlencode(data, doseq=True))


@pytest.mark.spec("RULE-APPT-6")
def test_a_week_is_entered_at_once_with_its_break_or_not_at_all(login, administrator, doctor):
    client = login(administrator)
    new = reverse("doctor_schedule_create")
    assert client.get(new, {"doctor": doctor.pk, "weekday": "4"}).context["form"]["weekdays"].value() == ["4"]
    break_of_noon = {"break_start": "12:00", "break_end": "13:00", "valid_from": "2030-01-01"}
    form = submit(EnterHoursForm, actor=administrator, data=week(doctor, **break_of_noon))
    assert form.is_valid(), form.errors
    rows = DoctorSchedule.objects.order_by("weekday", "start_time")
    assert [(row.weekday, f"{row.start_time:%H}", f"{row.end_time:%H}", str(row.valid_from)) for row in rows] == [
        (weekday, start, end, "2030-01-01") for weekday in (0, 2) for start, end in (("08", "12"), ("13", "17"))
    ]
    assert AuditLog.objects.filter(entity_type="doctor_schedule", action="create").count() == 4
    # One of them overlaps: none is saved.
    form = submit(EnterHoursForm, actor=administrator, data=week(doctor, weekdays=["1", "2"]))
    assert form.errors.as_data()["__all__"][0].code == "overlap" and rows.count() == 4
    for changes, field in (
        ({"break_start": "12:00"}, "break_end"),
        ({"break_end": "12:00"}, "break_start"),
        ({"break_start": "07:00", "break_end": "09:00"}, "break_end"),
        ({"break_start": "13:00", "break_end": "12:00"}, "break_end"),
        ({"break_start": "noon", "break_end": "13:00"}, "break_start"),
        ({"weekdays": ["7"]}, "weekdays"),
        ({"weekdays": []}, "weekdays"),
        ({"end_time": "08:00"}, "end_time"),
        ({"start_time": "late"}, "start_time"),
    ):
        assert submit(EnterHoursForm, actor=administrator, data=week(doctor, **changes)).errors[field], changes
    assert rows.count() == 4


@pytest.mark.spec("RULE-APPT-6")
def test_the_week_shows_what_holds_in_it_with_the_same_number_of_queries_for_many(
    login, administrator, doctor, django_assert_max_num_queries
):
    client, page = login(administrator), reverse("doctor_schedule_list")
    DoctorScheduleFactory(doctor=doctor, weekday=0, start_time=time(8), end_time=time(12), valid_from=date(2030, 1, 8))
    DoctorScheduleFactory(doctor=doctor, weekday=4, start_time=time(9), end_time=time(23, 59))
    DoctorAbsenceFactory(doctor=doctor, start_date=date(2030, 1, 18), end_date=date(2030, 1, 20))
    for monday, hours_shown in (("2030-01-07", "15"), ("2030-01-14", "4"), ("2030-01-01", "15")):
        (shown,) = client.get(page, {"week": monday}).context["weeks"]
        assert shown.hours == hours_shown, monday
    with CaptureQueriesContext(connection) as one:
        client.get(page)
    for _number in range(4):
        DoctorScheduleFactory(doctor=UserFactory(role="doctor"))
    with django_assert_max_num_queries(len(one)):
        assert len(client.get(page).context["weeks"]) == 5
    for odd in ("0001-01-01", "9999-12-31", "soon", "2030-02-30"):
        assert client.get(page, {"week": odd, "doctor": odd}).status_code == 200, odd


@pytest.mark.spec("RULE-APPT-6", "PAGE-2")
def test_the_desk_finds_what_an_absence_leaves_to_be_moved(login, receptionist, administrator, doctor):
    day = today() + timedelta(days=2)
    absence = DoctorAbsenceFactory(doctor=doctor, start_date=today() - timedelta(days=1), end_date=day)
    left = AppointmentFactory(doctor=doctor, appointment_date=day)
    AppointmentFactory(doctor=doctor, appointment_date=day + timedelta(days=1))
    AppointmentFactory(appointment_date=day)
    for number, changes in enumerate(
        ({"status": "cancelled"}, {"override_reason": "She comes in for it"}, {"appointment_type": "emergency"}), 9
    ):
        AppointmentFactory(doctor=doctor, appointment_date=day, appointment_time=time(number + 5), **changes)
    client = login(receptionist)
    found = client.get(reverse("appointment_list"), {"away": "1"}).context["rows"]
    assert [row["object"] for row in found] == [left]
    assert reverse("appointment_edit", args=[left.pk]) in [action["url"] for action in found[0]["actions"]]
    queue = client.get("/").context["queues"][-1]
    assert [row["actions"][0]["url"] for row in queue["rows"]] == [reverse("appointment_edit", args=[left.pk])]
    (shown,) = login(administrator).get(reverse("doctor_absence_list")).context["rows"]
    assert shown["object"].booked == 3 and shown["object"].days == 4
    detail = login(administrator).get(absence.get_absolute_url())
    assert reverse("appointment_edit", args=[left.pk]) in detail.content.decode()


@pytest.mark.spec("RULE-APPT-6")
def test_hours_that_leave_booked_visits_outside_name_them(login, administrator, doctor):
    day = today() + timedelta(days=2)
    row = DoctorScheduleFactory(doctor=doctor, weekday=day.weekday(), start_time=time(8), end_time=time(17))
    late = AppointmentFactory(doctor=doctor, appointment_date=day, appointment_time=time(16, 45))
    early = AppointmentFactory(doctor=doctor, appointment_date=day, appointment_time=time(9))
    for number, changes in enumerate(
        ({"status": "cancelled"}, {"override_reason": "Comes after work"}, {"appointment_type": "emergency"}), 18
    ):
        AppointmentFactory(doctor=doctor, appointment_date=day, appointment_time=time(number), **changes)
    client, url = login(administrator), reverse("doctor_schedule_edit", args=[row.pk])

    def said(url, data):
        return [str(message) for message in client.post(url, data, follow=True).context["messages"]][1:]

    longer = hours(doctor, weekday=str(day.weekday()), end_time="18:00")
    assert said(url, longer) == []
    # Half a visit outside is outside.
    assert said(url, longer | {"end_time": "17:00"}) == [f"1 visit lies outside the working hours now: {late}"]
    DoctorScheduleFactory(doctor=doctor, weekday=(day.weekday() + 1) % 7)
    both = f"2 visits lie outside the working hours now: {early}; {late}"
    assert said(reverse("doctor_schedule_delete", args=[row.pk]), {}) == [both]
    entered = hours(doctor, weekdays=str(day.weekday()), start_time="10:00", end_time="17:30")
    del entered["weekday"]
    assert said(reverse("doctor_schedule_create"), entered) == [f"1 visit lies outside the working hours now: {early}"]


@pytest.mark.spec("RULE-APPT-6")
def test_an_exception_for_another_reason_is_to_be_moved_too(doctor):
    day = today() + timedelta(days=2)
    before = AppointmentFactory(doctor=doctor, appointment_date=day, override_reason="Comes after work")
    DoctorAbsenceFactory(doctor=doctor, start_date=day, end_date=day)
    AppointmentFactory(doctor=doctor, appointment_date=day, appointment_time=time(15), override_reason="Comes for it")
    assert list(Appointment.objects.to_move()) == [before]


@pytest.mark.spec("RULE-APPT-6", "PAGE-2")
def test_a_visit_of_today_whose_doctor_is_away_is_moved_and_not_checked_in(login, receptionist, doctor):
    visit = AppointmentFactory(doctor=doctor, appointment_date=today(), appointment_time=time(23, 30))
    DoctorAbsenceFactory(doctor=doctor, start_date=today(), end_date=today())
    client = login(receptionist)
    for query, offered in (({"away": "1"}, "edit"), ({"doctor": doctor.pk}, "check-in")):
        (row,) = client.get(reverse("appointment_list"), query).context["rows"]
        assert row["object"] == visit and [action["url"].split("/")[-2] for action in row["actions"]] == [offered]


@pytest.mark.spec("RULE-APPT-3")
@pytest.mark.parametrize("how", ["edit", "delete"])
def test_the_desk_finds_what_a_doctor_who_left_leaves_to_be_moved(login, receptionist, administrator, doctor, how):
    ahead = today() + timedelta(days=2)
    visit = AppointmentFactory(doctor=doctor, appointment_date=ahead, override_reason="Knows her")
    AppointmentFactory(doctor=doctor, appointment_date=ahead, appointment_time=time(11), status="cancelled")
    AppointmentFactory(appointment_date=ahead)
    person = {name: getattr(doctor, name) for name in ("first_name", "last_name", "email")}
    page = login(administrator).post(reverse(f"user_{how}", args=[doctor.pk]), {**person, "role": "nurse"}, follow=True)
    if how == "edit":
        assert "To be handed over: appointments from today on (1)" in page.content.decode()
    client = login(receptionist)
    found = client.get(reverse("appointment_list"), {"away": "1"}).context["rows"]
    assert [row["object"] for row in found] == [visit]
    assert str(visit.patient) in client.get("/").content.decode()
    calendar = reverse("appointment_calendar")
    assert str(visit.patient) in client.get(calendar, {"date": ahead.isoformat()}).content.decode()
    columns = client.get(calendar, {"date": today().isoformat()}).context["doctors"]
    assert doctor not in columns


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
