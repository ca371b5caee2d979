"""A week of working hours as a table: what each doctor works on each day, and when each is away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from departments.models import User
from scheduling.models import DoctorAbsence, DoctorSchedule
from scheduling.slots import shift, works_on


@dataclass(frozen=True)
class Day:
    """One doctor on one day."""

    date: date
    hours: list[DoctorSchedule]
    absence: DoctorAbsence | None


@dataclass(frozen=True)
class Week:
    """One doctor's week."""

    doctor: User
    days: list[Day]
    #: Nobody entered any hours: always available (RULE-APPT-6).
    always: bool

    @property
    def hours(self) -> str:
        """How long the doctor works, without absences: `37.5`."""
        spans = [shift(row, day.date) for day in self.days if day.absence is None for row in day.hours]
        return f"{sum((span.end - span.start).total_seconds() for span in spans) / 3600:g}"


def weeks(doctors: Iterable[User], days: list[date]) -> list[Week]:
    """The doctors' weeks. Two queries, however many doctors."""
    known = {doctor.pk: doctor for doctor in doctors}
    hours, away = defaultdict(list), defaultdict(list)
    for row in DoctorSchedule.objects.active().filter(doctor__in=known).order_by("start_time"):
        hours[row.doctor_id].append(row)
    absences = DoctorAbsence.objects.active().filter(doctor__in=known, start_date__lte=days[-1], end_date__gte=days[0])
    for absence in absences:
        away[absence.doctor_id].append(absence)
    return [
        Week(
            doctor,
            [
                Day(
                    day,
                    [row for row in hours[key] if works_on(row, day)],
                    next((one for one in away[key] if one.start_date <= day <= one.end_date), None),
                )
                for day in days
            ],
            always=not hours[key],
        )
        for key, doctor in known.items()
    ]
