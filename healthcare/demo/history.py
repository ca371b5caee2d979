"""The demo clinic's past year and next month, written in bulk with the audit rows of what was done."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import transaction

from clinical.lab_catalogue import is_critical
from clinical.models import Consultation, LabTest, Prescription, VitalSign
from clinical.safety import Allergy, check
from departments.models import User
from healthcare.clock import local, now, today, years_before, zone
from healthcare.demo.bills import Bills, numbered
from healthcare.demo.body import measured
from healthcare.demo.house import House, scenarios_for
from healthcare.demo.labs import lab_value
from healthcare.demo.people import Person
from healthcare.demo.processes import in_order
from healthcare.demo.progress import days_written, note_days
from healthcare.demo.rows import Batch, Statement, key_at, run
from healthcare.demo.scenarios import CANCEL_REASONS, Scenario
from healthcare.planner import renew_statistics
from scheduling.models import Appointment, DoctorAbsence

ROWS_PER_WRITE = 20_000

#: The clinic has filled up in its last workdays; a day is at most so many times as full as it was before.
FILLING_UP, GROWN = 60, 5
#: Nearly as many visits as today has.
FULL_DAY = 75
#: Visits of one person lie at least so far apart, or on the same day.
DAYS_APART = 11
#: Nobody comes in the first week of life.
NEWBORN = timedelta(days=7)
#: Of the visits that were booked into a holiday.
STILL_TO_MOVE = 0.15

SLOTS = [time(hour, minute) for hour in (8, 9, 10, 11, 13, 14, 15, 16) for minute in (0, 30)]


class Task(NamedTuple):
    """A workday to be played: the how manieth, so many visits, with dice of its own."""

    number: int
    day: date
    visits: int
    dice: random.Random


class Played(NamedTuple):
    """What writes a workday: its rows, then its drafts, still without numbers, then the rest of its bills."""

    rows: list[Statement]
    drafts: Statement | None
    bills: list[Statement]


def fullness(days: int, visits: int) -> list[float]:
    """The visits of each past workday: as many as ever, then more and more, up to nearly what today is played with."""
    risen = [max(0, number - (days - FILLING_UP)) / FILLING_UP for number in range(1, days + 1)]
    rise, wanted = sum(part**2 for part in risen), FULL_DAY - visits / days
    # So much more than before that the last day is a full one, if the visits suffice; none where all days are.
    more = wanted / max(visits / days - FULL_DAY * rise / days, wanted / (GROWN - 1)) if wanted > 0 else 0
    return [visits * (1 + more * part**2) / (days + more * rise) for part in risen]


class History(Bills):
    """Plays the past year, day by day, and books the next month."""

    def __init__(self, people: list[Person], rng: random.Random, visits_per_year: int) -> None:
        self.people, self.rng, self.visits_per_year = people, rng, visits_per_year
        self.house = House.read()
        self.batch = Batch()
        self.scenarios = {d.pk: scenarios_for(d) for d in self.house.doctors}
        self.by_age = sorted(people, key=lambda person: (person.born, person.pk))
        self.births = [person.born for person in self.by_age]
        self.absences = list(DoctorAbsence.objects.values_list("doctor_id", "start_date", "end_date"))
        self.full_audit = len(people) <= 20_000

    def play(self, progress: Callable[[str], None], processes: int = 1) -> None:
        """Every workday but today that is not written yet, a few in one transaction."""
        days, look = in_order(self.day, self.tasks(), processes), 0
        for task, played in days:
            with transaction.atomic():
                size = self.write(played)
                while size < ROWS_PER_WRITE and (following := next(days, None)):
                    task, played = following
                    size += self.write(played)
                note_days(task.number)
            if task.number >= look:
                # PostgreSQL would keep to the plans of its triggers' queries, made while the tables were empty.
                renew_statistics()
                look = 2 * task.number
            progress(f"history to {task.day}")

    def write(self, played: Played) -> int:
        """Write a workday as soon as it is there; so many rows."""
        drafts = [numbered(played.drafts)] if played.drafts else []
        statements = [*played.rows, *drafts, *played.bills]
        run(statements)
        return sum(len(values) for _sql, values in statements)

    def tasks(self) -> Iterator[Task]:
        """The workdays to be played."""
        seed, written = self.rng.getrandbits(64), days_written()
        workdays = [day for ahead in range(-365, 31) if ahead and (day := today() + timedelta(ahead)).weekday() < 5]
        shares = fullness(sum(day < today() for day in workdays), self.visits_per_year)
        debt, most, lately = 0.0, len(self.house.doctors) * len(SLOTS), shares[-1]
        for number, day in enumerate(workdays, start=1):
            # Chance of the day's own: a run that goes on throws the same dice for the days that follow.
            dice = random.Random(seed + number)  # noqa: S311
            if day < today():
                debt += shares[number - 1] * dice.uniform(0.75, 1.25)
                count = min(int(debt), most)
                debt -= count
            else:
                count = min(max(3, int(lately * (1.05 - (day - today()).days / 35))), most)
            if number > written:
                yield Task(number, day, count, dice)

    def day(self, task: Task) -> Played:
        """One workday."""
        self.rng = task.dice
        visit = self.past_visit if task.day < today() else self.coming_visit
        for doctor, slot in self.slots(task.visits):
            # Booked before the holiday was entered: a few, which are to be moved.
            if not self.is_away(doctor, task.day) or self.rng.random() < STILL_TO_MOVE:
                visit(doctor, task.day, slot)
        drafts, bills = self.bills()
        return Played(self.batch.statements(), drafts, bills)

    def is_away(self, doctor: User, day: date) -> bool:
        """Whether the doctor is on holiday that day."""
        return any(key == doctor.pk and start <= day <= end for key, start, end in self.absences)

    def slots(self, count: int) -> list[tuple[User, time]]:
        """So many different doctor-and-time pairs of one day."""
        return self.rng.sample([(doctor, slot) for doctor in self.house.doctors for slot in SLOTS], count)

    def choose(self, doctor: User, day: date) -> tuple[Scenario, Person]:
        """A scenario of the doctor's department and a patient who is of fitting age that day, and born."""
        options = self.scenarios[doctor.pk]
        scenario = self.rng.choices(options, [s.weight for s in options])[0]
        youngest, oldest = (years_before(day - NEWBORN, age) for age in (scenario.ages[0], scenario.ages[1] + 1))
        first, last = bisect_right(self.births, oldest), bisect_right(self.births, youngest)
        # Everybody's turn is once in so many days: nobody comes with something else each other day.
        turn = first + (day.toordinal() - first) % DAYS_APART
        fitting = range(turn, last, DAYS_APART) or range(first, last) or range(1)
        return scenario, self.by_age[self.rng.choice(fitting)]

    def moment(self, day: date, at: time, minutes: float = 0) -> datetime:
        """A moment on a day of the clinic's wall clock, in UTC."""
        local = datetime.combine(day, at, zone())
        return (local + timedelta(minutes=minutes)).astimezone(UTC)

    def appointment(
        self, doctor: User, day: date, slot: time, scenario: Scenario, person: Person, **fields: Any
    ) -> Appointment:
        """A booked visit, made some days before."""
        made = min(self.moment(day, slot) - timedelta(days=self.rng.randrange(1, 21), hours=3), now())
        appointment = Appointment(
            id=key_at(made, self.rng),
            created_at=made,
            patient_id=person.pk,
            doctor_id=doctor.pk,
            department_id=doctor.department_id,
            appointment_date=day,
            appointment_time=slot,
            duration_minutes=self.rng.choice([20, 30, 30, 30]),
            appointment_type=scenario.visit_type,
            reason=scenario.reason,
            **fields,
        )
        self.batch.add(appointment)
        self.batch.audit(self.rng, "create", appointment, self.rng.choice(self.house.clerks), made)
        return appointment

    def coming_visit(self, doctor: User, day: date, slot: time) -> None:
        """A visit of the next month."""
        scenario, person = self.choose(doctor, day)
        status = self.rng.choices(["scheduled", "confirmed", "cancelled"], [62, 33, 5])[0]
        reason = self.rng.choice(CANCEL_REASONS) if status == "cancelled" else ""
        self.appointment(doctor, day, slot, scenario, person, status=status, cancellation_reason=reason)

    def past_visit(self, doctor: User, day: date, slot: time) -> None:
        """A visit of the past: kept, cancelled or missed."""
        scenario, person = self.choose(doctor, day)
        kind = self.rng.choices(["completed", "cancelled", "no_show"], [89, 6, 5])[0]
        if kind != "completed":
            reason = self.rng.choice(CANCEL_REASONS) if kind == "cancelled" else ""
            self.appointment(doctor, day, slot, scenario, person, status=kind, cancellation_reason=reason)
            return
        wait, length = self.rng.randrange(3, 35), self.rng.randrange(9, 28)
        arrived = self.moment(day, slot, -self.rng.randrange(0, 12))
        started = arrived + timedelta(minutes=wait)
        ended = started + timedelta(minutes=length)
        appointment = self.appointment(
            doctor,
            day,
            slot,
            scenario,
            person,
            status="completed",
            checked_in_at=arrived,
            started_at=started,
            completed_at=ended,
        )
        if self.full_audit:
            self.batch.audit(self.rng, "check_in", appointment, self.rng.choice(self.house.clerks), arrived)
        self.vitals(person, scenario, arrived + timedelta(minutes=2))
        consultation = self.consultation(appointment, doctor, scenario, started, ended)
        self.prescriptions(consultation, person, scenario, ended)
        labs = self.lab_tests(consultation, person, scenario, ended)
        self.invoice(appointment, person, scenario, labs, ended)

    def vitals(self, person: Person, scenario: Scenario, at: datetime) -> None:
        """As a nurse finds them."""
        rng, nurse = self.rng, self.rng.choice(self.house.nurses)
        values = measured(person.pk, person.gender, person.born, at.date(), scenario.vitals, rng)
        for name in ("temperature_celsius", "weight_kg", "height_cm"):
            values[name] = Decimal(str(values[name]))
        row = VitalSign(
            id=key_at(at, rng),
            created_at=at,
            patient_id=person.pk,
            recorded_by_user_id=nurse.pk,
            recorded_at=at,
            **values,
        )
        self.batch.add(row)
        if self.full_audit:
            self.batch.audit(rng, "create", row, nurse, at)

    def consultation(
        self, appointment: Appointment, doctor: User, scenario: Scenario, started: datetime, ended: datetime
    ) -> Consultation:
        """The doctor's note."""
        follow = ended.date() + timedelta(days=scenario.follow_up_days) if scenario.follow_up_days else None
        row = Consultation(
            id=key_at(started, self.rng),
            created_at=started,
            appointment_id=appointment.pk,
            patient_id=appointment.patient_id,
            doctor_id=doctor.pk,
            consultation_date=started,
            chief_complaint=scenario.complaint,
            present_illness=scenario.illness,
            examination_findings=scenario.findings,
            diagnosis=scenario.diagnosis,
            treatment_plan=scenario.plan,
            follow_up_required=follow is not None,
            follow_up_date=follow,
            completed_at=ended,
        )
        self.batch.add(row)
        self.batch.audit(self.rng, "complete", row, doctor, ended)
        return row

    def prescriptions(self, consultation: Consultation, person: Person, scenario: Scenario, at: datetime) -> None:
        """What was prescribed; nothing that the safety check warns of."""
        for rx in scenario.prescriptions:
            medication = self.house.medication(rx)
            name = medication.name if medication else f"{rx.ingredients} {rx.hint}".strip().capitalize()
            if person.allergies and warns(name, rx.ingredients, person.allergies):
                continue
            self.batch.add(
                Prescription(
                    id=key_at(at, self.rng),
                    created_at=at,
                    consultation_id=consultation.pk,
                    patient_id=person.pk,
                    doctor_id=consultation.doctor_id,
                    medication_id=medication.pk if medication else None,
                    medication_name=name,
                    dosage=rx.dosage,
                    frequency=rx.frequency,
                    duration=rx.duration,
                    quantity=rx.quantity,
                    route=medication.route if medication else "",
                    special_instructions=rx.instructions,
                    prescribed_date=local(at).date(),
                )
            )

    def lab_tests(self, consultation: Consultation, person: Person, scenario: Scenario, at: datetime) -> list[str]:
        """Ordered tests with results; the newest are still on their way or unreviewed."""
        rng, done = self.rng, []
        age_days = (now() - at).days
        for name in scenario.labs:
            entry = self.house.labs.get((name, "M" if person.gender == "male" else "F"))
            if entry is None:
                continue
            taken, ready = at + timedelta(minutes=15), at + timedelta(hours=rng.randrange(3, 30))
            value, abnormal = lab_value(entry, rng, abnormal=0.17)
            row = LabTest(
                id=key_at(at, rng),
                created_at=at,
                patient_id=person.pk,
                consultation_id=consultation.pk,
                ordered_by_doctor_id=consultation.doctor_id,
                test_name=name,
                test_type=entry["panel"],
                ordered_date=at,
                sample_collected_date=taken,
                result_date=ready,
                result_value=value,
                result_unit=entry["unit"],
                reference_range=entry["reference_range_text"],
                status="completed",
                is_abnormal=abnormal,
                is_critical=is_critical(name, value, entry["unit"]),
                reviewed_at=ready + timedelta(hours=4),
                reviewed_by_user_id=consultation.doctor_id,
            )
            if age_days <= 3:
                self.make_recent(row)
            self.batch.add(row)
            done.append(name)
        return done

    def make_recent(self, row: LabTest) -> None:
        """Tests of the last days stand at every step."""
        step = self.rng.choices(["unreviewed", "in_progress", "sample_collected", "ordered"], [5, 2, 2, 1])[0]
        row.reviewed_at, row.reviewed_by_user = None, None
        if step == "unreviewed":
            row.result_date = min(row.result_date, now() - timedelta(hours=1)) if row.result_date else None
            return
        row.status, row.result_value, row.result_date, row.is_abnormal = step, "", None, None
        if step == "ordered":
            row.sample_collected_date = None


@lru_cache(10_000)
def warns(name: str, ingredients: str, allergies: tuple[str, ...]) -> bool:
    """Whether the safety check finds an allergy."""
    return bool(check(name, ingredients=[ingredients], allergies=[Allergy(text) for text in allergies]).warnings)
