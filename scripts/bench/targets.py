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
    done = subprocess.run(command, cwd=ROOT, env=environment(url), check=True, stdout=subprocess.PIPE, text=True)
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
    keys = list(Patient.objects.filter(is_active=True).values_list("pk", flat=True)[: 5 * ROOM])
    people = [str(key) for key in random.sample(keys, min(ROOM, len(keys)))]
    doctors = list(User.objects.doctors().order_by("email")[:40])
    named = Patient.objects.filter(is_active=True).exclude(phone="").order_by("pk")[Patient.objects.count() // 2]
    busy = busy_patient(doctors[0])
    chart = most.filter(patient__is_active=True).exclude(patient=busy["busy"])[0]
    biggest = max(Invoice.objects.annotate(lines=Count("line_items"))[:2000], key=lambda invoice: invoice.lines)
    pages, api = free_slots([doctor.pk for doctor in doctors])
    return {
        "chart": str(chart["patient"]),
        "chart_visits": chart["visits"],
        "name": f"{named.last_name} {named.first_name[:3]}",
        "phone": named.phone[-7:],
        "patients": people,
        "slots": pages,
        "api_slots": api,
        "typed": named.last_name[:4],
        "double": {
            "first_name": named.first_name,
            "last_name": f"{named.last_name[:-1]}{named.last_name[-2:]}",
            "date_of_birth": named.date_of_birth.isoformat(),
        },
        "one_doctor": str(doctors[0].pk),
        **busy,
        "race_doctor": str(doctors[0].pk),
        "services": [str(key) for key in Service.objects.filter(is_active=True).values_list("pk", flat=True)[:3]],
        "visits": past_visits(doctors[0], keys),
        "invoices": [str(key) for key in payable(Invoice)],
        "race_invoice": str(payable(Invoice)[-1]),
        "invoice": str(biggest.pk),
        "prescription": str(Prescription.objects.order_by("pk").last().pk),
        "export": export_range(Appointment),
    }


def payable(invoices: Any) -> list[Any]:
    """Invoices that a small payment can be made on."""
    return list(invoices.objects.payable().filter(balance_due__gt=1).values_list("pk", flat=True)[:ROOM])


def free_slots(doctors: list[Any]) -> tuple[list[list[str]], list[list[str]]]:
    """(doctor, day, time) of free half-hours on days of a doctor without any visit, for pages and for the API."""
    from scheduling.models import Appointment

    # Elsewhere than the runs before: nobody is booked twice at the same time.
    pages: list[list[str]] = []
    api: list[list[str]] = []
    offset = random.randrange(60, 700)
    while len(api) < ROOM:
        day = date.today() + timedelta(days=offset)
        offset += 1
        if day.weekday() > 4:
            continue
        busy = set(Appointment.objects.filter(appointment_date=day).values_list("doctor_id", flat=True))
        starts = [time(hour, minute) for hour in (8, 9, 10, 11, 13, 14, 15, 16) for minute in (0, 30)]
        # Other days for pages than for the API: a patient booked twice at one time would be warned of.
        slots = pages if len(pages) < ROOM else api
        slots += [
            [str(doctor), day.isoformat(), f"{start:%H:%M}"]
            for doctor in doctors
            if doctor not in busy
            for start in starts
        ]
    random.shuffle(pages)
    random.shuffle(api)
    return pages[:ROOM], api[:ROOM]


def past_visits(doctor: Any, patients: list[Any], count: int = ROOM) -> list[str]:
    """Completed visits without an invoice: put straight into the tables, at night, on days long past."""
    from django.utils import timezone

    from clinical.models import Consultation
    from healthcare.context import act
    from scheduling.models import Appointment

    first = Appointment.objects.order_by("appointment_date").values_list("appointment_date", flat=True).first()
    visits, notes = [], []
    for number in range(count):
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


def busy_patient(doctor: Any) -> dict[str, Any]:
    """A patient with 500 visits and 1,000 invoices, a visit that is under way, an invoice of 300 lines."""
    from django.db import transaction
    from django.db.models import Count

    from billing.models import Invoice, InvoiceLineItem
    from clinical.models import Consultation
    from departments.models import User
    from healthcare.clock import now, today
    from healthcare.context import act
    from patients.models import Patient
    from scheduling.models import Appointment

    invoice = Invoice.objects.filter(invoice_number="BENCH-0000").first()
    patient = invoice.patient_id if invoice else Patient.objects.filter(is_active=True).order_by("-pk")[0].pk
    if invoice is None:
        past_visits(doctor, [patient], 500)
        lines, invoices = [], []
        for number in range(1000):
            many = 300 if number == 0 else 3
            invoices.append(
                Invoice(
                    invoice_number=f"BENCH-{number:04}",
                    patient_id=patient,
                    invoice_date=today() - timedelta(days=1000 - number),
                    due_date=today() - timedelta(days=970 - number),
                    subtotal=10 * many,
                    total_amount=10 * many,
                    balance_due=10 * many,
                    status="overdue",
                    issued_at=now(),
                )
            )
            lines += [
                InvoiceLineItem(invoice=invoices[-1], description=f"Bench {line}", unit_price=10, line_total=10)
                for line in range(many)
            ]
        me = User.objects.get(email="doctor@clinic.example")
        visit = Appointment(
            patient_id=patient,
            doctor=me,
            department_id=me.department_id,
            appointment_date=today() - timedelta(days=5000),  # when the demo has no other
            appointment_time=time(3, 0),
            duration_minutes=15,
            appointment_type="consultation",
            status="in_progress",
            checked_in_at=now(),
            started_at=now(),
        )
        note = Consultation(appointment=visit, patient_id=patient, doctor=me, chief_complaint="Bench, open")
        with transaction.atomic(), act(audited=False):
            InvoiceLineItem.objects.bulk_create(lines)
            Invoice.objects.bulk_create(invoices)
            Appointment.objects.bulk_create([visit])
            Consultation.objects.bulk_create([note])
    visits = Appointment.objects.filter(patient=patient).aggregate(number=Count("pk"))["number"]
    return {
        "busy": str(patient),
        "busy_visits": visits,
        "long": str(Invoice.objects.get(invoice_number="BENCH-0000").pk),
        "consultation": str(Consultation.objects.filter(chief_complaint="Bench, open").latest("pk").pk),
    }


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
