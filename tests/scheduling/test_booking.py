"""Booking and rescheduling: every rule about a new time."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.core import mail
from django.urls import reverse

from audit.models import AuditLog
from healthcare.clock import at, today
from healthcare.workflow import submit
from scheduling.forms import BookAppointmentForm, RescheduleAppointmentForm, WalkInForm
from scheduling.models import Appointment
from tests.factories import (
    AppointmentFactory,
    DepartmentFactory,
    DoctorAbsenceFactory,
    DoctorScheduleFactory,
    PatientFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def code(form, field):
    """The codes of a field's errors."""
    return [error.code for error in form.errors.as_data().get(field, [])]


def reschedule(actor, appointment, **changes):
    data = {
        "doctor": str(appointment.doctor_id),
        "department": "",
        "appointment_date": appointment.appointment_date.isoformat(),
        "appointment_time": f"{appointment.appointment_time:%H:%M}",
        "duration_minutes": str(appointment.duration_minutes),
        "appointment_type": appointment.appointment_type,
        "reason": appointment.reason,
        "notes": appointment.notes,
    }
    return submit(RescheduleAppointmentForm, actor=actor, instance=appointment, data={**data, **changes})


@pytest.mark.spec("WF-APPT", "AUD-1", "AUD-5")
def test_booking_saves_scheduled_and_audits(login, receptionist, booking, patient, doctor, tomorrow):
    response = login(receptionist).post(reverse("appointment_create"), booking())
    appointment = Appointment.objects.get()
    assert response.url == appointment.get_absolute_url()
    assert (appointment.status, appointment.patient, appointment.doctor) == ("scheduled", patient, doctor)
    assert (appointment.appointment_date, appointment.appointment_time) == (tomorrow, time(9))
    entry = AuditLog.objects.get(entity_type="appointment", action="create")
    assert (entry.entity_id, entry.patient_id, entry.user) == (appointment.pk, patient.pk, receptionist)


@pytest.mark.spec("WF-APPT")
@pytest.mark.parametrize(("email", "letters"), [("maria@example.org", 1), ("", 0)])
def test_booking_sends_the_confirmation(
    receptionist, booking, patient, email, letters, django_capture_on_commit_callbacks
):
    patient.email = email
    patient.save()
    with django_capture_on_commit_callbacks(execute=True):
        form = submit(BookAppointmentForm, actor=receptionist, data=booking(reason="secret cough"))
    assert form.is_valid()
    assert len(mail.outbox) == letters
    for letter in mail.outbox:
        assert letter.to == [email]
        assert "09:00" in letter.subject and "09:00" in letter.body
        assert "secret cough" not in letter.body


@pytest.mark.spec("WF-APPT")
def test_a_broken_mail_server_does_not_break_booking(
    login, receptionist, booking, patient, settings, django_capture_on_commit_callbacks
):
    settings.EMAIL_BACKEND = "tests.scheduling.broken_mail.EmailBackend"
    patient.email = "maria@example.org"
    patient.save()
    with django_capture_on_commit_callbacks(execute=True):
        response = login(receptionist).post(reverse("appointment_create"), booking())
    assert response.status_code == 302
    assert Appointment.objects.count() == 1


# -- RULE-APPT-1 -----------------------------------------------------------------------------------


@pytest.mark.spec("RULE-APPT-1")
@pytest.mark.parametrize(
    ("days", "expected"), [(-1, ["past"]), (-400, ["past"]), (0, []), (1, []), (365, []), (3000, ["far"])]
)
def test_dates_from_today_on(book, days, expected):
    form = book(appointment_date=(today() + timedelta(days=days)).isoformat())
    assert code(form, "appointment_date") == expected
    assert Appointment.objects.count() == (not expected)


@pytest.mark.spec("RULE-APPT-1", "VAL-6")
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2027-02-29", "2026-13-01", "tomorrow", "", "\x00"])
def test_odd_dates_are_refused_at_the_field(book, day):
    form = book(appointment_date=day)
    assert form.errors["appointment_date"]
    assert not Appointment.objects.exists()


@pytest.mark.spec("RULE-APPT-1")
def test_leap_day_can_be_booked(book):
    with time_machine.travel("2028-02-20 08:00", tick=False):
        assert book(appointment_date="2028-02-29").is_valid()


@pytest.mark.spec("FND-4")
@pytest.mark.parametrize(("at", "good"), [("01:45", True), ("02:00", False), ("02:45", False), ("03:00", True)])
def test_a_time_that_the_clock_skips_is_refused(book, settings, at, good):
    settings.TIME_ZONE = settings.CLINIC_TIME_ZONE = "America/New_York"
    form = book(appointment_date="2027-03-14", appointment_time=at, appointment_type="emergency")
    assert form.is_valid() is good
    assert good or [error.code for error in form.errors.as_data()["appointment_time"]] == ["skipped"]


