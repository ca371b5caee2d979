"""Insurers, patients, their medical record and coded allergies, merges, and what patients are found by."""

from patients.models.finding import PatientNameKey, PatientSearchTerm
from patients.models.merge import PatientMerge
from patients.models.patient import (
    OLDEST_YEARS,
    AllergySeverity,
    AllergyStatus,
    BloodType,
    Gender,
    InsuranceProvider,
    MedicalRecord,
    Patient,
    PatientAllergy,
)

__all__ = [
    "OLDEST_YEARS",
    "AllergySeverity",
    "AllergyStatus",
    "BloodType",
    "Gender",
    "InsuranceProvider",
    "MedicalRecord",
    "Patient",
    "PatientAllergy",
    "PatientMerge",
    "PatientNameKey",
    "PatientSearchTerm",
]
