"""Clinical documents on paper (PRN-1)."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from clinical.models import Consultation, LabTest, Prescription
from healthcare.clock import date_of, now
from healthcare.generic import PdfPage
from healthcare.pdf import qr_code
from healthcare.roles import may
from patients.models import Patient

#: A document beyond this takes too long to make; what is left out is said in it.
MOST_VISITS, MOST_VITALS, MOST_RESULTS = 150, 60, 200


def allergy_line(patient: Patient) -> str:
    """The patient's allergies in one line, as every clinical document says them."""
    state, allergies = patient.allergy_summary()
    if allergies:
        return ", ".join(
            f"{allergy['text']} ({allergy['severity']})" if allergy["severity"] == "severe" else allergy["text"]
            for allergy in allergies
        )
    return _("none known") if state == "none_known" else _("not asked")


class ClinicalDocument(PdfPage):
    """A document with the patient's identity, a QR code of its number, and the allergies."""

    abstract = True

    def get_queryset(self) -> Any:
        return self.model.objects.select_related("patient__medical_record").prefetch_related(
            "patient__patient_allergies"
        )

    def document_context(self) -> dict[str, Any]:
        number = f"{self.object.patient.patient_number}-{str(self.object.pk)[-8:].upper()}"
        return {
            "document_number": number,
            "qr": qr_code(number),
            "printed_at": now(),
            "printed_by": str(self.request.user),
            "allergy_line": allergy_line(self.object.patient) if may(self.request.user, "allergies.view") else "",
            **self.content(),
        }

    def content(self) -> dict[str, Any]:
        """What this document says beside that."""
        return {}


class PrescriptionPdf(ClinicalDocument):
    """One prescription."""

    permission = "prescriptions.view"
    model = Prescription
    template_name = "clinical/pdf/prescription.html"

    def content(self) -> dict[str, Any]:
        return {"prescriptions": [self.object], "doctor": self.object.doctor}


class ConsultationPrescriptionsPdf(ClinicalDocument):
    """What its doctor prescribed in a consultation and did not discontinue, on one sheet for one signature."""

    permission = "prescriptions.view"
    model = Consultation
    template_name = "clinical/pdf/prescription.html"

    def content(self) -> dict[str, Any]:
        prescriptions = self.object.prescriptions_to_sign
        if not prescriptions:
            raise Http404
        return {"prescriptions": prescriptions, "consultation": self.object, "doctor": self.object.doctor}


class ConsultationSummary(ClinicalDocument):
    """The visit: measurements, note, prescriptions, tests, addenda."""

    permission = "consultations.view"
    model = Consultation
    template_name = "clinical/pdf/summary.html"

    def content(self) -> dict[str, Any]:
        consultation = self.object
        day = date_of(consultation.consultation_date)
        return {
            "consultation": consultation,
            "vitals": consultation.patient.vital_signs.valid().filter(recorded_at__date=day).order_by("recorded_at"),
            "prescriptions": consultation.prescriptions.order_by("created_at"),
            "lab_tests": consultation.lab_tests.order_by("ordered_date"),
            "addenda": consultation.addenda.select_related("author"),
        }


class LabTestRequisition(ClinicalDocument):
    """What the laboratory gets with the sample."""

    permission = "lab_tests.view"
    model = LabTest
    template_name = "clinical/pdf/requisition.html"

    def content(self) -> dict[str, Any]:
        return {"lab_tests": [self.object], "doctor": self.object.ordered_by_doctor}


class ConsultationRequisition(ClinicalDocument):
    """All tests of a consultation that are still to be done, on one sheet for one signature."""

    permission = "consultations.view"
    model = Consultation
    template_name = "clinical/pdf/requisition.html"

    def content(self) -> dict[str, Any]:
        lab_tests = self.object.lab_tests_to_do
        if not lab_tests:
            raise Http404
        return {"lab_tests": lab_tests, "doctor": self.object.doctor}


class PatientChartPdf(ClinicalDocument):
    """A patient's whole chart (DATA-5): everything that the doctors' pages show, oldest visit last."""

    permission = "medical_records.view"
    model = Patient
    template_name = "clinical/pdf/chart.html"

    def get_queryset(self) -> Any:
        return Patient.objects.select_related("medical_record").prefetch_related("patient_allergies")

    def get_patient(self) -> Any:
        return self.object

    def document_context(self) -> dict[str, Any]:
        patient = self.object
        return {
            "document_number": patient.patient_number,
            "qr": qr_code(patient.patient_number),
            "printed_at": now(),
            "printed_by": str(self.request.user),
            "allergy_line": allergy_line(patient),
            **self.content(),
        }

    def content(self) -> dict[str, Any]:
        patient = self.object
        consultations = (
            patient.consultations.kept()
            .select_related("doctor")
            .prefetch_related("prescriptions", "lab_tests", "addenda__author")
            .order_by("-consultation_date")
        )
        found = list(consultations[: MOST_VISITS + 1])
        return {
            "record": getattr(patient, "medical_record", None),
            "problems": patient.problems.exclude(status="entered_in_error").order_by("status", "-since"),
            "allergies": patient.patient_allergies.order_by("status", "substance"),
            "medications": patient.prescriptions.current().order_by("-prescribed_date"),
            "vitals": patient.vital_signs.valid().order_by("-recorded_at")[:MOST_VITALS],
            "consultations": found[:MOST_VISITS],
            "results": patient.lab_tests.filter(status="completed", consultation=None).order_by("-result_date")[
                :MOST_RESULTS
            ],
            "cut": MOST_VISITS if len(found) > MOST_VISITS else 0,
        }
