"""A clinic with a million appointments, invoices and payments, written by SQL in the words of either engine."""

from __future__ import annotations

import sys
import time
from typing import Any

DOCTORS, PATIENTS, PER_DAY = 100, 20_000, 32
#: How each dialect says a new key, a day so many days after the first, a moment of that day, and a series of numbers.
DIALECTS = {
    "sqlite": {
        "key": "lower(hex(randomblob(16)))",
        "day": "date('2023-01-02', ({0}) || ' days')",
        "moment": "datetime({0}, ({1}) || ' minutes')",
        "time": "time('08:00', ({0}) || ' minutes')",
        "series": "WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n + 1 < {0}) ",
        "from": "s",
    },
    "postgresql": {
        "key": "gen_random_uuid()",
        "day": "(DATE '2023-01-02' + (({0}))::int)",
        "moment": "((({0})::timestamp + make_interval(mins => (({1}))::int)) AT TIME ZONE 'UTC')",
        "time": "(TIME '08:00' + make_interval(mins => (({0}))::int))",
        "series": "",
        "from": "generate_series(0, {0} - 1) AS s(n)",
    },
}


def fill(engine: str, size: int) -> None:
    """The rows, without triggers: nobody's rule is broken by them, and checking each would take an hour."""
    from django.core.management import call_command
    from django.db import connection

    with connection.cursor() as cursor:
        if engine == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in cursor.fetchall():
                cursor.execute(f'DROP TRIGGER "{name}"')
        else:
            cursor.execute("SET session_replication_role = replica")
        for number, (table, count, columns) in enumerate(rows_of(engine, size)):
            started = time.monotonic()
            said = DIALECTS[engine]
            series, source = said["series"].format(count), said["from"].format(count)
            names, values = ", ".join(columns), ", ".join(columns.values())
            cursor.execute(f"INSERT INTO {table} ({names}) {series}SELECT {values} FROM {source}")
            print(f"  {engine} {number}: {count:,} {table} in {time.monotonic() - started:.0f} s", file=sys.stderr)
        cursor.execute("ANALYZE")
    call_command("migrate", verbosity=0)  # puts the triggers back


def columns_without_default(table: str, known: dict[str, str]) -> dict[str, str]:
    """The known columns, and something plain for the others that must not be null."""
    from django.apps import apps

    model = next(m for m in apps.get_models() if m._meta.db_table == table)
    return known | {
        field.column: plain(field, known["created_at"])
        for field in model._meta.concrete_fields
        if field.column not in known and not field.null
    }


def plain(field: Any, moment: str) -> str:
    """A column's default as SQL, or something empty of its type."""
    kind = field.get_internal_type()
    if kind == "DateTimeField":
        return moment
    if kind == "DateField":
        return "'2023-01-02'"
    if kind == "JSONField":
        return "'{}'"
    value = field.default if field.has_default() and not callable(field.default) else field.get_default()
    if isinstance(value, bool) or kind == "BooleanField":
        return "TRUE" if value else "FALSE"
    return str(value or 0) if "Integer" in kind or kind == "DecimalField" else f"'{value or ''}'"


