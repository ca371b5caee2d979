"""A day or a week of several doctors, as the calendar draws it: visits, closed hours and absences as events."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from departments.models import User
from healthcare.clock import today, wall_clock
from healthcare.roles import may
from healthcare.templatetags.display import status_label, status_tone
from scheduling.models import Appointment, AppointmentStatus
from scheduling.slots import DAY, Agenda, Span, agendas, gaps

#: What the calendar shows of a day where nobody works longer.
OPENS, CLOSES = 8, 18
#: Statuses in which a visit can be dragged, as rescheduling says.
MOVABLE = (AppointmentStatus.SCHEDULED, AppointmentStatus.CONFIRMED)
#: Far dates are typing mistakes, and Python's calendar ends somewhere.
YEARS = range(1900, 2200)


def day_of(text: str) -> date:
    """The day that an address names, or today."""
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if day.year in YEARS:
            return day
    return today()


class Period(NamedTuple):
    """The days that are shown, the last one included."""

    first: date
    last: date

    @classmethod
    def of(cls, view: str, day: date) -> Period:
        """The day itself, or its week from Monday on."""
        if view == "day":
            return cls(day, day)
        monday = day - timedelta(days=day.weekday())
        return cls(monday, monday + timedelta(days=6))

    @property
    def span(self) -> Span:
        """From midnight to midnight."""
        return Span(datetime.combine(self.first, time()), datetime.combine(self.last + DAY, time()))

    @property
    def days(self) -> list[date]:
        """Each of them."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


def visits_of(doctors: Iterable[User], period: Period, user: Any) -> list[Appointment]:
    """The visits to show; those called off or missed have given their time back."""
    rows = Appointment.objects.blocking().visible_to(user).select_related("patient", "doctor")
    rows = rows.filter(doctor__in=list(doctors), appointment_date__range=(period.first - DAY, period.last))
    return [row for row in rows.order_by("appointment_date", "appointment_time", "pk") if row.end > period.span.start]


def visit_event(visit: Appointment, user: Any, actions: Iterable[Any]) -> dict[str, Any]:
    """A visit as an event, with what the role may read of it, and which of the actions can be taken."""
    steps = [action.context(visit) for action in actions if action.shown(visit, user)]
    notes = [
        f"{visit.patient}, {visit.patient.patient_number}",
        visit.patient.phone_shown if may(user, "patients.phone") else "",
        visit.reason if may(user, "appointments.reason") else "",
    ]
    return {
        "id": str(visit.pk),
        "resourceIds": [str(visit.doctor_id)],
        "start": visit.start.isoformat(),
        "end": visit.end.isoformat(),
        "title": str(visit.patient),
        "classNames": ["visit", f"visit-{status_tone(visit.status)}"],
        "editable": visit.status in MOVABLE and may(user, "appointments.edit"),
        "extendedProps": {
            "url": visit.get_absolute_url(),
            "status": str(status_label(visit.status)),
            "type": visit.get_appointment_type_display(),
            "emergency": visit.appointment_type == "emergency",
            "notes": [note for note in notes if note],
            "steps": [{"label": str(step["label"]), "url": step["url"]} for step in steps],
            "seen": visit.updated_at.isoformat(),
        },
    }


def shading(doctor: User, agenda: Agenda, period: Period) -> list[dict[str, Any]]:
    """The hours in which a doctor does not work, and absences, as the calendar's background."""
    closed = [] if agenda.always else cut(gaps([period.span], agenda.working), period)
    return [
        {
            "resourceIds": [str(doctor.pk)],
            "start": span.start.isoformat(),
            "end": span.end.isoformat(),
            "display": "background",
            "classNames": [kind],
        }
        for kind, spans in (("closed", closed), ("away", cut(agenda.away, period)))
        for span in spans
    ]


def cut(spans: Iterable[Span], period: Period) -> list[Span]:
    """The spans within the period, each within a day: the calendar draws day by day."""
    found = []
    for day in period.days:
        start = datetime.combine(day, time())
        for span in spans:
            part = Span(max(span.start, start), min(span.end, start + DAY))
            if part.start < part.end:
                found.append(part)
    return found


def events(doctors: list[User], period: Period, user: Any, actions: Iterable[Any]) -> list[dict[str, Any]]:
    """Everything that the calendar draws. Four queries, however many doctors and visits."""
    known = agendas([doctor.pk for doctor in doctors], period.first, period.last)
    background = [event for doctor in doctors for event in shading(doctor, known[doctor.pk], period)]
    return background + [visit_event(visit, user, actions) for visit in visits_of(doctors, period, user)]


def opening(known: Iterable[Agenda], period: Period) -> tuple[int, int]:
    """The first and the last hour to show: usual hours, working hours, and whatever is booked outside them."""
    spans = [span for agenda in known for span in (*cut(agenda.working, period), *cut(agenda.booked, period))]
    first = min([OPENS, *(span.start.hour for span in spans)])
    last = max([CLOSES, *(hour_after(span) for span in spans)])
    return first, last


def first_seen(opens: int, period: Period) -> int:
    """The hour to which the calendar scrolls: the one before now, or the usual opening."""
    moment = wall_clock()
    return max(opens, moment.hour - 1 if period.first <= moment.date() <= period.last else OPENS - 1)


def hour_after(span: Span) -> int:
    """The full hour at or after a span's end, up to 24, on the day on which it began."""
    hours = (span.end - datetime.combine(span.start.date(), time())).total_seconds() / 3600
    return min(24, -int(-hours // 1))
