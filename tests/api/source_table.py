"""The 91 paths and verbs of the source specification, section 9."""

CRUD = (
    "departments",
    "insurance-providers",
    "users",
    "patients",
    "medical-records",
    "appointments",
    "vital-signs",
    "consultations",
    "prescriptions",
    "services",
    "lab-tests",
    "invoices",
    "invoice-line-items",
    "payments",
    "reports",
)
FURTHER = (
    "GET /users/{id}/details",
    "GET /patients/{id}/details",
    "GET /appointments/{id}/details",
    "POST /appointments/{id}/check-in",
    "POST /appointments/{id}/cancel",
    "POST /appointments/{id}/complete",
    "GET /consultations/{id}/details",
    "POST /consultations/{id}/complete",
    "POST /lab-tests/{id}/collect-sample",
    "POST /lab-tests/{id}/enter-results",
    "GET /invoices/{id}/details",
    "POST /invoices/{id}/issue",
    "POST /payments/process",
    "POST /reports/generate",
    "GET /reports/{id}/download",
    "GET /audit-logs",
)
SOURCE = [
    *(
        name
        for path in CRUD
        for name in (f"POST /{path}", f"GET /{path}", *(f"{verb} /{path}/{{id}}" for verb in ("GET", "PUT", "DELETE")))
    ),
    *FURTHER,
]
