"""Encounters become completed appointments, each with its completed consultation."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from clinical.models import Consultation
from departments.models import User
from healthcare.clock import now
from healthcare.synthea.forms import PastAppointment, PastConsultation, fill
from healthcare.synthea.people import Doctors
from healthcare.synthea.reading import Row, Unusable, identity, moment, tag, untagged, wall_clock, words
from patients.models import Patient
from scheduling.models import MAX_DURATION, MIN_DURATION, Appointment, AppointmentStatus, AppointmentType

#: What each class of encounter is in the diary; the rest (inpatient, hospice, nursing, home) lasts days.
TYPES = {
    "ambulatory": AppointmentType.CONSULTATION,
    "outpatient": AppointmentType.CONSULTATION,
    "virtual": AppointmentType.CONSULTATION,
    "wellness": AppointmentType.ROUTINE_CHECKUP,
    "urgentcare": AppointmentType.EMERGENCY,
    "emergency": AppointmentType.EMERGENCY,
}
NOT_RECORDED = "Not recorded"


@dataclass(frozen=True)
class Visit:
    """An encounter that can stand in the diary."""

    row: Row
    doctor: User
    start: datetime
    stop: datetime

    @property
    def minutes(self) -> int:
        """The whole minutes that it lasted; rounded down, so that it never reaches into the next one."""
        return int((self.stop - self.start) / timedelta(minutes=1))

    @property
    def interval(self) -> tuple[datetime, datetime]:
        """[start, end) on the clinic's wall clock, at whole minutes as the diary has them."""
        start = wall_clock(self.start).replace(second=0, microsecond=0)
        return start, start + timedelta(minutes=self.minutes)


def read_visit(row: Row, doctors: Doctors) -> Visit:
    """The encounter with its doctor and times. Unusable if the diary has no place for its kind."""
    if row["ENCOUNTERCLASS"] not in TYPES:
        raise Unusable(
            _("Encounters of the class %(name)s are no appointments.") % {"name": row["ENCOUNTERCLASS"][:40] or "?"}
        )
    visit = Visit(row, doctors.of(row["PROVIDER"]), moment(row, "START"), moment(row, "STOP"))
    lasted = visit.stop - visit.start
    if not timedelta(minutes=MIN_DURATION) <= lasted <= timedelta(minutes=MAX_DURATION):
        raise Unusable(
            _("It lasted %(minutes)s minutes; an appointment lasts %(low)s to %(high)s.")
            % {"minutes": int(lasted / timedelta(minutes=1)), "low": MIN_DURATION, "high": MAX_DURATION}
        )
    if visit.stop > now():
        raise Unusable(_("It has not taken place yet."))
    return visit


def unusable_times(rows: Iterable[Row], doctors: Doctors) -> dict[int, str]:
    """Encounters whose provider was with somebody else already, by line, with the reason; and repeated ids.

    The earlier one stays. Decided for all encounters at once, so that it does not depend on the order in
    which patients are imported; what the diary holds already goes first.
    """
    by_doctor: dict[User, list[Visit]] = defaultdict(list)
    found: dict[int, str] = {}
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            found[row.line] = _("An earlier row has this id.")
            continue
        seen.add(row.id)
        try:
            visit = read_visit(row, doctors)
        except Unusable:
            continue  # told when the patient's turn comes
        by_doctor[visit.doctor].append(visit)
    for doctor, visits in by_doctor.items():
        diary = _diary(doctor)
        known = {pk for _start, _end, pk in diary}
        for visit in sorted(visits, key=lambda visit: (visit.start, visit.row.line)):
            pk = str(identity("encounter", visit.row.id))
            if pk in known:
                continue
            start, end = visit.interval
            place = bisect_left(diary, (start, end, ""))
            beside = diary[max(place - 1, 0) : place + 1]
            if any(start < taken_end and taken_start < end for taken_start, taken_end, _pk in beside):
                found[visit.row.line] = _("The provider has another encounter at this time.")
            else:
                insort(diary, (start, end, pk))
    return found


def _diary(doctor: User) -> list[tuple[datetime, datetime, str]]:
    taken = (
        Appointment.objects.blocking()
        .filter(doctor=doctor)
        .only("appointment_date", "appointment_time", "duration_minutes")
    )
    return sorted((row.start, row.end, str(row.pk)) for row in taken)


@dataclass(frozen=True)
class Told:
    """What other files tell of an encounter."""

    diagnoses: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()


def read_appointment(visit: Visit, patient: Patient) -> Appointment:
    """The completed appointment, not saved. Unusable if the form refuses it."""
    row, start = visit.row, visit.interval[0]
    appointment = Appointment(
        pk=identity("encounter", row.id),
        patient=patient,
        doctor=visit.doctor,
        department_id=visit.doctor.department_id,
        status=AppointmentStatus.COMPLETED,
        checked_in_at=visit.start,
        started_at=visit.start,
        completed_at=visit.stop,
    )
    follows_up = "follow-up" in row["DESCRIPTION"].lower()
    return fill(
        PastAppointment,
        appointment,
        {
            "appointment_date": start.date().isoformat(),
            "appointment_time": start.time().isoformat(),
            "duration_minutes": str(visit.minutes),
            "appointment_type": AppointmentType.FOLLOW_UP if follows_up else TYPES[row["ENCOUNTERCLASS"]],
            "reason": untagged(words(row, "REASONDESCRIPTION") or words(row, "DESCRIPTION")),
        },
    )


def read_consultation(visit: Visit, appointment: Appointment, told: Told) -> Consultation:
    """The completed consultation of the appointment, not saved. Unusable if the form refuses it."""
    reason = words(visit.row, "REASONDESCRIPTION")
    diagnoses = list(told.diagnoses)
    if is_diagnosis(reason) and untagged(reason) not in diagnoses:
        diagnoses.append(untagged(reason))
    consultation = Consultation(
        pk=identity("consultation", visit.row.id),
        patient=appointment.patient,
        doctor=visit.doctor,
        consultation_date=visit.start,
    )
    fill(
        PastConsultation,
        consultation,
        {
            "chief_complaint": untagged(reason or words(visit.row, "DESCRIPTION")),
            "diagnosis": "; ".join(diagnoses) or NOT_RECORDED,
            "treatment_plan": _listed("Procedures", told.procedures),
            "notes": _listed("Findings", told.findings),
        },
        actor=visit.doctor,
    )
    # Only now: the form completes what is open, and finds no appointment that is not saved.
    consultation.appointment, consultation.completed_at = appointment, visit.stop
    return consultation


def _listed(title: str, entries: tuple[str, ...]) -> str:
    return f"{title}: {'; '.join(entries)}" if entries else ""


def is_diagnosis(description: str) -> bool:
    """Whether a condition is a disorder. Untagged ones ("Otitis media", "Hypertension") are; findings are not."""
    return bool(description) and tag(description) in {"", "disorder", "morphologic abnormality"}
