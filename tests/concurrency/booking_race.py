"""What one of the racing processes does with visits of two doctors' day, at random: book, move, resize, hand over
to the other doctor, cancel, mark as missed, and bring back what was missed."""

import random
import time

from audit.models import AuditLog
from departments.models import User
from healthcare.clock import at, local, now, today
from healthcare.workflow import submit
from scheduling.forms import (
    BookAppointmentForm,
    CancelForm,
    NoShowForm,
    RescheduleAppointmentForm,
    UndoNoShowForm,
)
from scheduling.models import Appointment
from tests.factories import PatientFactory, UserFactory

PEOPLE = 40


def seed():
    """Two doctors, a receptionist and patients. The day is today, and it is late: who has not come is missed."""
    doctors, receptionist = [UserFactory(role="doctor") for _ in range(2)], UserFactory(role="receptionist")
    return {
        "doctors": [str(doctor.pk) for doctor in doctors],
        "receptionist": str(receptionist.pk),
        "patients": [str(PatientFactory().pk) for _ in range(PEOPLE)],
        "day": today().isoformat(),
    }


def play(number, seeded, rounds):
    """Make so many decisions; returns each with its answer: saved, or the codes of the refusal."""
    with at(local(now()).replace(hour=23, minute=58)):
        return [decision for decision in decide(random.Random(number), seeded, rounds)]


def decide(dice, seeded, rounds):
    """The decisions one by one: what was asked for, and what came of it."""
    actor = User.objects.get(pk=seeded["receptionist"])
    mine = {}  # key -> open or missed
    for _ in range(rounds):
        minute = dice.randrange(8 * 60, 18 * 60, 5)
        asked = {
            "doctor": dice.choice(seeded["doctors"]),
            "appointment_date": seeded["day"],
            "appointment_time": f"{minute // 60:02}:{minute % 60:02}",
            "duration_minutes": str(dice.choice([15, 20, 30, 45, 60])),
            "appointment_type": "consultation",
        }
        key = dice.choice(sorted(mine)) if mine and dice.random() > 0.45 else None
        if key is None:
            kind, form, row = "book", BookAppointmentForm, None
            data = {**asked, "patient": dice.choice(seeded["patients"])}
        elif mine[key] == "missed":
            kind, form, data = "reactivate", UndoNoShowForm, {"undo_reason": "Race"}
        else:
            kind = dice.choice(["move", "move", "resize", "cancel", "miss"])
            form = {"cancel": CancelForm, "miss": NoShowForm}.get(kind, RescheduleAppointmentForm)
            data = {"cancellation_reason": "Race"} if kind == "cancel" else asked
        if key is not None:
            row = Appointment.objects.get(pk=key)
            if kind == "resize":
                data = {
                    **asked,
                    "doctor": str(row.doctor_id),
                    "appointment_time": f"{row.appointment_time:%H:%M}",
                }
        want = wanted(asked if kind in ("book", "move") else data, row, data.get("patient"))
        began = time.monotonic()  # one clock for all processes
        try:
            done = submit(form, actor=actor, data=data, **({"instance": row} if row else {}))
        except Exception as error:  # every answer counts, this one as a failure
            answer = {"saved": False, "codes": [f"{type(error).__name__}: {error}"], "key": key}
            yield {"kind": kind, "want": want, "moment": [began, time.monotonic()], **answer}
            continue
        moment = [began, time.monotonic()]
        saved = done.is_valid()
        codes = sorted({error.code for errors in done.errors.as_data().values() for error in errors})
        key = str(done.instance.pk)
        yield {"kind": kind, "want": want, "moment": moment, "saved": saved, "codes": codes, "key": key}
        if saved and kind == "cancel":
            del mine[key]
        elif saved and kind in ("book", "reactivate", "miss"):
            mine[key] = "missed" if kind == "miss" else "open"


def wanted(asked, row, patient):
    """The time that a decision is about, as the oracle reads it."""
    at = asked.get("appointment_time") or f"{row.appointment_time:%H:%M}"
    hour, minute = at.split(":")
    return {
        "doctor": asked.get("doctor") or str(row.doctor_id),
        "patient": patient or str(row.patient_id),
        "minute": int(hour) * 60 + int(minute),
        "length": int(asked.get("duration_minutes") or row.duration_minutes),
    }


def read(seeded):
    """Every row and every audit row of the doctors' visits, for the oracle."""
    rows = Appointment.objects.filter(doctor__in=seeded["doctors"])
    entries = AuditLog.objects.filter(entity_type="appointment")
    return {
        "rows": [
            {
                "key": str(row.pk),
                "doctor": str(row.doctor_id),
                "status": row.status,
                "minute": row.appointment_time.hour * 60 + row.appointment_time.minute,
                "length": row.duration_minutes,
            }
            for row in rows
        ],
        "audit": [[str(entry.entity_id), entry.action] for entry in entries],
    }
