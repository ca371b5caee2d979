"""What happened with a patient, newest first, as far as the role may see: visits, notes, orders, measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from healthcare.clock import zone
from healthcare.roles import may
from patients.models import Patient

#: Of each kind so many are looked at; the lists hold the rest.
EACH = 40


@dataclass(frozen=True)
class Event:
    """One line of the timeline."""

    at: datetime
    kind: Any
    text: str
    url: str
    struck: bool = False

    def get_absolute_url(self) -> str:
        """The page of what happened."""
        return self.url


@dataclass(frozen=True)
class Source:
    """Rows of an app above, by reverse relation, and how one of them reads."""

    kind: Any
    relation: str
    permission: str
    order: str
    at: Callable[[Any], datetime]
    text: Callable[[Any], str]
    select: tuple[str, ...] = ()


def moment_of(visit: Any) -> datetime:
    """A visit's start on the clinic's wall clock as a moment."""
    return timezone.make_aware(visit.start, zone())


def midnight(day: Any) -> datetime:
    """A day as a moment."""
    return timezone.make_aware(datetime.combine(day, datetime.min.time()), zone())


SOURCES = (
    Source(
        _("Visit"),
        "appointments",
        "appointments.view",
        "-appointment_date",
        moment_of,
        lambda row: f"{row.get_appointment_type_display()}, {row.doctor} ({row.get_status_display()})",
        ("doctor",),
    ),
    Source(
        _("Consultation"),
        "consultations",
        "consultations.view",
        "-consultation_date",
        lambda row: row.consultation_date,
        lambda row: row.diagnosis or row.chief_complaint,
    ),
    Source(
        _("Prescription"),
        "prescriptions",
        "prescriptions.view",
        "-created_at",
        lambda row: row.created_at,
        lambda row: f"{row}, {row.frequency}",
    ),
    Source(
        _("Lab test"),
        "lab_tests",
        "lab_tests.results",
        "-ordered_date",
        lambda row: row.result_date or row.ordered_date,
        lambda row: f"{row.test_name}: {row.result or row.get_status_display()}",
    ),
    Source(
        _("Vital signs"),
        "vital_signs",
        "vital_signs.view",
        "-recorded_at",
        lambda row: row.recorded_at,
        lambda row: ", ".join(f"{label} {value}" for label, value in row.readings()),
        ("patient",),
    ),
    Source(
        _("Problem"),
        "problems",
        "medical_records.view",
        "-since",
        lambda row: midnight(row.since),
        str,
    ),
)


def timeline(patient: Patient, user: Any) -> list[Event]:
    """The newest events of all kinds that this person may see, in one order."""
    found = [event for source in SOURCES if may(user, source.permission) for event in events(source, patient, user)]
    return sorted(found, key=lambda event: event.at, reverse=True)


def events(source: Source, patient: Patient, user: Any) -> Iterable[Event]:
    """The newest rows of one kind."""
    rows = getattr(patient, source.relation).visible_to(user).select_related(*source.select)
    for row in rows.order_by(source.order)[:EACH]:
        struck = bool(getattr(row, "struck", False))
        yield Event(source.at(row), source.kind, source.text(row), row.get_absolute_url(), struck)
