"""Clinical documents on paper (PRN-1)."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from clinical.models import Consultation, LabTest, Prescription
from healthcare.clock import now
from healthcare.generic import PdfPage
from healthcare.pdf import qr_code
from healthcare.roles import may
from patients.models import Patient


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
    """All prescriptions of a consultation that are not discontinued, on one sheet."""

    permission = "prescriptions.view"
    model = Consultation
    template_name = "clinical/pdf/prescription.html"

    def content(self) -> dict[str, Any]:
        prescriptions = list(self.object.prescriptions.filter(is_active=True).order_by("created_at"))
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
        measured = (
            consultation.patient.vital_signs.valid()
            .filter(recorded_at__date=timezone.localdate(consultation.consultation_date))
            .order_by("-recorded_at")
            .first()
        )
        return {
            "consultation": consultation,
            "vitals": measured.readings() if measured else [],
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
        return {"lab_test": self.object}
