"""What people do with insurers, patients, records and allergies: one form for each."""

from patients.forms.allergy import AddAllergyForm, AllergyEnteredInErrorForm, ChangeAllergyForm
from patients.forms.imports import ImportColumnsForm, RunImportForm, UploadPatientsForm
from patients.forms.insurance_provider import (
    DeactivateInsuranceProviderForm,
    InsuranceProviderForm,
    ReactivateInsuranceProviderForm,
)
from patients.forms.medical_record import CreateMedicalRecordForm, DeleteMedicalRecordForm, MedicalRecordForm
from patients.forms.patient import (
    DeactivatePatientForm,
    EditPatientForm,
    ReactivatePatientForm,
    RegisterPatientForm,
)

__all__ = [
    "AddAllergyForm",
    "AllergyEnteredInErrorForm",
    "ChangeAllergyForm",
    "CreateMedicalRecordForm",
    "DeactivateInsuranceProviderForm",
    "DeactivatePatientForm",
    "DeleteMedicalRecordForm",
    "EditPatientForm",
    "ImportColumnsForm",
    "InsuranceProviderForm",
    "MedicalRecordForm",
    "ReactivateInsuranceProviderForm",
    "ReactivatePatientForm",
    "RegisterPatientForm",
    "RunImportForm",
    "UploadPatientsForm",
]
