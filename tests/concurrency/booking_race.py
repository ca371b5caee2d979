"""What one of the racing processes does: book, move and cancel visits of one doctor's day, at random."""

import random
from datetime import timedelta

from audit.models import AuditLog
from departments.models import User
from healthcare.clock import today
from healthcare.workflow import submit
from scheduling.forms import BookAppointmentForm, CancelForm, RescheduleAppointmentForm
from scheduling.models import Appointment
from tests.factories import PatientFactory, UserFactory

PEOPLE = 40


def seed():
    """A doctor, a receptionist and patients."""
    doctor, receptionist = UserFactory(role="doctor"), UserFactory(role="receptionist")
    return {
        "doctor": str(doctor.pk),
        "receptionist": str(receptionist.pk),
        "patients": [str(PatientFactory().pk) for _ in range(PEOPLE)],
        "day": (today() + timedelta(days=1)).isoformat(),
    }


def play(number, seeded, rounds):
    """Make so many decisions; returns each with its answer: saved, or the codes of the refusal."""
    dice = random.Random(number)
    actor = User.objects.get(pk=seeded["receptionist"])
    mine, decisions = [], []
    for _ in range(rounds):
        minute = dice.randrange(8 * 60, 18 * 60, 5)
        data = {
            "doctor": seeded["doctor"],
            "appointment_date": seeded["day"],
            "appointment_time": f"{minute // 60:02}:{minute % 60:02}",
            "duration_minutes": str(dice.choice([15, 20, 30, 45, 60])),
            "appointment_type": "consultation",
        }
        act = dice.random()
        row = Appointment.objects.get(pk=dice.choice(mine)) if mine and act > 0.5 else None
        try:
            if row is None:
                kind = "book"
                form = submit(
                    BookAppointmentForm, actor=actor, data={**data, "patient": dice.choice(seeded["patients"])}
                )
            elif act > 0.75:
                kind = "cancel"
                form = submit(CancelForm, actor=actor, instance=row, data={"cancellation_reason": "Race"})
            else:
                kind = "move"
                form = submit(RescheduleAppointmentForm, actor=actor, instance=row, data=data)
        except Exception as error:  # every answer counts, this one as a failure
            decisions.append({"kind": kind, "saved": False, "codes": [f"{type(error).__name__}: {error}"]})
            continue
        saved = form.is_valid()
        codes = sorted({error.code for errors in form.errors.as_data().values() for error in errors})
        decisions.append({"kind": kind, "saved": saved, "codes": codes, "key": str(form.instance.pk)})
        if saved and kind == "book":
            mine.append(str(form.instance.pk))
        elif saved and kind == "cancel":
            mine.remove(str(form.instance.pk))
    return decisions


def read(seeded):
    """Every row and every audit row of the doctor's visits, for the oracle."""
    rows = Appointment.objects.filter(doctor=seeded["doctor"])
    entries = AuditLog.objects.filter(entity_type="appointment")
    return {
        "rows": [
            {
                "key": str(row.pk),
                "status": row.status,
                "minute": row.appointment_time.hour * 60 + row.appointment_time.minute,
                "length": row.duration_minutes,
            }
            for row in rows
        ],
        "audit": [[str(entry.entity_id), entry.action] for entry in entries],
    }
