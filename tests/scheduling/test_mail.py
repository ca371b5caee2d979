"""Letters about visits: each kind, with its calendar file; none of them says why somebody comes."""

import traceback
from datetime import UTC, date, datetime, time
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.mail.backends import locmem
from django.urls import reverse
from icalendar import Calendar

from departments.models import ClinicSettings
from healthcare.workflow import submit
from scheduling import forms
from scheduling.mail import MailNotSentError, calendar_file, moment, send_cancellation, send_confirmation, send_move
from tests.factories import AppointmentFactory, PatientFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("WF-APPT")]


@pytest.fixture
def visit(tomorrow):
    patient = PatientFactory(email="maria@example.org")
    return AppointmentFactory(patient=patient, appointment_date=tomorrow, reason="Zebrafish", notes="Zebrafish")


def sent():
    """(letter, its calendar's event) of the only letter."""
    (letter,) = mail.outbox
    ((name, content, kind),) = letter.attachments
    calendar = Calendar.from_ical(content)
    assert (name, kind.split(";")[0]) == ("appointment.ics", "text/calendar")
    assert "Zebrafish" not in letter.body + letter.subject + content
    (event,) = calendar.walk("VEVENT")
    return letter, calendar, event


@pytest.mark.parametrize(
    ("send", "status", "method", "words"),
    [
        (send_confirmation, "scheduled", "REQUEST", "is booked"),
        (send_move, "confirmed", "REQUEST", "has moved"),
        (send_cancellation, "cancelled", "CANCEL", "is cancelled"),
    ],
)
def test_each_letter(visit, send, status, method, words):
    visit.status = status
    visit.save()
    send(str(visit.pk))
    letter, calendar, event = sent()
    assert letter.to == ["maria@example.org"]
    assert words in letter.body
    assert calendar["method"] == method
    assert event.decoded("dtstart") == moment(visit.start)
    assert str(visit.pk) in event["uid"]


@pytest.mark.parametrize(("send", "status"), [(send_confirmation, "cancelled"), (send_cancellation, "scheduled")])
def test_what_changed_meanwhile_is_not_told(visit, send, status):
    visit.status = status
    visit.save()
    send(str(visit.pk))
    assert not mail.outbox


@pytest.mark.spec("OPS-3")
def test_a_refusal_is_raised_for_the_worker_without_the_address_that_it_names(visit, monkeypatch):
    def refuse(self, *args):
        raise SMTPRecipientsRefused({"maria@example.org": (550, b"No such user")})

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", refuse)
    with pytest.raises(MailNotSentError, match=r"^SMTPRecipientsRefused$") as raised:
        send_confirmation(str(visit.pk))
    assert "maria" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("undone", ["move", "cancel"])
def test_a_broken_mail_server_stops_neither_a_move_nor_a_cancellation(
    login, receptionist, visit, settings, django_capture_on_commit_callbacks, undone
):
    settings.EMAIL_BACKEND = "tests.scheduling.broken_mail.EmailBackend"
    client = login(receptionist)
    with django_capture_on_commit_callbacks(execute=True):
        if undone == "move":
            start = f"{visit.appointment_date}T15:00"
            moved = {"doctor": visit.doctor_id, "start": start, "minutes": "30"}
            assert client.post(reverse("appointment_move", args=[visit.pk]), moved).json()["saved"]
        else:
            url = reverse("appointment_cancel", args=[visit.pk])
            assert client.post(url, {"cancellation_reason": "Ill"}).status_code == 302
    visit.refresh_from_db()
    assert (visit.appointment_time, visit.status) in [(time(15), "scheduled"), (time(9), "cancelled")]


def test_moving_and_cancelling_send_theirs(
    visit, receptionist, settings, monkeypatch, django_capture_on_commit_callbacks
):
    asked = []
    monkeypatch.setattr("scheduling.forms.booking.enqueue", lambda name, key: asked.append((name, key)))
    monkeypatch.setattr("scheduling.forms.steps.enqueue", lambda name, key: asked.append((name, key)))
    data = {
        "doctor": visit.doctor_id,
        "appointment_date": visit.appointment_date.isoformat(),
        "appointment_time": "15:00",
        "appointment_type": visit.appointment_type,
    }
    assert submit(forms.RescheduleAppointmentForm, actor=receptionist, instance=visit, data=data).is_valid()
    assert submit(forms.CancelForm, actor=receptionist, instance=visit, data={"cancellation_reason": "Ill"}).is_valid()
    assert [name for name, _key in asked] == ["scheduling.mail.send_move", "scheduling.mail.send_cancellation"]


@pytest.mark.parametrize(
    ("zone", "day", "before", "after"),
    [
        ("Europe/Zurich", date(2027, 3, 28), 8, 7),
        ("America/New_York", date(2027, 3, 14), 14, 13),
        ("Australia/Lord_Howe", date(2027, 4, 4), -2, -2),
    ],
)
def test_the_calendar_file_tells_the_right_moment_when_clocks_change(settings, zone, day, before, after):
    settings.TIME_ZONE = zone
    from django.utils import timezone

    timezone.get_default_timezone.cache_clear()
    try:
        noon = moment(datetime.combine(day, time(9)))
        earlier = moment(datetime.combine(date.fromordinal(day.toordinal() - 1), time(9)))
        # On the day itself the clock has changed already at nine.
        assert noon.tzinfo == UTC
        assert (noon - earlier).total_seconds() / 3600 in (23, 24.5)
        if before >= 0:
            assert (earlier.hour, noon.hour) == (before, after)
    finally:
        timezone.get_default_timezone.cache_clear()


@pytest.mark.spec("WF-APPT")
def test_a_visit_while_the_clock_is_put_back_is_as_long_as_any(settings):
    settings.TIME_ZONE = settings.CLINIC_TIME_ZONE = "America/New_York"
    visit = AppointmentFactory(appointment_date=date(2027, 11, 7), appointment_time=time(1, 30), duration_minutes=60)
    file = calendar_file(visit, ClinicSettings(), "REQUEST")
    assert "DTSTART:20271107T053000Z" in file and "DTEND:20271107T063000Z" in file
