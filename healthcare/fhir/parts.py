"""The small types that FHIR's resources are made of."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from healthcare.clinic import clinic
from healthcare.clock import zone

LOINC, UCUM, SNOMED = "http://loinc.org", "http://unitsofmeasure.org", "http://snomed.info/sct"
TERMS = "http://terminology.hl7.org/CodeSystem"
NUMBERS = "urn:clinic"
#: How it is said that a patient was asked about allergies and has none; silence means that nobody asked (BYD-3).
NO_ALLERGY_CODE, NO_ALLERGY = "716186003", "No known allergy"


def made(kind: str, row: Any, suffix: str = "", **elements: Any) -> dict[str, Any]:
    """A resource of a row: what is empty is left out, as FHIR wants it."""
    meta = {"lastUpdated": instant(row.updated_at)}
    full = {"resourceType": kind, "id": f"{row.pk}{suffix}", "meta": meta, **elements}
    return {name: value for name, value in full.items() if value not in (None, "", [], {})}


def ref(kind: str, key: Any, display: Any = "") -> dict[str, str] | None:
    """A reference to another resource."""
    if key is None:
        return None
    return {"reference": f"{kind}/{key}", **({"display": str(display)} if display else {})}


def instant(moment: datetime | None) -> str | None:
    """A moment with its time zone."""
    return moment.isoformat() if moment else None


def on_the_wall(moment: datetime) -> str:
    """A moment of the clinic's wall clock, with its time zone."""
    return timezone.make_aware(moment, zone()).isoformat()


def concept(text: str = "", *codings: tuple[str, str, str]) -> dict[str, Any] | None:
    """A concept in words, with (system, code, display) where it is coded."""
    coding = [
        {"system": system, "code": code, **({"display": display} if display else {})}
        for system, code, display in codings
        if code
    ]
    found = {**({"coding": coding} if coding else {}), **({"text": text} if text else {})}
    return found or None


def term(system: str, code: str) -> dict[str, Any] | None:
    """A concept of HL7's own terminology."""
    return concept("", (f"{TERMS}/{system}", code, ""))


def quantity(value: Decimal | int | float, unit: str, code: str = "") -> dict[str, Any]:
    """A measured amount, with its UCUM code where that is known."""
    coded = {"system": UCUM, "code": code} if code else {}
    return {"value": float(value), **({"unit": unit} if unit else {}), **coded}


def money(value: Decimal) -> dict[str, Any]:
    """An amount in the clinic's currency."""
    return {"value": float(value), "currency": clinic().currency}