@pytest.mark.spec("RULE-APPT-1", "FND-4")
def test_today_is_the_clinics_today(book, settings):
    # 2026-11-23 23:30 UTC is already the 24th in Kyiv.
    from django.utils import timezone

    settings.TIME_ZONE = "Europe/Kyiv"
    timezone.get_default_timezone.cache_clear()
    try:
        with time_machine.travel("2026-11-23 23:30+00:00", tick=False):
            assert code(book(appointment_date="2026-11-23"), "appointment_date") == ["past"]
            assert book(appointment_date="2026-11-24").is_valid()
    finally:
        timezone.get_default_timezone.cache_clear()


@pytest.mark.spec("RULE-APPT-1")
def test_rescheduling_into_the_past_is_refused(receptionist, book, tomorrow):
    appointment = book().instance
    form = reschedule(receptionist, appointment, appointment_date=(today() - timedelta(days=1)).isoformat())
    assert code(form, "appointment_date") == ["past"]
    appointment.refresh_from_db()
    assert appointment.appointment_date == tomorrow


@pytest.mark.spec("RULE-APPT-1")
def test_the_note_of_a_past_visit_can_still_be_changed(receptionist):
    appointment = AppointmentFactory(appointment_date=today() - timedelta(days=2))
    assert reschedule(receptionist, appointment, notes="Rang, will call back").is_valid()


# -- RULE-APPT-2 -----------------------------------------------------------------------------------


@pytest.mark.spec("RULE-APPT-2", "BYD-1")
@pytest.mark.parametrize(
    ("at", "minutes", "free"),
    [
        ("09:00", 30, False),
        ("08:45", 30, False),
        ("09:15", 15, False),
        ("08:00", 180, False),
        ("09:29", 15, False),
        ("08:30", 30, True),
        ("09:30", 30, True),
        ("09:30", 480, True),
    ],
)
def test_no_overlap_half_open(book, at, minutes, free):
    assert book().is_valid()
    form = book(patient=str(PatientFactory().pk), appointment_time=at, duration_minutes=str(minutes))
    assert form.is_valid() == free
    if not free:
        assert code(form, "appointment_time") == ["overlap"]
        assert len(form.free_starts) == 3
        for start in form.free_starts:
            assert f"{start:%H:%M}" in form.errors["appointment_time"][0]
    assert Appointment.objects.count() == 1 + free


@pytest.mark.spec("BYD-1")
def test_the_named_free_times_can_be_booked(book):
    assert book().is_valid()
    starts = book(patient=str(PatientFactory().pk)).free_starts
    for start in starts:
        form = book(
            patient=str(PatientFactory().pk),
            appointment_date=start.date().isoformat(),
            appointment_time=f"{start:%H:%M}",
        )
        assert form.is_valid(), form.errors


@pytest.mark.spec("RULE-APPT-2")
def test_overlap_across_midnight(book, tomorrow):
    assert book(appointment_time="23:30", duration_minutes="90").is_valid()
    following = (tomorrow + timedelta(days=1)).isoformat()
    other = str(PatientFactory().pk)
    assert code(book(patient=other, appointment_date=following, appointment_time="00:45"), "appointment_time") == [
        "overlap"
    ]
    assert book(patient=other, appointment_date=following, appointment_time="01:00").is_valid()
    early = book(patient=other, appointment_time="20:00", duration_minutes="240")
    assert code(early, "appointment_time") == ["overlap"]


@pytest.mark.spec("RULE-APPT-2")
@pytest.mark.parametrize("status", ["cancelled", "no_show"])
def test_cancelled_and_no_show_free_the_time(book, doctor, tomorrow, status):
    AppointmentFactory(doctor=doctor, appointment_date=tomorrow, status=status)
    assert book().is_valid()


@pytest.mark.spec("RULE-APPT-2")
@pytest.mark.parametrize("status", ["scheduled", "confirmed", "checked_in", "in_progress", "completed"])
def test_every_other_status_takes_the_time(book, doctor, tomorrow, status):
    AppointmentFactory(doctor=doctor, appointment_date=tomorrow, status=status)
    assert code(book(), "appointment_time") == ["overlap"]


