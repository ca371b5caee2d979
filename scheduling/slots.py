"""Time as spans: what overlaps, when a doctor works, which starts are free.

Spans are half-open, [start, end), on the clinic's wall clock. Everything but `agendas` and what asks it is pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q

from departments.models import User
from healthcare.clock import skipped_on, wall_clock
from healthcare.compiled import Compiled
from scheduling.models import Appointment, DoctorAbsence, DoctorSchedule

#: Starts are offered on this grid.
STEP = timedelta(minutes=15)
DAY = timedelta(days=1)
#: When to look for free times of a doctor who entered no working hours.
USUAL_HOURS = (time(8), time(18))
#: Working hours cannot end at 24:00, so their last minute means midnight.
LAST_MINUTE = time(23, 59)
#: No visit's key.
NONE = UUID(int=0)
#: How far around the asked time free ones are looked for.
LOOK_BACK, LOOK_AHEAD = timedelta(days=3), timedelta(days=14)


class Span(NamedTuple):
    """From `start` up to, but not including, `end`."""

    start: datetime
    end: datetime

    def overlaps(self, other: Span) -> bool:
        """Whether they share a moment."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: Span) -> bool:
        """Whether the other one lies wholly within."""
        return self.start <= other.start and other.end <= self.end


def span_of(day: date, at: time, minutes: int) -> Span:
    """The span of an appointment; where the clock is put forward meanwhile, the wall shows a later end."""
    start = datetime.combine(day, at)
    end = start + timedelta(minutes=minutes)
    left_out = skipped_on(end.date())
    if left_out and start < left_out[0] < end:
        end += left_out[1] - left_out[0]
    return Span(start, end)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time as sorted spans that neither overlap nor touch."""
    result: list[Span] = []
    for span in sorted(spans):
        if result and span.start <= result[-1].end:
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end))
        else:
            result.append(span)
    return result


def gaps(within: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What is left of `within` without `taken`."""
    result = []
    blocks = merged(taken)
    for span in merged(within):
        start = span.start
        for block in blocks:
            if block.end <= start or block.start >= span.end:
                continue
            if block.start > start:
                result.append(Span(start, block.start))
            start = block.end
        if start < span.end:
            result.append(Span(start, span.end))
    return result


