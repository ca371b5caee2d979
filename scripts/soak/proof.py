"""After the day: is every acknowledged write there once, do books, trail and calendar agree? JSON findings."""

from __future__ import annotations

import io
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import django


def main(path: Path) -> list[str]:
    """What is wrong."""
    from django.core.management import CommandError, call_command

    from billing.models import Invoice, Payment
    from clinical.models import Consultation, LabTest, Prescription, VitalSign
    from patients.models import Patient
    from reporting.models import Report
    from reporting.worker import sweep
    from scheduling.models import Appointment

    found = []
    told = json.loads(path.read_text()) if path.exists() else {}
    # By what the person typed, and not by the key that was answered: a second row would have another.
    of_patient = "patient__last_name"
    columns: dict[str, tuple[Any, str]] = {
        "patients": (Patient, "last_name"),
        "appointments": (Appointment, "reason"),
        "vital_signs": (VitalSign, of_patient),
        "consultations": (Consultation.objects.filter(completed_at__isnull=False), of_patient),
        "prescriptions": (Prescription, of_patient),
        "lab_tests": (LabTest, of_patient),
        "invoices": (Invoice.objects.exclude(status="draft"), of_patient),
        "payments": (Payment, "transaction_reference"),
    }
    for kind, (rows, column) in columns.items():
        rows = getattr(rows, "objects", rows)
        for key in told.get(kind, ()):
            count = rows.filter(**{column: key}).count()
            if count != 1:
                found.append(f"{kind}: {key} was acknowledged and is there {count} times")
    for command in (("seal_audit", "--once"), ("verify_audit",), ("reconcile",)):
        out = io.StringIO()
        try:
            call_command(*command, stdout=out)
        except CommandError as error:
            found.append(f"{command[0]}: {error} {out.getvalue()[-500:]}")
    found += overlaps(Appointment)
    sweep()
    stuck = Report.objects.filter(status="generating", attempts__gte=3).count()
    if stuck:
        found.append(f"{stuck} reports are stuck")
    return found


def overlaps(model) -> list[str]:
    """Doctors who are booked twice, found by other means than the database's own guard."""
    from datetime import datetime, timedelta

    rows = model.objects.exclude(
        status__in=("cancelled", "no_show"),
    ).order_by("doctor_id", "appointment_date", "appointment_time")
    found = []
    values = rows.values_list("doctor_id", "appointment_date", "appointment_time", "duration_minutes", "pk")
    for one, two in pairwise(values.iterator()):
        start, other = datetime.combine(one[1], one[2]), datetime.combine(two[1], two[2])
        if one[0] == two[0] and start + timedelta(minutes=one[3]) > other:
            found.append(f"appointments {one[4]} and {two[4]} overlap")
    return found


if __name__ == "__main__":
    django.setup()
    print(json.dumps(main(Path(sys.argv[1]))))