@pytest.mark.spec("RULE-APPT-2")
def test_rescheduling_checks_others_but_not_itself(receptionist, book, doctor, tomorrow):
    appointment = book().instance
    AppointmentFactory(doctor=doctor, appointment_date=tomorrow, appointment_time=time(10))
    assert reschedule(receptionist, appointment, appointment_time="09:15").is_valid()
    form = reschedule(receptionist, appointment, appointment_time="09:45")
    assert code(form, "appointment_time") == ["overlap"]


@pytest.mark.spec("RULE-APPT-2")
def test_another_doctor_is_free(book):
    assert book().is_valid()
    form = book(patient=str(PatientFactory().pk), doctor=str(UserFactory(role="doctor").pk))
    assert form.is_valid()


@pytest.mark.spec("RULE-APPT-2", "FND-8")
def test_losing_the_race_reads_the_same(book, doctor, tomorrow, monkeypatch):
    """The form sees a free time, the database does not: same message, same field, same help."""
    AppointmentFactory(doctor=doctor, appointment_date=tomorrow)
    seen = book()
    monkeypatch.setattr("scheduling.slots.Agenda.conflict", lambda self, span: None)
    lost = book()
    assert lost.errors == seen.errors
    assert lost.free_starts == seen.free_starts


# -- RULE-APPT-3 -----------------------------------------------------------------------------------


@pytest.mark.spec("RULE-APPT-3")
@pytest.mark.parametrize(
    ("field", "make"),
    [
        ("doctor", lambda: UserFactory(role="doctor", is_active=False)),
        ("doctor", lambda: UserFactory(role="nurse")),
        ("doctor", lambda: UserFactory(role="administrator")),
        ("patient", lambda: PatientFactory(is_active=False)),
        ("department", lambda: DepartmentFactory(is_active=False)),
    ],
)
def test_only_active_people_and_departments(book, field, make):
    form = book(**{field: str(make().pk)})
    assert code(form, field) == ["invalid_choice"]
    assert not Appointment.objects.exists()


@pytest.mark.spec("RULE-APPT-3")
def test_the_doctors_department_is_taken_when_none_is_chosen(book, doctor, department):
    doctor.department = department
    doctor.save()
    assert book(department="").instance.department == department


@pytest.mark.spec("RULE-APPT-3")
def test_a_doctor_who_left_keeps_the_visit_but_gets_no_new_time(receptionist, book, doctor):
    appointment = book().instance
    doctor.is_active = False
    doctor.save()
    assert reschedule(receptionist, appointment, notes="Letter sent").is_valid()
    assert code(reschedule(receptionist, appointment, appointment_time="11:00"), "doctor") == ["inactive"]


# -- RULE-APPT-4 -----------------------------------------------------------------------------------


@pytest.mark.spec("RULE-APPT-4")
@pytest.mark.parametrize(
    ("minutes", "saved"),
    [("15", 15), ("480", 480), ("", 30), (None, 30), ("14", 0), ("481", 0), ("-30", 0), ("0", 0)]
    + [(bad, 0) for bad in ("NaN", "1e400", "Infinity", "30.5", "9" * 40, "\x00", "half an hour")],
)
def test_duration(book, minutes, saved):
    form = book(duration_minutes=minutes)
    assert form.is_valid() == bool(saved)
    if saved:
        assert form.instance.duration_minutes == saved
    else:
        assert form.errors["duration_minutes"]
        assert not Appointment.objects.exists()


@pytest.mark.spec("RULE-APPT-4", "VAL-6")
@pytest.mark.parametrize("at", ["", "24:00", "9 o'clock", "09:00:30", "\x00", "09:60"])
def test_odd_times(book, at):
    assert book(appointment_time=at).errors["appointment_time"]
    assert not Appointment.objects.exists()


# -- RULE-APPT-6 -----------------------------------------------------------------------------------


@pytest.fixture
def office_hours(doctor, tomorrow):
    """The doctor works in the morning of tomorrow's weekday."""
    return DoctorScheduleFactory(doctor=doctor, weekday=tomorrow.weekday(), start_time=time(8), end_time=time(12))


@pytest.mark.spec("RULE-APPT-6")
def test_a_doctor_without_hours_is_always_available(book):
    assert book(appointment_time="03:00").is_valid()


@pytest.mark.spec("RULE-APPT-6")
@pytest.mark.parametrize(
    ("at", "allowed"), [("07:45", False), ("08:00", True), ("11:30", True), ("11:45", False), ("14:00", False)]
)
def test_within_working_hours_only(book, office_hours, at, allowed):
    form = book(appointment_time=at)
    assert form.is_valid() == allowed
    if not allowed:
        assert code(form, "appointment_time") == ["hours"]
        assert "Nearest free times" in form.errors["appointment_time"][0]


