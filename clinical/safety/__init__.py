"""Prescription safety: allergies, interactions and duplicates. Pure Python, offline, no framework."""

from .allergy_text import resolve_allergy
from .check import check
from .knowledge import verify_data
from .medication_text import resolve_medication
from .model import (
    Allergy,
    AllergyResolution,
    CurrentMedication,
    Medicine,
    Mention,
    Result,
    SafetyDataError,
    Warning,
)

__all__ = [
    "Allergy",
    "AllergyResolution",
    "CurrentMedication",
    "Medicine",
    "Mention",
    "Result",
    "SafetyDataError",
    "Warning",
    "check",
    "resolve_allergy",
    "resolve_medication",
    "verify_data",
]
