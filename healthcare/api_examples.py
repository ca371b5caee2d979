"""Bodies that the API's description shows as examples."""

from __future__ import annotations

from typing import Any

_ID = "01932f5e-9d3c-7b1a-8f00-3c5a1d2e4f60"
_MEDICATION = {"medication_name": "Paracetamol 500 mg", "dosage": "500 mg", "frequency": "four times a day"}
#: Bodies that are shown as examples, by operation. A PUT shows what its POST does, a PATCH its last column, and a step
#: that is not named here its reason alone (`openapi.example_of`).
EXAMPLES: dict[str, dict[str, Any]] = {
    "POST /auth/token": {"email": "doctor@clinic.example", "password": "Clinic-demo-2026!", "otp": ""},
    "POST /patients": {
        **{"first_name": "Ada", "last_name": "Bernasconi", "date_of_birth": "1979-05-17", "gender": "female"},
        "phone": "+12025550143",
    },
    "POST /appointments": {
        **{"patient_id": _ID, "doctor_id": _ID, "appointment_date": "2026-12-01", "appointment_time": "09:30"},
        **{"duration_minutes": 30, "appointment_type": "consultation", "reason": "Sore throat"},
    },
    "POST /appointments/{id}/cancel": {"cancellation_reason": "The patient is ill"},
    "POST /vital-signs": {"patient_id": _ID, "systolic_bp": 128, "diastolic_bp": 82, "pulse_rate": 88},
    "POST /consultations": {"appointment_id": _ID, "chief_complaint": "Sore throat for two days"},
    "POST /consultations/{id}/complete": {
        "diagnosis": "Acute pharyngitis",
        "prescriptions": [{**_MEDICATION, "duration": "5 days"}],
        "lab_tests": [{"test_name": "C-reactive protein"}],
    },
    "POST /prescriptions": {"consultation_id": _ID, **_MEDICATION, "duration": "5 days"},
    "POST /lab-tests/{id}/enter-results": {
        **{"result_value": "12", "result_unit": "mg/L", "reference_range": "<5"},
    },
    "POST /invoices": {
        "appointment_id": _ID,
        "line_items": [{"description": "Consultation", "quantity": 1, "unit_price": "120.00"}],
    },
    "POST /payments": {"invoice_id": _ID, "amount": "120.00", "payment_method": "cash"},
    "POST /payments/process": {"invoice_id": _ID, "amount": "120.00", "payment_method": "cash"},
    "POST /payments/{id}/void": {"void_reason": "Wrong invoice"},
    "POST /reports/generate": {
        **{"report_type": "revenue", "start_date": "2026-11-01", "end_date": "2026-11-30"},
    },
    "POST /auth/refresh": {"refresh": "the refresh token of the last answer"},
    "POST /auth/revoke": {"refresh": "the refresh token of the last answer"},
    "POST /departments": {"name": "Cardiology", "description": "Heart and circulation"},
    "POST /users": {
        **{"first_name": "Nora", "last_name": "Keller", "email": "nora.keller@clinic.example", "role": "nurse"},
        "phone": "+12025550150",
    },
    "POST /insurance-providers": {"name": "Helvetia Health", "phone": "+12025550160"},
    "POST /medical-records": {"patient_id": _ID, "allergy_status": "none_known", "blood_type": "A+"},
    "PUT /patient-allergies/{id}": {"substance": "Penicillin", "severity": "severe", "reaction": "Hives"},
    "PATCH /patient-allergies/{id}": {"severity": "moderate"},
    "POST /lab-tests": {"patient_id": _ID, "consultation_id": _ID, "test_name": "Potassium", "notes": "Fasting"},
    "POST /lab-tests/{id}/review": {"review_comment": "As expected"},
    "POST /lab-tests/{id}/correct": {
        **{"result_value": "4.2", "result_unit": "mmol/L", "reference_range": "3.5-5.1"},
        "correction_reason": "Two samples were mixed up",
    },
    "POST /medications": {
        **{"name": "Paracetamol 500 mg tablets", "ingredients": "paracetamol", "atc_code": "N02BE01"},
        "strength": "500 mg",
    },
    "POST /services": {"name": "Consultation, 30 minutes", "service_type": "consultation", "default_price": "120.00"},
    "POST /invoice-line-items": {
        **{"invoice_id": _ID, "description": "Dressing", "quantity": 2, "unit_price": "15.00"},
    },
    "POST /reports": {"report_type": "revenue", "start_date": "2026-11-01", "end_date": "2026-11-30"},
    "PUT /reports/{id}": {"report_name": "Takings of November"},
    "POST /report-schedules": {"report_type": "revenue", "frequency": "monthly", "mailing": "link"},
}
