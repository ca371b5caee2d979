"""The API's resources about insurers, patients, their records and allergies."""

from __future__ import annotations

from healthcare.generic import ListPage
from healthcare.rest import Nested, Resource
from patients import forms
from patients.models import PatientAllergy
from patients.views import insurance_provider, medical_record, patient
from patients.views.chart import PatientDetail

INSURANCE_PROVIDERS = Resource(
    "insurance-providers",
    list_page=insurance_provider.InsuranceProviderList,
    detail_page=insurance_provider.InsuranceProviderDetail,
    create=insurance_provider.InsuranceProviderCreate,
    edit=insurance_provider.InsuranceProviderEdit,
    delete=insurance_provider.InsuranceProviderDeactivate,
    actions={"reactivate": insurance_provider.InsuranceProviderReactivate},
)
MEDICAL_RECORDS = Resource(
    "medical-records",
    list_page=medical_record.MedicalRecordList,
    detail_page=medical_record.MedicalRecordDetail,
    create=medical_record.MedicalRecordCreate,
    edit=medical_record.MedicalRecordEdit,
    delete=medical_record.MedicalRecordDelete,
)


class PatientAllergyList(ListPage):
    """Coded allergies; on pages they stand in the chart."""

    permission = "allergies.view"
    model = PatientAllergy
    ordering = ("-created_at",)


PATIENT_ALLERGIES = Resource(
    "patient-allergies",
    list_page=PatientAllergyList,
    edit=forms.ChangeAllergyForm,
    delete=forms.AllergyEnteredInErrorForm,
)
#: What only those see who hold `patients.contact`.
CONTACT = (
    *("email", "address", "city", "state", "postal_code", "country"),
    *("emergency_contact_name", "emergency_contact_phone", "emergency_contact_relationship"),
    *("insurance_provider_id", "insurance_policy_number"),
)
PATIENTS = Resource(
    "patients",
    list_page=patient.PatientList,
    detail_page=PatientDetail,
    create=patient.PatientCreate,
    edit=patient.PatientEdit,
    delete=patient.PatientDeactivate,
    actions={"reactivate": patient.PatientReactivate},
    optional=("patient_number",),
    assigned=("patient_number",),
    hidden={"patients.phone": ("phone",), "patients.contact": CONTACT},
    computed={"age": (lambda row: row.age, {"type": "integer"})},
    # The rooms above add what is theirs.
    details={
        "insurance_provider": Nested("insurance_provider", INSURANCE_PROVIDERS),
        "medical_record": Nested("medical_record", MEDICAL_RECORDS),
        "patient_allergies": Nested("patient_allergies", PATIENT_ALLERGIES, order="-created_at"),
    },
    details_related=("insurance_provider", "medical_record"),
)
RESOURCES = (INSURANCE_PROVIDERS, PATIENTS, MEDICAL_RECORDS, PATIENT_ALLERGIES)
