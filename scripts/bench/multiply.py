"""A data set ten times as big: each copy of the clinic's past lies a year further back."""

from __future__ import annotations

import sys
from typing import Any

TIMES = 10
#: Days between two copies, whole weeks, so that a doctor is nowhere booked twice.
STEP = 371
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


#: The digit that tells the version of a UUID in each copy: it is 7 or 4 in the rows that are there.
VERSIONS = "01235689a"
COPIES = f"({' UNION ALL '.join(f'SELECT {k} AS k' for k in range(1, TIMES))}) AS copies"


def value(name: str, kind: str) -> str:
    """A column in PostgreSQL's copy number k."""
    if name == "date_of_birth":
        return f"{name} - 37 * k"
    if name in NUMBERS:
        return f"replace({name}, '-', '-' || k)"
    if kind == "uuid" and not any(word in name for word in KEPT):
        return f"overlay({name}::text placing substr('{VERSIONS}', k, 1) from 15 for 1)::uuid"
    if kind in ("date", "timestamp with time zone"):
        return f"({name} - k * interval '{STEP} days')::{kind}"
    return name


def value_in_file(name: str, kind: str) -> str:
    """A column in SQLite's copy number k; a moment is text whose first ten letters are the day."""
    if name == "date_of_birth":
        return f"date({name}, (-37 * k) || ' days')"
    if name in NUMBERS:
        return f"replace({name}, '-', '-' || k)"
    if kind == "char(32)" and not any(word in name for word in KEPT):
        return f"substr({name}, 1, 12) || substr('{VERSIONS}', k, 1) || substr({name}, 14)"
    if kind in ("date", "datetime"):
        return f"date(substr({name}, 1, 10), (-{STEP} * k) || ' days') || substr({name}, 11)"
    return name


def copying(table: str, columns: list[str], values: list[str], condition: str) -> str:
    """The statement that copies a table's past. The table's other indexes had better be away."""
    rows = f"{COPIES} CROSS JOIN {table}" + (f" WHERE {condition}" if condition else "")
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {rows}"


def copy_the_past(connection: Any) -> None:
    """Copy what is over nine times, with keys, numbers and days of its own, in PostgreSQL."""
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET maintenance_work_mem = '1GB'")
    for table, condition in TABLES.items():
        print(f"  {table}", file=sys.stderr, flush=True)
        columns = dict(
            connection.execute(
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s", [table]
            ).fetchall()
        )
        indexes = connection.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index LEFT JOIN pg_constraint "
            "ON conindid = indexrelid WHERE indrelid = %s::regclass AND conindid IS NULL",
            [table],
        ).fetchall()
        for name, _definition in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute(copying(table, list(columns), [value(*column) for column in columns.items()], condition))
        for _name, definition in indexes:
            connection.execute(definition)


def copy_the_past_in_file(connection: Any) -> None:
    """The same in SQLite's file."""
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -2000000", "foreign_keys = OFF"):
        connection.execute(f"PRAGMA {pragma}")
    made = "SELECT name, sql, tbl_name FROM sqlite_master WHERE type = ? AND sql IS NOT NULL"
    triggers, indexes = (
        [(name, sql) for name, sql, table in connection.execute(made, [kind]).fetchall() if table in TABLES]
        for kind in ("trigger", "index")
    )
    for kind, rows in (("TRIGGER", triggers), ("INDEX", indexes)):
        for name, _sql in rows:
            connection.execute(f'DROP {kind} "{name}"')
    for table, condition in TABLES.items():
        print(f"  {table}", file=sys.stderr, flush=True)
        columns = {row[1]: row[2] for row in connection.execute(f"PRAGMA table_info({table})")}
        values = [value_in_file(*column) for column in columns.items()]
        connection.execute(copying(table, list(columns), values, condition))
    # What hangs on a visit that is not over was copied without it.
    while alone := connection.execute("PRAGMA foreign_key_check").fetchall():
        for table, row, *_ in alone:
            connection.execute(f"DELETE FROM {table} WHERE rowid = ?", [row])
    for name, sql in [*indexes, *triggers]:
        print(f"  {name}", file=sys.stderr, flush=True)
        connection.execute(sql)
    connection.execute("ANALYZE")
