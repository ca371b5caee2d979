"""Every table, column and enumeration of the source specification exists under its own name."""

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models

from healthcare.models import BaseModel

pytestmark = pytest.mark.django_db

#: Table -> columns, as section 6 of the source lists them.
TABLES = {
    "departments": """
        id name description created_at updated_at
    """,
    "insurance_providers": """
        id name contact_person phone email address coverage_policy created_at updated_at
    """,
    "users": """
        id email password_hash first_name last_name role phone department_id is_active created_at
        updated_at
    """,
    "patients": """
        id patient_number first_name last_name date_of_birth gender phone email address city state
        postal_code country emergency_contact_name emergency_contact_phone
        emergency_contact_relationship insurance_provider_id insurance_policy_number created_at
        updated_at
    """,
    "medical_records": """
        id patient_id blood_type allergies chronic_conditions family_medical_history
        surgical_history immunization_history notes created_at updated_at
    """,
    "appointments": """
        id patient_id doctor_id department_id appointment_date appointment_time duration_minutes
        appointment_type status reason notes created_at updated_at
    """,
    "vital_signs": """
        id patient_id recorded_by_user_id recorded_at systolic_bp diastolic_bp pulse_rate
        temperature_celsius respiratory_rate weight_kg height_cm oxygen_saturation notes created_at
        updated_at
    """,
    "consultations": """
        id appointment_id patient_id doctor_id consultation_date chief_complaint present_illness
        examination_findings diagnosis treatment_plan notes follow_up_required follow_up_date
        created_at updated_at
    """,
    "prescriptions": """
        id consultation_id patient_id doctor_id medication_name dosage frequency duration quantity
        route special_instructions is_active prescribed_date created_at updated_at
    """,
    "services": """
        id name description service_type default_price default_duration_minutes department_id
        is_active created_at updated_at
    """,
    "lab_tests": """
        id patient_id consultation_id ordered_by_doctor_id test_name test_type ordered_date
        sample_collected_date result_date result_value result_unit reference_range status notes
        created_at updated_at
    """,
    "invoices": """
        id invoice_number patient_id appointment_id invoice_date due_date subtotal tax_amount
        discount_amount total_amount amount_paid balance_due status notes created_by_user_id
        created_at updated_at
    """,
    "invoice_line_items": """
        id invoice_id service_id description quantity unit_price line_total created_at updated_at
    """,
    "payments": """
        id invoice_id patient_id payment_date amount payment_method transaction_reference notes
        processed_by_user_id created_at updated_at
    """,
    "reports": """
        id report_name report_type generated_by_user_id start_date end_date parameters file_path
        status generated_at created_at updated_at
    """,
    "audit_logs": """
        id user_id action entity_type entity_id old_values new_values ip_address user_agent
        created_at updated_at
    """,
}
#: Enumeration -> stored values, as section 7 lists them.
ENUMERATIONS = {
    "UserRole": "administrator doctor nurse receptionist billing_officer",
    "Gender": "male female other",
    "AppointmentType": "consultation follow_up emergency routine_checkup procedure",
    "AppointmentStatus": "scheduled confirmed checked_in in_progress completed cancelled no_show",
    "ServiceType": "consultation procedure lab_test imaging therapy surgery vaccination other",
    "LabTestStatus": "ordered sample_collected in_progress completed cancelled",
    "InvoiceStatus": "draft issued partially_paid paid overdue cancelled",
    "PaymentMethod": "cash credit_card debit_card insurance bank_transfer cheque other",
    "ReportType": "patient_statistics revenue appointment_summary "
    "service_utilization doctor_performance billing_summary operational_metrics",
    "ReportStatus": "generating completed failed",
}
#: What the rules need beside them (ENT-3, ENT-4).
ADDITIONS = {
    "medications": "name ingredients atc_code drug_class form strength route",
    "doctor_schedules": "doctor_id weekday start_time end_time",
    "doctor_absences": "doctor_id start_date end_date reason",
    "patient_allergies": "patient_id substance reaction severity status",
    "departments": "is_active",
    "patients": "is_active",
    "insurance_providers": "is_active",
    "appointments": "checked_in_at started_at completed_at cancellation_reason",
    "consultations": "completed_at",
    "consultation_addenda": "consultation_id author_id text",
    "payments": "voided_at voided_by_user_id void_reason",
    "lab_tests": "is_abnormal reviewed_at reviewed_by_user_id",
}
OURS = [model for model in apps.get_models() if issubclass(model, BaseModel)]
BY_TABLE = {model._meta.db_table: model for model in OURS}


