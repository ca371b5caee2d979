"""A data set of PostgreSQL ten times as big: each copy of the clinic's past lies a year further back."""

from __future__ import annotations

import sys
from typing import Any

TIMES = 10
#: Weeks between two copies, so that a doctor is nowhere booked twice.
STEP = "371 days"
#: What is copied, and of it which rows: only what is over.
TABLES = {
    "patients": "",
    "medical_records": "",
    "patient_allergies": "",
    "patient_problems": "",
    "patient_search_terms": "",
    "appointments": "status IN ('completed', 'cancelled', 'no_show') AND appointment_date < current_date",
    "consultations": "completed_at IS NOT NULL AND appointment_id NOT IN (SELECT appointment_id FROM unbilled_visits)",
    "prescriptions": "",
    "vital_signs": "",
    "lab_tests": "status = 'completed' AND reviewed_at IS NOT NULL",
    "invoices": "status NOT IN ('draft')",
    "invoice_line_items": "invoice_id NOT IN (SELECT id FROM invoices WHERE status = 'draft')",
    "payments": "",
    "audit_logs": "",
}
#: Keys of these tables stay as they are.
KEPT = ("user", "doctor", "department", "service", "medication", "provider", "close", "series")
NUMBERS = ("patient_number", "invoice_number", "document_number")


def value(name: str, kind: str) -> str:
    """A column in the copy number k."""
    if name == "date_of_birth":
        return f"{name} - 37 * k"
    if name in NUMBERS:
        return f"replace({name}, '-', '-' || k)"
    if kind == "uuid" and not any(word in name for word in KEPT):
        # The digit that tells the version of a UUID: 7 or 4 in the rows that are there.
        return f"overlay({name}::text placing substr('01235689a', k, 1) from 15 for 1)::uuid"
    if kind in ("date", "timestamp with time zone"):
        return f"({name} - k * interval '{STEP}')::{kind}"
    return name


def copy_the_past(connection: Any) -> None:
    """Copy what is over nine times, with keys, numbers and days of its own."""
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET maintenance_work_mem = '1GB'")
    for table, condition in TABLES.items():
        print(f"  {table}", file=sys.stderr, flush=True)
        columns = dict(
            connection.execute(
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s", [table]
            ).fetchall()
        )
        where = f"WHERE {condition}" if condition else ""
        # The table's other indexes are built again afterwards, which is far quicker than to fill them row by row.
        indexes = connection.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index LEFT JOIN pg_constraint "
            "ON conindid = indexrelid WHERE indrelid = %s::regclass AND conindid IS NULL",
            [table],
        ).fetchall()
        for name, _definition in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) "
            f"SELECT {', '.join(value(*column) for column in columns.items())} "
            f"FROM {table}, generate_series(1, {TIMES - 1}) AS k {where}"
        )
        for _name, definition in indexes:
            connection.execute(definition)
