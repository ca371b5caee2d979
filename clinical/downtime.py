"""The downtime pack (BYD-10): a day's visits on paper, with allergies and current medications, and blank forms."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from clinical.models import Prescription
from clinical.views.printables import allergy_line
from healthcare.clock import next_at, now, today
from healthcare.events import record
from healthcare.pdf import render_pdf
from healthcare.storage import put
from healthcare.tasks import enqueue
from scheduling.models import Appointment

logger = logging.getLogger("healthcare.downtime")

FOLDER = "downtime"
#: The pack of today and tomorrow are of use; older ones are only paper that should not lie about.
KEPT_DAYS = 2
#: A document beyond this takes too long to make; what is left out is said in it.
MOST_VISITS = 400
#: After so long nobody waits any more for a worker that was asked.
PATIENCE = timedelta(minutes=10)
#: So many empty lines on each sheet to write on.
BLANK_LINES = 18


def path_of(day: date) -> str:
    """Where the pack of a day lies in the storage."""
    return f"{FOLDER}/{day.isoformat()}.pdf"


def visits_of(day: date) -> list[Appointment]:
    """The day's visits that may still happen, by doctor and time."""
    rows = Appointment.objects.filter(appointment_date=day).exclude(status__in=("cancelled", "no_show"))
    return list(
        rows.select_related("patient__medical_record", "doctor", "department")
        .prefetch_related("patient__patient_allergies")
        .order_by("doctor__last_name", "doctor__first_name", "doctor_id", "appointment_time")[: MOST_VISITS + 1]
    )


def medications_of(visits: list[Appointment], day: date) -> dict[Any, list[str]]:
    """What each of the patients takes on that day."""
    found: dict[Any, list[str]] = defaultdict(list)
    current = Prescription.objects.current(on=day).filter(patient_id__in={visit.patient_id for visit in visits})
    for row in current.order_by("medication_name"):
        found[row.patient_id].append(
            " ".join(part for part in (row.medication_name, row.dosage, row.frequency) if part)
        )
    return found


def lists_of(day: date) -> dict[str, Any]:
    """What the pack's template shows."""
    visits = visits_of(day)
    taken = medications_of(visits, day)
    doctors = []
    for doctor, of_doctor in groupby(visits[:MOST_VISITS], key=lambda visit: visit.doctor):
        rows = [
            {
                "visit": visit,
                "patient": visit.patient,
                "allergies": allergy_line(visit.patient),
                # Paper asks nobody for a reason; a confidential chart stays closed on it.
                "medications": [_("confidential chart")] if visit.patient.is_confidential else taken[visit.patient_id],
            }
            for visit in of_doctor
        ]
        doctors.append({"doctor": doctor, "rows": rows})
    return {
        "day": day,
        "doctors": doctors,
        "cut_off": len(visits) > MOST_VISITS,
        "walk_in_columns": (_("Time"), _("Last name, first name"), _("Born"), _("Phone"), _("Why")),
        "money_columns": (_("Time"), _("Patient, number"), _("For"), _("Method"), _("Amount"), _("Taken by")),
        "blank_lines": range(BLANK_LINES),
    }


def make(day: date) -> bytes:
    """The pack as PDF; that it was printed is told by the trail."""
    content = lists_of(day)
    count = sum(len(part["rows"]) for part in content["doctors"])
    record("print", entity_type="downtime_pack", values={"day": day.isoformat(), "visits": count})
    title = _("Downtime pack %(day)s") % {"day": day}
    return render_pdf("clinical/pdf/downtime.html", {"document_title": title, **content})


def asked_path(day: date) -> str:
    """What lies in the storage while a worker is to make the pack of a day."""
    return f"{FOLDER}/{day.isoformat()}.asked"


def moment_of(path: str) -> datetime | None:
    """When a file of the storage was written; None if it is not there."""
    return default_storage.get_modified_time(path) if default_storage.exists(path) else None


def made_at(day: date) -> datetime | None:
    """When the pack of a day that lies in the storage was made."""
    return moment_of(path_of(day))


def being_made(day: date) -> bool:
    """Whether a worker was asked for it a moment ago and has not brought it yet."""
    asked = moment_of(asked_path(day))
    return asked is not None and now() - asked < PATIENCE


def ask(day: date) -> None:
    """Have a worker make the pack of a day: hundreds of visits take half a minute. Asked twice, it is made once."""
    if not being_made(day):
        put(asked_path(day), ContentFile(b""))
        enqueue("clinical.downtime.keep", day.isoformat())


def keep(day: str) -> None:
    """Make the pack of a day (YYYY-MM-DD) into the storage, in the place of an older one; in the worker."""
    wanted = date.fromisoformat(day)
    try:
        put(path_of(wanted), ContentFile(make(wanted)))
    finally:
        default_storage.delete(asked_path(wanted))


def nightly() -> None:
    """Make tomorrow's pack; a worker does it each evening, before anything can break at night."""
    keep((today() + timedelta(days=1)).isoformat())
    oldest = path_of(today() - timedelta(days=KEPT_DAYS - 1))
    _folders, files = default_storage.listdir(FOLDER)
    for name in files:
        if f"{FOLDER}/{name}" < oldest:
            default_storage.delete(f"{FOLDER}/{name}")


def schedule(using: str = "default", **_kwargs: Any) -> None:
    """Each evening at eight on the clinic's wall."""
    from healthcare.tasks import DAY, repeat

    repeat("clinical.downtime.nightly", minutes=DAY, first=next_at(time(20, 0)), using=using)
