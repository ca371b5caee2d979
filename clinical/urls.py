"""Addresses of the clinical pages."""

from django.urls import path

from clinical.views import consultations, lab_tests, medications, prescriptions, printables, recalls, vital_signs

urlpatterns = [
    path("recalls/", recalls.RecallList.as_view(), name="recall_list"),
    path("vital-signs/", vital_signs.VitalSignList.as_view(), name="vital_sign_list"),
    path("vital-signs/new/", vital_signs.VitalSignCreate.as_view(), name="vital_sign_create"),
    path("vital-signs/<uuid:pk>/", vital_signs.VitalSignDetail.as_view(), name="vital_sign_detail"),
    path("vital-signs/<uuid:pk>/edit/", vital_signs.VitalSignEdit.as_view(), name="vital_sign_edit"),
    path("vital-signs/<uuid:pk>/delete/", vital_signs.VitalSignEnteredInError.as_view(), name="vital_sign_delete"),
    path("appointments/<uuid:pk>/start/", consultations.ConsultationStart.as_view(), name="appointment_start"),
    path("consultations/", consultations.ConsultationList.as_view(), name="consultation_list"),
    path("consultations/new/", consultations.ConsultationCreate.as_view(), name="consultation_create"),
    path("consultations/<uuid:pk>/", consultations.ConsultationDetail.as_view(), name="consultation_detail"),
    path("consultations/<uuid:pk>/edit/", consultations.ConsultationEdit.as_view(), name="consultation_edit"),
    path(
        "consultations/<uuid:pk>/complete/", consultations.ConsultationComplete.as_view(), name="consultation_complete"
    ),
    path("consultations/<uuid:pk>/delete/", consultations.ConsultationAbandon.as_view(), name="consultation_delete"),
    path(
        "consultations/<uuid:pk>/addenda/",
        consultations.ConsultationAddendumCreate.as_view(),
        name="consultation_addendum",
    ),
    path("consultations/<uuid:pk>/summary/", printables.ConsultationSummary.as_view(), name="consultation_summary"),
    path(
        "consultations/<uuid:pk>/prescriptions/pdf/",
        printables.ConsultationPrescriptionsPdf.as_view(),
        name="consultation_prescriptions_pdf",
    ),
    path("prescriptions/", prescriptions.PrescriptionList.as_view(), name="prescription_list"),
    path("prescriptions/new/", prescriptions.PrescriptionCreate.as_view(), name="prescription_create"),
    path("prescriptions/overrides/", prescriptions.OverrideList.as_view(), name="prescription_overrides"),
    path("prescriptions/<uuid:pk>/", prescriptions.PrescriptionDetail.as_view(), name="prescription_detail"),
    path("prescriptions/<uuid:pk>/edit/", prescriptions.PrescriptionEdit.as_view(), name="prescription_edit"),
    path("prescriptions/<uuid:pk>/renew/", prescriptions.PrescriptionRenew.as_view(), name="prescription_renew"),
    path(
        "prescriptions/<uuid:pk>/discontinue/",
        prescriptions.PrescriptionDiscontinue.as_view(),
        name="prescription_discontinue",
    ),
    path(
        "prescriptions/<uuid:pk>/delete/", prescriptions.PrescriptionDiscontinue.as_view(), name="prescription_delete"
    ),
    path("prescriptions/<uuid:pk>/pdf/", printables.PrescriptionPdf.as_view(), name="prescription_pdf"),
    path("medications/", medications.MedicationList.as_view(), name="medication_list"),
    path("medications/new/", medications.MedicationCreate.as_view(), name="medication_create"),
    path("medications/options/", medications.MedicationOptions.as_view(), name="medication_options"),
    path("medications/<uuid:pk>/", medications.MedicationDetail.as_view(), name="medication_detail"),
    path("medications/<uuid:pk>/edit/", medications.MedicationEdit.as_view(), name="medication_edit"),
    path("medications/<uuid:pk>/delete/", medications.MedicationDeactivate.as_view(), name="medication_delete"),
    path("medications/<uuid:pk>/reactivate/", medications.MedicationReactivate.as_view(), name="medication_reactivate"),
    path("lab-tests/", lab_tests.LabTestList.as_view(), name="lab_test_list"),
    path("lab-tests/new/", lab_tests.LabTestCreate.as_view(), name="lab_test_create"),
    path("lab-tests/<uuid:pk>/", lab_tests.LabTestDetail.as_view(), name="lab_test_detail"),
    path("lab-tests/<uuid:pk>/edit/", lab_tests.LabTestEdit.as_view(), name="lab_test_edit"),
    path(
        "lab-tests/<uuid:pk>/collect-sample/",
        lab_tests.LabTestCollectSample.as_view(),
        name="lab_test_collect_sample",
    ),
    path(
        "lab-tests/<uuid:pk>/start-processing/",
        lab_tests.LabTestStartProcessing.as_view(),
        name="lab_test_start_processing",
    ),
    path("lab-tests/<uuid:pk>/enter-results/", lab_tests.LabTestEnterResults.as_view(), name="lab_test_enter_results"),
    path("lab-tests/<uuid:pk>/correct/", lab_tests.LabTestCorrect.as_view(), name="lab_test_correct"),
    path("lab-tests/<uuid:pk>/review/", lab_tests.LabTestReview.as_view(), name="lab_test_review"),
    path("lab-tests/<uuid:pk>/cancel/", lab_tests.LabTestCancel.as_view(), name="lab_test_cancel"),
    path("lab-tests/<uuid:pk>/delete/", lab_tests.LabTestCancel.as_view(), name="lab_test_delete"),
    path("lab-tests/<uuid:pk>/requisition/", printables.LabTestRequisition.as_view(), name="lab_test_requisition"),
]