@pytest.mark.spec("RULE-APPT-6")
def test_another_weekday_is_outside(book, office_hours, tomorrow):
    form = book(appointment_date=(tomorrow + timedelta(days=1)).isoformat())
    assert code(form, "appointment_time") == ["hours"]


@pytest.mark.spec("RULE-APPT-6")
def test_hours_hold_within_their_dates(book, office_hours, tomorrow):
    office_hours.valid_until = tomorrow - timedelta(days=1)
    office_hours.save()
    assert code(book(), "appointment_time") == ["hours"]


@pytest.mark.spec("RULE-APPT-6")
def test_night_shift_over_midnight(book, doctor, tomorrow):
    following = tomorrow + timedelta(days=1)
    night = {"doctor": doctor, "start_time": time(20), "end_time": time(23, 59)}
    DoctorScheduleFactory(weekday=tomorrow.weekday(), **night)
    DoctorScheduleFactory(doctor=doctor, weekday=following.weekday(), start_time=time(0), end_time=time(6))
    assert book(appointment_time="23:45", duration_minutes="60").is_valid()
    assert code(book(appointment_time="05:30", duration_minutes="60"), "appointment_time") == ["hours"]


@pytest.mark.spec("RULE-APPT-6")
def test_absence_refuses_whatever_the_hours(book, doctor, tomorrow):
    absence = DoctorAbsenceFactory(doctor=doctor, start_date=tomorrow, end_date=date.max)
    assert code(book(), "appointment_time") == ["hours"]
    absence.is_active = False
    absence.save()
    assert book().is_valid()


@pytest.mark.spec("RULE-APPT-6")
def test_emergencies_need_no_exception(book, office_hours):
    form = book(appointment_time="19:00", appointment_type="emergency")
    assert form.is_valid()
    assert not AuditLog.objects.filter(action="override").exists()


@pytest.mark.spec("RULE-APPT-6", "AUD-5")
def test_an_exception_needs_a_reason_and_is_audited(book, office_hours, receptionist):
    without = book(appointment_time="19:00", override_hours="on", override_reason="  ")
    assert code(without, "override_reason") == ["reason"]
    form = book(appointment_time="19:00", override_hours="on", override_reason="Doctor agreed by phone")
    assert form.is_valid()
    assert form.instance.override_reason == "Doctor agreed by phone"
    entry = AuditLog.objects.get(action="override")
    assert (entry.user, entry.entity_id) == (receptionist, form.instance.pk)
    assert entry.new_values["reason"] == "Doctor agreed by phone"
    assert entry.new_values["exceptions"][0]["kind"] == "hours"


@pytest.mark.spec("RULE-APPT-6")
def test_an_exception_that_is_not_needed_is_not_kept(book, office_hours):
    form = book(override_hours="on", override_reason="Just in case")
    assert form.instance.override_reason == ""
    assert not AuditLog.objects.filter(action="override").exists()


@pytest.mark.spec("RULE-APPT-6")
def test_no_exception_helps_against_another_appointment(book):
    assert book().is_valid()
    form = book(patient=str(PatientFactory().pk), override_hours="on", override_reason="Squeeze in")
    assert code(form, "appointment_time") == ["overlap"]


# -- RULE-APPT-7 -----------------------------------------------------------------------------------


@pytest.mark.spec("RULE-APPT-7")
def test_the_same_patient_twice_warns_and_can_be_confirmed(book, receptionist):
    other = str(UserFactory(role="doctor").pk)
    assert book().is_valid()
    form = book(doctor=other, appointment_time="09:15")
    assert code(form, "__all__") == ["safety_warning"]
    assert [warning.kind for warning in form.warnings] == ["overlap"]
    seen = form["warnings_seen"].value()
    acknowledged = {"acknowledge_warnings": "on", "warnings_seen": seen}
    assert book(doctor=other, appointment_time="09:15", **acknowledged).errors["override_reason"]
    form = book(doctor=other, appointment_time="09:15", override_reason="Both in one room", **acknowledged)
    assert form.is_valid()
    entry = AuditLog.objects.get(action="override")
    assert entry.new_values["exceptions"][0]["kind"] == "overlap"
    assert form.instance.override_reason == "Both in one room"


@pytest.mark.spec("RULE-APPT-7")
def test_the_same_patient_one_after_the_other_does_not_warn(book):
    assert book().is_valid()
    assert book(doctor=str(UserFactory(role="doctor").pk), appointment_time="09:30").is_valid()


# -- editing ---------------------------------------------------------------------------------------