def rows_of(engine: str, size: int) -> Any:
    """(table, number of rows, column -> SQL) in the order in which they refer to each other.

    Keys are made of the running number, so that rows of one table find those of another.
    """
    said = DIALECTS[engine]

    def key(kind: int, number: str = "n") -> str:
        if engine == "sqlite":
            return f"printf('%08x%024x', {kind}, {number})"
        return f"(lpad(to_hex({kind}), 8, '0') || lpad(to_hex(({number})::bigint), 24, '0'))::uuid"

    doctor, slot = f"n % {DOCTORS}", f"n / {DOCTORS}"
    day = said["day"].format(f"({slot}) / {PER_DAY}")
    minute = f"(({slot}) % {PER_DAY}) * 15"
    patient = key(2, f"n % {PATIENTS}")
    start = said["moment"].format(day, f"480 + {minute}")
    wait = said["moment"].format(day, f"480 + {minute} + n % 47")
    done = said["moment"].format(day, f"480 + {minute} + n % 47 + 12 + n % 9")
    status = "CASE WHEN n % 20 = 0 THEN 'cancelled' WHEN n % 20 = 1 THEN 'no_show' ELSE 'completed' END"
    paid, total = "n % 10 < 8", "(50 + n % 97)"
    stamps = {"created_at": start, "updated_at": start}
    found: list[tuple[str, int, dict[str, str]]] = [
        ("departments", 5, {"id": key(0), "name": "'Department ' || n", "is_active": "TRUE"}),
        ("insurance_providers", 8, {"id": key(3), "name": "'Insurer ' || n", "is_active": "TRUE"}),
        (
            "users",
            DOCTORS,
            {
                "id": key(1),
                "email": "'d' || n || '@bench.example'",
                "first_name": "'Doctor'",
                "last_name": "'Number ' || n",
                "role": "'doctor'",
                "is_active": "TRUE",
                "department_id": key(0, "n % 5"),
            },
        ),
        (
            "patients",
            PATIENTS,
            {
                "id": key(2),
                "patient_number": "'P-' || n",
                "first_name": "'Patient'",
                "last_name": "'Number ' || n",
                "date_of_birth": said["day"].format("-(n % 30000) - 1"),
                "gender": "CASE WHEN n % 2 = 0 THEN 'male' ELSE 'female' END",
                "insurance_provider_id": key(3, "n % 8"),
                "is_active": "TRUE",
            },
        ),
        (
            "services",
            130,
            {
                "id": key(4),
                "name": "'Service ' || n",
                "service_type": "CASE WHEN n % 3 = 0 THEN 'imaging' ELSE 'consultation' END",
                "default_price": "50",
                "is_active": "TRUE",
            },
        ),
        (
            "appointments",
            size,
            {
                "id": key(5),
                "patient_id": patient,
                "doctor_id": key(1, doctor),
                "department_id": key(0, f"({doctor}) % 5"),
                "appointment_date": day,
                "appointment_time": said["time"].format(minute),
                "duration_minutes": "15",
                "appointment_type": "CASE WHEN n % 3 = 0 THEN 'follow_up' ELSE 'consultation' END",
                "status": status,
                "checked_in_at": start,
                "started_at": wait,
                "completed_at": done,
            },
        ),
        (
            "consultations",
            size // 4,
            {
                "id": key(6),
                "appointment_id": key(5),
                "patient_id": patient,
                "doctor_id": key(1, doctor),
                "consultation_date": start,
                "completed_at": done,
                "diagnosis": "'x'",
            },
        ),
        (
            "lab_tests",
            size // 4,
            {
                "id": key(7),
                "consultation_id": key(6),
                "patient_id": patient,
                "ordered_by_doctor_id": key(1, doctor),
                "test_name": "'Test ' || (n % 40)",
                "ordered_date": start,
                "sample_collected_date": start,
                "result_date": done,
                "result_value": "'5'",
                "status": "'completed'",
            },
        ),
        (
            "invoices",
            size,
            {
                "id": key(8),
                "invoice_number": "'B-' || n",
                "patient_id": patient,
                "appointment_id": key(5),
                "invoice_date": day,
                "due_date": day,
                "subtotal": total,
                "total_amount": total,
                "amount_paid": f"CASE WHEN {paid} THEN {total} ELSE 20 END",
                "balance_due": f"CASE WHEN {paid} THEN 0 ELSE {total} - 20 END",
                "status": f"CASE WHEN {paid} THEN 'paid' ELSE 'overdue' END",
                "issued_at": start,
            },
        ),
        (
            "invoice_line_items",
            size,
            {
                "id": key(9),
                "invoice_id": key(8),
                "service_id": key(4, "n % 130"),
                "quantity": "1",
                "unit_price": total,
                "line_total": total,
            },
        ),
        (
            "payments",
            size,
            {
                "id": key(10),
                "invoice_id": key(8),
                "patient_id": patient,
                "payment_date": done,
                "amount": f"CASE WHEN {paid} THEN {total} ELSE 20 END",
                "kind": "'received'",
                "payment_method": "CASE WHEN n % 2 = 0 THEN 'cash' ELSE 'insurance' END",
            },
        ),
    ]
    fixed = {"departments", "insurance_providers", "users", "patients", "services"}
    first_day = {name: said["moment"].format(said["day"].format("n % 700"), "600") for name in stamps}
    for table, count, known in found:
        yield table, count, columns_without_default(table, (first_day if table in fixed else stamps) | known)
