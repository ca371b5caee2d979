"""Addresses of insurers, patients, medical records and allergies."""

from django.urls import path

from patients.views import chart, confidential, imports, insurance_provider, medical_record, merge, patient

urlpatterns = [
    path("insurance-providers/", insurance_provider.InsuranceProviderList.as_view(), name="insurance_provider_list"),
    path(
        "insurance-providers/new/",
        insurance_provider.InsuranceProviderCreate.as_view(),
        name="insurance_provider_create",
    ),
    path(
        "insurance-providers/<uuid:pk>/",
        insurance_provider.InsuranceProviderDetail.as_view(),
        name="insurance_provider_detail",
    ),
    path(
        "insurance-providers/<uuid:pk>/edit/",
        insurance_provider.InsuranceProviderEdit.as_view(),
        name="insurance_provider_edit",
    ),
    path(
        "insurance-providers/<uuid:pk>/delete/",
        insurance_provider.InsuranceProviderDeactivate.as_view(),
        name="insurance_provider_delete",
    ),
    path(
        "insurance-providers/<uuid:pk>/reactivate/",
        insurance_provider.InsuranceProviderReactivate.as_view(),
        name="insurance_provider_reactivate",
    ),
    path("patients/", patient.PatientList.as_view(), name="patient_list"),
    path("patients/options/", patient.PatientOptions.as_view(), name="patient_options"),
    path("patients/duplicates/", patient.PatientDuplicates.as_view(), name="patient_duplicates"),
    path("patients/new/", patient.PatientCreate.as_view(), name="patient_create"),
    path("patient-imports/", imports.PatientImportList.as_view(), name="patient_import_list"),
    path("patient-imports/new/", imports.PatientImportCreate.as_view(), name="patient_import_create"),
    path("patient-imports/<uuid:pk>/", imports.PatientImportDetail.as_view(), name="patient_import_detail"),
    path("patient-imports/<uuid:pk>/columns/", imports.PatientImportColumns.as_view(), name="patient_import_columns"),
    path("patient-imports/<uuid:pk>/run/", imports.PatientImportRun.as_view(), name="patient_import_run"),
    path(
        "patient-imports/<uuid:pk>/problems/", imports.PatientImportProblems.as_view(), name="patient_import_problems"
    ),
    path("patients/<uuid:pk>/", chart.PatientDetail.as_view(), name="patient_detail"),
    path("patients/<uuid:pk>/edit/", patient.PatientEdit.as_view(), name="patient_edit"),
    path("patients/<uuid:pk>/merge/", merge.PatientMergePage.as_view(), name="patient_merge"),
    path("patients/<uuid:pk>/sticker/", patient.PatientSticker.as_view(), name="patient_sticker"),
    path("patient-merges/<uuid:pk>/undo/", merge.PatientMergeUndo.as_view(), name="patient_merge_undo"),
    path("patients/<uuid:pk>/open/", confidential.PatientOpen.as_view(), name="patient_open"),
    path("patients/<uuid:pk>/confidential/", confidential.PatientMark.as_view(), name="patient_confidential"),
    path("patients/<uuid:pk>/not-confidential/", confidential.PatientUnmark.as_view(), name="patient_not_confidential"),
    path("patients/<uuid:pk>/delete/", patient.PatientDeactivate.as_view(), name="patient_delete"),
    path("patients/<uuid:pk>/reactivate/", patient.PatientReactivate.as_view(), name="patient_reactivate"),
    path(
        "patients/<uuid:pk>/allergies/new/",
        medical_record.PatientAllergyCreate.as_view(),
        name="patient_allergy_create",
    ),
    path("allergies/<uuid:pk>/edit/", medical_record.PatientAllergyEdit.as_view(), name="patient_allergy_edit"),
    path(
        "allergies/<uuid:pk>/delete/",
        medical_record.PatientAllergyEnteredInError.as_view(),
        name="patient_allergy_delete",
    ),
    path("medical-records/", medical_record.MedicalRecordList.as_view(), name="medical_record_list"),
    path("medical-records/new/", medical_record.MedicalRecordCreate.as_view(), name="medical_record_create"),
    path("medical-records/<uuid:pk>/", medical_record.MedicalRecordDetail.as_view(), name="medical_record_detail"),
    path("medical-records/<uuid:pk>/edit/", medical_record.MedicalRecordEdit.as_view(), name="medical_record_edit"),
    path(
        "medical-records/<uuid:pk>/delete/", medical_record.MedicalRecordDelete.as_view(), name="medical_record_delete"
    ),
]
