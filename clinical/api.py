"""The API's resources about measurements, consultations, prescriptions, lab tests and the catalogue."""

from __future__ import annotations

from clinical.forms.consultations import ConsultationForm
from clinical.forms.lab_tests import LabTestRowForm
from clinical.forms.prescriptions import PrescriptionRowForm
from clinical.models import Consultation
from clinical.views import consultations, lab_tests, medications, prescriptions, vital_signs
from healthcare.rest import Nested, Resource
from patients.api import PATIENTS
from scheduling.api import APPOINTMENTS, DOCTOR

STATE = (lambda row: row.state, {"type": "string"})

VITAL_SIGNS = Resource(
    "vital-signs",
    list_page=vital_signs.VitalSignList,
    detail_page=vital_signs.VitalSignDetail,
    create=vital_signs.VitalSignCreate,
    edit=vital_signs.VitalSignEdit,
    delete=vital_signs.VitalSignsEnteredInErrorForm,
    computed={"state": STATE},
)
PRESCRIPTIONS = Resource(
    "prescriptions",
    list_page=prescriptions.PrescriptionList,
    detail_page=prescriptions.PrescriptionDetail,
    create=prescriptions.PrescriptionCreate,
    edit=prescriptions.PrescriptionEdit,
    delete=prescriptions.DiscontinuePrescriptionForm,
    optional=("medication_name",),
    actions={"discontinue": prescriptions.DiscontinuePrescriptionForm},
    computed={
        "state": STATE,
        "valid_until": (lambda row: row.valid_until.isoformat(), {"type": "string", "format": "date"}),
    },
)
LAB_TESTS = Resource(
    "lab-tests",
    list_page=lab_tests.LabTestList,
    detail_page=lab_tests.LabTestDetail,
    create=lab_tests.LabTestCreate,
    edit=lab_tests.LabTestEdit,
    delete=lab_tests.LabTestCancel,
    actions={
        "collect-sample": lab_tests.LabTestCollectSample,
        "start-processing": lab_tests.LabTestStartProcessing,
        "enter-results": lab_tests.LabTestEnterResults,
        "review": lab_tests.LabTestReview,
        "correct": lab_tests.LabTestCorrect,
        "cancel": lab_tests.LabTestCancel,
    },
    hidden={
        "lab_tests.results": (
            *("result_value", "result_unit", "reference_range", "result_date", "is_abnormal", "is_critical"),
            *("reviewed_at", "reviewed_by_user_id", "review_comment"),
        )
    },
)
#: What billing officers see of a consultation; every other column is clinical, also one that is added later.
SEEN_BY_ALL = frozenset(
    {"id", "created_at", "updated_at", "patient_id", "doctor_id", "appointment_id", "consultation_date", "completed_at"}
)
NOTE = tuple(f.attname for f in Consultation._meta.concrete_fields if f.attname not in SEEN_BY_ALL)
CONSULTATIONS = Resource(
    "consultations",
    list_page=consultations.ConsultationList,
    detail_page=consultations.ConsultationDetail,
    create=consultations.ConsultationCreate,
    create_then=ConsultationForm,
    edit=consultations.ConsultationEdit,
    delete=consultations.ConsultationAbandon,
    actions={"complete": consultations.ConsultationComplete},
    rows={"prescriptions": PrescriptionRowForm, "lab_tests": LabTestRowForm},
    hidden={"consultations.view": NOTE},
    computed={"state": STATE},
    details={
        "patient": Nested("patient", PATIENTS),
        "doctor": DOCTOR,
        "appointment": Nested("appointment", APPOINTMENTS),
        "prescriptions": Nested("prescriptions", PRESCRIPTIONS, order="created_at"),
        "lab_tests": Nested("lab_tests", LAB_TESTS, order="ordered_date"),
    },
    details_related=("patient", "doctor", "appointment"),
)
MEDICATIONS = Resource(
    "medications",
    list_page=medications.MedicationList,
    detail_page=medications.MedicationDetail,
    create=medications.MedicationCreate,
    edit=medications.MedicationEdit,
)
RESOURCES = (VITAL_SIGNS, CONSULTATIONS, PRESCRIPTIONS, LAB_TESTS, MEDICATIONS)