def starts_in(free: Iterable[Span], minutes: int, earliest: datetime) -> list[datetime]:
    """Every start on the grid, not before `earliest`, from which so many minutes are free."""
    result = []
    length = timedelta(minutes=minutes)
    for span in free:
        start = datetime.combine(max(span.start, earliest).date(), time())
        start += -((start - max(span.start, earliest)) // STEP) * STEP  # rounded up
        while start + length <= span.end:
            result.append(start)
            start += STEP
    return result


def nearest(starts: Iterable[datetime], asked: datetime, minutes: int, count: int = 3) -> list[datetime]:
    """The `count` starts nearest to the asked one that do not overlap each other, in order of time."""
    chosen: list[datetime] = []
    length = timedelta(minutes=minutes)
    for start in sorted(starts, key=lambda start: (abs(start - asked), start)):
        if all(abs(start - other) >= length for other in chosen):
            chosen.append(start)
        if len(chosen) == count:
            break
    return sorted(chosen)


@dataclass(frozen=True)
class Agenda:
    """What is known about a doctor's time from one day to another."""

    #: Without any working hours entered, a doctor is always available (RULE-APPT-6).
    always: bool
    working: list[Span]
    away: list[Span]
    booked: list[Span]
    #: Hours that the clock leaves out: never offered.
    skipped: list[Span] = field(default_factory=list)

    @classmethod
    def of(cls, doctor_id: Any, first: date, last: date, besides: Any = None) -> Agenda:
        """The doctor's agenda, without the appointment `besides`."""
        return agendas([doctor_id], first, last, besides)[doctor_id]

    @classmethod
    def around(cls, doctor_id: Any, span: Span, besides: Any = None) -> Agenda:
        """The agenda of the days that a span touches."""
        return cls.of(doctor_id, span.start.date(), span.end.date(), besides)

    def conflict(self, span: Span) -> Span | None:
        """A booking in the way, if any."""
        return next((other for other in self.booked if other.overlaps(span)), None)

    def is_away(self, span: Span) -> bool:
        """Whether the doctor is absent in any part of the span."""
        return any(other.overlaps(span) for other in self.away)

    def is_working(self, span: Span) -> bool:
        """Whether the span lies within the working hours."""
        return self.always or any(other.contains(span) for other in self.working)

    def free_starts(self, minutes: int, earliest: datetime) -> list[datetime]:
        """Starts that may be booked for so many minutes."""
        return starts_in(gaps(self.working, [*self.booked, *self.away, *self.skipped]), minutes, earliest)


def hours_of(doctors: Q) -> Any:
    """The rows of working hours."""
    rows = DoctorSchedule.objects.filter(doctors, is_active=True).order_by()
    return rows.values_list("doctor_id", "weekday", "start_time", "end_time", "valid_from", "valid_until", named=True)


def absences_of(doctors: Q, first: Any, last: Any) -> Any:
    """(doctor, first day, last day) of absences that touch these days."""
    rows = DoctorAbsence.objects.filter(doctors, is_active=True, start_date__lte=last, end_date__gte=first)
    return rows.order_by().values_list("doctor_id", "start_date", "end_date")


def visits_of(whose: Q, first: Any, last: Any, besides: Any) -> Any:
    """(doctor, day, time, minutes) of what is booked from day to day, but for one visit."""
    rows = Appointment.objects.blocking().filter(whose, appointment_date__range=(first, last)).exclude(pk=besides)
    return rows.values_list("doctor_id", "appointment_date", "appointment_time", "duration_minutes")


# One doctor's, and the patient's own, asked at every booking.
hours_of_one = Compiled(lambda doctor: hours_of(Q(doctor_id=doctor)))
absences_of_one = Compiled(lambda doctor, first, last: absences_of(Q(doctor_id=doctor), first, last))
visits_of_one = Compiled(lambda doctor, first, last, besides: visits_of(Q(doctor_id=doctor), first, last, besides))
visits_of_patient = Compiled(
    lambda patient, first, last, besides: visits_of(Q(patient_id=patient), first, last, besides)
)


def agendas(doctor_ids: Iterable[Any], first: date, last: date, besides: Any = None) -> dict[Any, Agenda]:
    """The agenda of each doctor, without the appointment `besides`. Three queries, however many doctors."""
    keys = list(doctor_ids)
    start, end, but = first - DAY, last + DAY, besides or NONE
    if len(keys) == 1:
        key = keys[0]
        found = hours_of_one(key), absences_of_one(key, start, end), visits_of_one(key, start, end, but)
    else:
        some = Q(doctor_id__in=keys)
        found = hours_of(some), absences_of(some, start, end), visits_of(some, start, end, but)
    hours, away, booked = defaultdict(list), defaultdict(list), defaultdict(list)
    for row in found[0]:
        hours[row.doctor_id].append(row)
    for doctor_id, begins, ends in found[1]:
        # Cut to the days in question: an absence may end on the last day that a date can hold.
        span = Span(datetime.combine(max(begins, start), time()), datetime.combine(min(ends, end) + DAY, time()))
        away[doctor_id].append(span)
    for doctor_id, *when in found[2]:
        booked[doctor_id].append(span_of(*when))
    days = [first - DAY + n * DAY for n in range((last - first).days + 3)]
    skipped = [Span(*hour) for day in days if (hour := skipped_on(day))]
    return {
        key: Agenda(
            always=not hours[key],
            working=merged(
                [shift(row, day) for row in hours[key] for day in days if works_on(row, day)]
                if hours[key]
                else [Span(*(datetime.combine(day, at) for at in USUAL_HOURS)) for day in days]
            ),
            away=away[key],
            booked=booked[key],
            skipped=skipped,
        )
        for key in keys
    }


def works_on(row: Any, day: date) -> bool:
    """Whether this row of working hours holds on a day."""
    return (
        row.weekday == day.weekday()
        and (row.valid_from is None or row.valid_from <= day)
        and (row.valid_until is None or day <= row.valid_until)
    )


def shift(row: Any, day: date) -> Span:
    """A row of working hours on a day, as a span."""
    end = datetime.combine(day + DAY, time()) if row.end_time >= LAST_MINUTE else datetime.combine(day, row.end_time)
    return Span(datetime.combine(day, row.start_time), end)


def is_given_back(visit: Appointment) -> bool:
    """Whether somebody else could be booked at a time that this visit leaves."""
    span = Span(visit.start, visit.end)
    if span.start <= wall_clock() or not User.objects.doctors().filter(pk=visit.doctor_id).exists():
        return False
    agenda = Agenda.around(visit.doctor_id, span)
    return agenda.is_working(span) and not agenda.is_away(span) and agenda.conflict(span) is None


def nearest_free(doctor_id: Any, asked: Span, earliest: datetime, besides: Any = None) -> list[datetime]:
    """The three free starts nearest to the asked span (BYD-1)."""
    first = max(asked.start - LOOK_BACK, earliest).date()
    agenda = Agenda.of(doctor_id, first, max(asked.start.date(), first) + LOOK_AHEAD, besides)
    minutes = int((asked.end - asked.start).total_seconds() // 60)
    return nearest(agenda.free_starts(minutes, earliest), asked.start, minutes)
