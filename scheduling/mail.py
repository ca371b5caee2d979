"""E-mails to patients about their visits, sent by the worker, each with an `.ics` file for the calendar at home."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress, vText

from departments.models import ClinicSettings
from healthcare.clock import zone
from scheduling.models import Appointment, AppointmentStatus

OPEN = (AppointmentStatus.SCHEDULED, AppointmentStatus.CONFIRMED)


class MailNotSentError(Exception):
    """The kind of what went wrong, without its words."""


def send_confirmation(appointment_id: str) -> None:
    """Tell the patient when to come. What went wrong is raised: the worker logs it and tries again."""
    send(appointment_id, OPEN, "confirmation", _("Your appointment on %(when)s"))


def send_move(appointment_id: str) -> None:
    """Tell the patient the new time."""
    send(appointment_id, OPEN, "move", _("Your appointment is now on %(when)s"))


def send_cancellation(appointment_id: str) -> None:
    """Tell the patient not to come."""
    send(appointment_id, (AppointmentStatus.CANCELLED,), "cancellation", _("Your appointment on %(when)s is cancelled"))


def send(appointment_id: str, statuses: tuple[Any, ...], letter: str, subject: str) -> None:
    """Send the letter, unless the visit has changed meanwhile or the address was taken away."""
    rows = Appointment.objects.select_related("patient", "doctor", "department")
    visit = rows.filter(pk=appointment_id, status__in=statuses).first()
    if visit is None or not visit.patient.email:
        return
    clinic = ClinicSettings.current()
    message = EmailMessage(
        subject=subject % {"when": f"{visit.start:%Y-%m-%d %H:%M}"},
        body=render_to_string(f"scheduling/mail/{letter}.txt", {"appointment": visit, "clinic": clinic}),
        from_email=None,
        to=[visit.patient.email],
    )
    method = "CANCEL" if letter == "cancellation" else "REQUEST"
    message.attach("appointment.ics", calendar_file(visit, clinic, method), f"text/calendar; method={method}")
    try:
        message.send()
    except Exception as error:
        # What a mail server answers names the patient's address, and the worker logs what is raised.
        raise MailNotSentError(type(error).__name__) from None


def calendar_file(visit: Appointment, clinic: Any, method: str) -> str:
    """The visit as iCalendar (RFC 5545); a later version replaces or removes the earlier one. No clinical text."""
    event = Event()
    event.add("uid", f"{visit.pk}@{urlsplit(f'//{settings.DEFAULT_FROM_EMAIL}').hostname or 'clinic'}")
    event.add("sequence", int(visit.updated_at.timestamp()) - int(visit.created_at.timestamp()))
    event.add("dtstamp", visit.updated_at.astimezone(UTC))
    event.add("dtstart", moment(visit.start))
    event.add("dtend", moment(visit.start) + (visit.end - visit.start))
    event.add("summary", _("%(clinic)s: %(doctor)s") % {"clinic": clinic.name, "doctor": visit.doctor})
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    if clinic.address:
        event.add("location", vText(clinic.address))
    organizer = vCalAddress(f"mailto:{settings.DEFAULT_FROM_EMAIL}")
    event.add("organizer", organizer)
    event.add("attendee", vCalAddress(f"mailto:{visit.patient.email}"))
    file = Calendar()
    file.add("prodid", "-//Healthcare Management System//EN")
    file.add("version", "2.0")
    file.add("method", method)
    file.add_component(event)
    return file.to_ical().decode()


def moment(wall: datetime) -> datetime:
    """A time of the clinic's wall clock as a moment in UTC, which every calendar understands without a zone table."""
    return timezone.make_aware(wall, zone()).astimezone(UTC)
