"""Vital signs, consultations, the medication catalogue, prescriptions and lab tests."""

from clinical.models.consultations import EDITABLE_AFTER_COMPLETION, Consultation, ConsultationAddendum
from clinical.models.lab_tests import LabResultVersion, LabTest, LabTestStatus
from clinical.models.prescriptions import VALIDITY_DAYS, Medication, Prescription
from clinical.models.problems import Problem, ProblemStatus, TextTemplate
from clinical.models.vital_signs import VitalSign

__all__ = [
    "EDITABLE_AFTER_COMPLETION",
    "VALIDITY_DAYS",
    "Consultation",
    "ConsultationAddendum",
    "LabResultVersion",
    "LabTest",
    "LabTestStatus",
    "Medication",
    "Prescription",
    "Problem",
    "ProblemStatus",
    "TextTemplate",
    "VitalSign",
]
