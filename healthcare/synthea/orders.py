"""Medications become prescriptions; allergies, open conditions and immunizations join the medical record."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from clinical.models import Consultation, Medication, Prescription
from clinical.prescribing import PatientSafety
from clinical.safety import Allergy
from healthcare.synthea.forms import PastAllergy, PastPrescription, fill
from healthcare.synthea.reading import Row, Unusable, at_midnight, day, has_time, identity, moment, untagged, words
from healthcare.synthea.rejects import Outcome
from healthcare.synthea.visits import NOT_RECORDED, is_diagnosis
from healthcare.text import LONG_TEXT
from patients.models import AllergySeverity, Patient, PatientAllergy

_ALLERGY_WORDS = re.compile(r"^allergy to (?!substance)|\s+allergy$", re.IGNORECASE)
SEVERITIES = [AllergySeverity.MILD, AllergySeverity.MODERATE, AllergySeverity.SEVERE]


class Catalogue:
    """The clinic's medications by their name, for exact matches only."""

    def __init__(self) -> None:
        self.by_name: dict[str, UUID] = {}
        for pk, name in Medication.objects.active().order_by("strength").values_list("pk", "name"):
            self.by_name.setdefault(name.casefold(), pk)

    def match(self, name: str) -> UUID | None:
        """The medication of exactly this name, if the clinic has it."""
        return self.by_name.get(name.casefold())


class PastSafety(PatientSafety):
    """Allergies count as ever; what is taken now has no say in what was prescribed before."""

    def __init__(self, patient: Patient, listed: Iterable[PatientAllergy] | None) -> None:
        super().__init__(patient)
        self.current = []
        if listed is not None:  # a new patient's, which are not saved yet
            self.allergies = [
                Allergy(row.substance, coded=True, severity=row.severity, reaction=row.reaction)
                for row in listed
                if row.status == PatientAllergy.Status.ACTIVE
            ]

    def lock(self) -> None:
        """Nothing: the whole import is one writer, and a new patient is not in the database yet."""

    def notices(self) -> list[str]:
        """Nobody reads them."""
        return []


def read_prescriptions(
    rows: Iterable[Row],
    consultation: Consultation,
    catalogue: Catalogue,
    safety: PastSafety,
    known: set[UUID],
    outcome: Outcome,
) -> Iterable[Prescription]:
    """The prescriptions of an encounter. Synthea tells neither dosage nor frequency nor duration."""
    seen: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        key = (row["ENCOUNTER"].lower(), row["CODE"], row["START"], row["DESCRIPTION"])
        seen[key] += 1
        pk = identity("prescription", *key, seen[key])
        if pk in known:
            outcome.skip(row)
            continue
        try:
            prescription = _prescription(row, pk, consultation, catalogue, safety)
        except Unusable as error:
            outcome.reject(row, error)
            continue
        outcome.take(row)
        yield prescription


def _prescription(
    row: Row, pk: UUID, consultation: Consultation, catalogue: Catalogue, safety: PastSafety
) -> Prescription:
    name = words(row, "DESCRIPTION")
    prescription = Prescription(
        pk=pk,
        consultation=consultation,
        patient=consultation.patient,
        doctor=consultation.doctor,
        prescribed_date=day(row, "START"),
    )
    if row["STOP"]:
        stopped = moment(row, "STOP") if has_time(row["STOP"]) else at_midnight(day(row, "STOP"))
        if stopped < moment(row, "START"):
            raise Unusable(_("STOP is before START."))
        prescription.is_active = False
        prescription.discontinued_at = stopped
        prescription.discontinued_reason = str(_("Stopped, as imported."))
    data = {
        "medication": catalogue.match(name),
        "medication_name": name,
        "dosage": NOT_RECORDED,
        "frequency": NOT_RECORDED,
        "duration": NOT_RECORDED,
        "acknowledge_warnings": True,
        "override_reason": str(_("Prescribed before the import.")),
    }
    return fill(PastPrescription, prescription, data, actor=consultation.doctor, safety=safety)


def read_allergies(
    rows: Iterable[Row], patient: Patient, known: set[UUID], outcome: Outcome
) -> Iterable[PatientAllergy]:
    """The coded allergies of a patient."""
    seen: Counter[str] = Counter()
    listed: set[str] = set()
    for row in rows:
        name = row["DESCRIPTION"]
        seen[name] += 1
        pk = identity("allergy", row["PATIENT"].lower(), name, seen[name])
        if pk in known:
            outcome.skip(row)
            continue
        try:
            allergy = _allergy(row, pk, patient, listed)
        except Unusable as error:
            outcome.reject(row, error)
            continue
        if allergy.status == PatientAllergy.Status.ACTIVE:
            listed.add(allergy.substance.casefold())
        outcome.take(row)
        yield allergy


def _allergy(row: Row, pk: UUID, patient: Patient, listed: set[str]) -> PatientAllergy:
    day(row, "START")
    allergy = PatientAllergy(pk=pk, patient=patient)
    if row["STOP"]:
        allergy.status = PatientAllergy.Status.INACTIVE
        allergy.status_reason = str(_("Resolved on %(date)s.") % {"date": day(row, "STOP")})
    substance = _ALLERGY_WORDS.sub("", untagged(words(row, "DESCRIPTION")))
    reactions = [untagged(words(row, column)) for column in ("DESCRIPTION1", "DESCRIPTION2") if row[column]]
    severities = [row[column].lower() for column in ("SEVERITY1", "SEVERITY2")]
    worst = max((SEVERITIES.index(text) for text in severities if text in SEVERITIES), default=None)  # type: ignore[arg-type]
    data: dict[str, Any] = {
        "substance": substance[:1].upper() + substance[1:],
        "reaction": ", ".join(reactions),
        # The form's own default where the file does not say.
        "severity": AllergySeverity.MODERATE if worst is None else SEVERITIES[worst],
    }
    return fill(PastAllergy, allergy, data, listed=listed)


@dataclass
class Lines:
    """Dated lines of a text of the medical record, no more than it holds."""

    lines: list[str] = field(default_factory=list)

    def add(self, on: date, text: str) -> str:
        """One line more, once; returns it. Unusable if the text is full."""
        line = f"{on:%Y-%m-%d} {text}"
        if line not in self.lines:
            if len(self.text) + len(line) + 1 > LONG_TEXT:
                raise Unusable(_("This text of the medical record is full."))
            self.lines.append(line)
        return line

    @property
    def text(self) -> str:
        """The lines, oldest first."""
        return "\n".join(sorted(self.lines))


def is_chronic(row: Row) -> bool:
    """Whether a condition is a disorder that has not ended."""
    return not row["STOP"] and is_diagnosis(row["DESCRIPTION"])
