"""What is opened, booked, measured, invoiced and paid: chosen in the data set by a process of its own."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

from scripts.bench.databases import ROOT, environment

#: More than every write of a run needs.
ROOM = 600


def choose(url: str) -> dict[str, Any]:
    """The choices for one data set."""
    command = [sys.executable, "-m", "scripts.bench.targets"]
    done = subprocess.run(command, cwd=ROOT, env=environment(url), check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def found() -> dict[str, Any]:
    """Read them from the database; visits to be invoiced are added where the demo has left too few."""
    from django.db.models import Count

    from billing.models import Invoice, Service
    from clinical.models import Prescription
    from departments.models import User
    from patients.models import Patient
    from scheduling.models import Appointment

    most = Appointment.objects.values("patient").annotate(visits=Count("id")).order_by("-visits")
    chart = most.filter(patient__is_active=True).first()
    keys = list(Patient.objects.filter(is_active=True).values_list("pk", flat=True)[: 5 * ROOM])
    people = [str(key) for key in random.sample(keys, min(ROOM, len(keys)))]
    doctors = list(User.objects.doctors().order_by("email")[:40])
    named = Patient.objects.filter(is_active=True).exclude(phone="").order_by("pk")[Patient.objects.count() // 2]
    biggest = max(Invoice.objects.annotate(lines=Count("line_items"))[:2000], key=lambda invoice: invoice.lines)
    return {
        "chart": str(chart["patient"]),
        "chart_visits": chart["visits"],
        "name": f"{named.last_name} {named.first_name[:3]}",
        "phone": named.phone[-7:],
        "patients": people,
        "slots": free_slots([doctor.pk for doctor in doctors]),
        "race_doctor": str(doctors[0].pk),
        "services": [str(key) for key in Service.objects.filter(is_active=True).values_list("pk", flat=True)[:3]],
        "visits": visits_to_invoice(doctors[0], keys),
        "invoices": [str(key) for key in payable(Invoice)],
        "invoice": str(biggest.pk),
        "prescription": str(Prescription.objects.order_by("pk").last().pk),
        "export": export_range(Appointment),
    }


def payable(invoices: Any) -> list[Any]:
    """Invoices that a small payment can be made on."""
    return list(invoices.objects.payable().filter(balance_due__gt=1).values_list("pk", flat=True)[:ROOM])


def free_slots(doctors: list[Any]) -> list[list[str]]:
    """(doctor, day, time) of free half-hours within working hours, beyond what the demo has booked."""
    from scheduling.models import Appointment

    slots, offset = [], 60
    while len(slots) < ROOM:
        day = date.today() + timedelta(days=offset)
        offset += 1
        if day.weekday() > 4:
            continue
        taken = set(Appointment.objects.filter(appointment_date=day).values_list("doctor_id", "appointment_time"))
        for doctor in doctors:
            starts = [time(hour, minute) for hour in (8, 9, 10, 11, 13, 14, 15, 16) for minute in (0, 30)]
            slots += [
                [str(doctor), day.isoformat(), f"{start:%H:%M}"] for start in starts if (doctor, start) not in taken
            ]
    random.shuffle(slots)
    return slots[:ROOM]


def visits_to_invoice(doctor: Any, patients: list[Any]) -> list[str]:
    """Completed visits without an invoice: put straight into the tables, at night, on days long past."""
    from django.utils import timezone

    from clinical.models import Consultation
    from healthcare.context import act
    from scheduling.models import Appointment

    first = Appointment.objects.order_by("appointment_date").values_list("appointment_date", flat=True).first()
    visits, notes = [], []
    for number in range(ROOM):
        day = first - timedelta(days=1 + number // 20)
        start = time(1 + number % 20 // 4, 15 * (number % 4))
        moment = datetime.combine(day, start, tzinfo=timezone.get_default_timezone())
        patient = patients[number % len(patients)]
        visit = Appointment(
            patient_id=patient,
            doctor=doctor,
            department_id=doctor.department_id,
            appointment_date=day,
            appointment_time=start,
            duration_minutes=15,
            appointment_type="consultation",
            status="completed",
            checked_in_at=moment,
            started_at=moment,
            completed_at=moment,
        )
        visits.append(visit)
        notes.append(
            Consultation(
                appointment=visit,
                patient_id=patient,
                doctor=doctor,
                consultation_date=moment,
                chief_complaint="Bench",
                diagnosis="Bench",
                completed_at=moment,
            )
        )
    with act(audited=False):
        Appointment.objects.bulk_create(visits)
        Consultation.objects.bulk_create(notes)
    return [str(visit.pk) for visit in visits]


def export_range(appointments: Any) -> dict[str, str]:
    """Days that hold about ten thousand visits (all of them where there are fewer)."""
    days = appointments.objects.order_by("-appointment_date")
    dates = list(days.values_list("appointment_date", flat=True)[:10_000])
    return {"date_from": dates[-1].isoformat(), "date_to": dates[0].isoformat(), "rows": str(len(dates))}


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthcare.settings")
    django.setup()
    print(json.dumps(found()))