def columns_of(table):
    with connection.cursor() as cursor:
        return {column.name for column in connection.introspection.get_table_description(cursor, table)}


@pytest.mark.spec("ENT-1")
@pytest.mark.parametrize("table", TABLES)
def test_the_sources_columns_exist(table):
    assert set(TABLES[table].split()) <= columns_of(table)


@pytest.mark.spec("ENT-3", "ENT-4")
@pytest.mark.parametrize("table", ADDITIONS)
def test_the_additions_exist(table):
    assert set(ADDITIONS[table].split()) <= columns_of(table)


@pytest.mark.spec("ENT-1")
@pytest.mark.parametrize("name", ENUMERATIONS)
def test_enumerations_are_stored_in_snake_case(name):
    wanted = set(ENUMERATIONS[name].split())
    found = [
        {str(value) for value, _label in field.choices}
        for model in OURS
        for field in model._meta.concrete_fields
        if field.choices
    ]
    assert wanted in found


@pytest.mark.spec("FND-5")
@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_table_has_a_time_ordered_key_and_timestamps(model):
    fields = {field.name: field for field in model._meta.concrete_fields}
    assert isinstance(fields["id"], models.UUIDField)
    assert fields["id"].primary_key
    assert fields["id"].get_default().version == 7
    assert {"created_at", "updated_at"} <= set(fields)


@pytest.mark.spec("ENT-2")
@pytest.mark.parametrize(
    ("table", "path"),
    [
        ("departments", "users"),
        ("insurance_providers", "patients"),
        ("patients", "medical_record"),
        ("patients", "appointments"),
        ("users", "appointments"),
        ("departments", "appointments"),
        ("patients", "vital_signs"),
        ("users", "recorded_vital_signs"),
        ("patients", "consultations"),
        ("users", "consultations"),
        ("appointments", "consultation"),
        ("consultations", "prescriptions"),
        ("patients", "prescriptions"),
        ("users", "prescriptions"),
        ("departments", "services"),
        ("patients", "lab_tests"),
        ("consultations", "lab_tests"),
        ("users", "ordered_lab_tests"),
        ("patients", "invoices"),
        ("appointments", "invoices"),
        ("users", "created_invoices"),
        ("invoices", "line_items"),
        ("services", "invoice_line_items"),
        ("invoices", "payments"),
        ("patients", "payments"),
        ("users", "processed_payments"),
        ("users", "reports"),
    ],
)
def test_relationships_navigate_both_ways(table, path):
    model = BY_TABLE[table]
    relation = model._meta.get_field(path)
    assert relation.is_relation
    back = relation.field.name
    list(model._default_manager.prefetch_related(path)[:1])
    list(relation.related_model._default_manager.select_related(back)[:1])


def test_big_tables_are_read_in_chunks_of_a_said_size():
    """Without one, `BaseQuerySet.iterator` reads all rows at once, which suits a form's few choices only."""
    rooms = ("healthcare", "audit", "departments", "patients", "scheduling", "clinical", "billing", "reporting")
    files = [path for room in rooms for path in (settings.BASE_DIR / room).rglob("*.py")]
    assert len(files) > 100
    assert [str(path) for path in files if ".iterator()" in path.read_text()] == []


@pytest.mark.spec("FND-1")
@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_no_index_repeats_the_beginning_of_another(model):
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    kept = {name: row for name, row in found.items() if row["index"] and row["columns"] and None not in row["columns"]}
    partial = {index.name for index in model._meta.indexes if index.condition}
    partial |= {each.name for each in model._meta.constraints if getattr(each, "condition", None)}
    for name, row in kept.items():
        longer = [
            other
            for other, wide in kept.items()
            if other != name
            and not {name, other} & partial
            and not row["unique"]
            and wide["columns"][: len(row["columns"])] == row["columns"]
            and row.get("type") == wide.get("type")
            and not name.endswith("_like")  # PostgreSQL's own order of texts, for the beginnings of words
        ]
        assert not longer, f"{name} says what {longer} say"


@pytest.mark.spec("FND-1")
@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_indexes_ascend(model):
    """What is newest is added at their end: a page that is full is left full, and rows are read backwards as fast."""
    for index in model._meta.indexes:
        assert not [name for name in index.fields if name.startswith("-")], index.name