@pytest.mark.spec("FND-7")
def test_stale_reschedule_is_shown_both_versions(login, receptionist, book):
    appointment = book().instance
    client, url = login(receptionist), reverse("appointment_edit", args=[appointment.pk])
    page = client.get(url).context["form"]
    data = {name: page[name].value() for name in page.fields if page[name].value() not in (None, False)}
    assert reschedule(receptionist, appointment, appointment_time="10:00").is_valid()
    response = client.post(url, {**data, "appointment_time": "11:00"})
    assert response.status_code == 409
    appointment.refresh_from_db()
    assert appointment.appointment_time == time(10)


@pytest.mark.spec("RULE-APPT-5")
@pytest.mark.parametrize("status", ["checked_in", "in_progress", "completed", "cancelled", "no_show"])
def test_only_open_visits_are_rescheduled(receptionist, status):
    appointment = AppointmentFactory(status=status)
    form = reschedule(receptionist, appointment, appointment_time="11:00")
    assert code(form, "__all__") == ["transition"]
    assert not RescheduleAppointmentForm.available(appointment, receptionist)


@pytest.mark.spec("VAL-5", "VAL-6")
@pytest.mark.parametrize("field", ["patient", "doctor", "department"])
@pytest.mark.parametrize("value", ["not-a-uuid", "\x00", "12345", "'; --", "00000000-0000-0000-0000-000000000000"])
def test_odd_keys_are_a_message(login, receptionist, booking, field, value):
    response = login(receptionist).post(reverse("appointment_create"), booking(**{field: value}))
    assert response.status_code == 200
    assert response.context["form"].errors[field]


@pytest.mark.spec("VAL-5")
@pytest.mark.parametrize("reason", ["👩‍⚕️ مرحبا", "<script>alert(1)</script>", "=1+1"])
def test_any_text_is_kept_and_escaped(login, receptionist, booking, reason):
    client = login(receptionist)
    response = client.post(reverse("appointment_create"), booking(reason=reason))
    assert Appointment.objects.get().reason == reason
    assert b"<script>alert(1)" not in client.get(response.url).content


@pytest.mark.spec("VAL-5")
@pytest.mark.parametrize("reason", ["a" * 501, "nul\x00", "bell\x07"])
def test_bad_text_is_refused_and_the_rest_kept(login, receptionist, booking, reason):
    response = login(receptionist).post(reverse("appointment_create"), booking(reason=reason, notes="keep this"))
    assert response.context["form"].errors["reason"]
    assert b"keep this" in response.content
    assert not Appointment.objects.exists()


def test_a_double_click_books_once(login, receptionist, booking):
    client = login(receptionist)
    new_id = client.get(reverse("appointment_create")).context["new_id"]
    answers = [client.post(reverse("appointment_create"), booking(new_id=str(new_id))) for _ in range(2)]
    assert answers[0].url == answers[1].url
    assert Appointment.objects.count() == 1


@pytest.mark.spec("RULE-APPT-2", "BYD-1", "WF-APPT")
@pytest.mark.parametrize(
    ("zone", "night", "before"),
    [
        ("Europe/Berlin", date(2027, 3, 28), datetime(2027, 3, 28, 0, 50, tzinfo=UTC)),
        ("America/New_York", date(2027, 3, 14), datetime(2027, 3, 14, 6, 50, tzinfo=UTC)),
    ],
)
def test_the_hour_that_the_clock_leaves_out_is_nobodys(settings, receptionist, booking, doctor, zone, night, before):
    """It was offered as free; an hour from 01:30 on lasted into the next visit's; a walk-in at 01:50 ended in a 500."""
    settings.TIME_ZONE = settings.CLINIC_TIME_ZONE = zone
    DoctorScheduleFactory(doctor=doctor, weekday=6, start_time=time(0), end_time=time(23, 59))
    night_at = {"appointment_date": night.isoformat(), "duration_minutes": "60"}

    def book(start, **more):
        data = booking(**night_at, appointment_time=start, patient=str(PatientFactory().pk), **more)
        return submit(BookAppointmentForm, actor=receptionist, data=data)

    with at(before):
        assert book("03:00").is_valid()
        for start, why in (("01:30", "overlap"), ("02:00", "skipped"), ("02:45", "skipped")):
            form = book(start, appointment_type="emergency")
            assert code(form, "appointment_time") == [why], start
            assert form.free_starts and not any(start.hour == 2 for start in form.free_starts)
        assert book("01:00").is_valid()
        walk_in = submit(
            WalkInForm, actor=receptionist, data={"patient": str(PatientFactory().pk), "appointment_type": "emergency"}
        )
    assert walk_in.is_valid(), walk_in.errors
    assert walk_in.instance.appointment_time == time(4)  # ten minutes from now are the next visit's
