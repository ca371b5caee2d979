"""The audit log's page by each of its filters among ten thousand rows and ten million: it should cost the same."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from typing import Any

from scripts.bench import databases

SMALL, BIG = 10_000, 10_000_000
VERBS = ["view", "update", "create", "print", "export"]
ENTITIES = ["patient", "appointment", "lab_test", "invoice", "payment", "vital_sign", "page"]
FILTERS = {
    "none": "",
    "person": "user={user}",
    "patient": "patient_id={patient}",
    "action": "action=view",
    "entity": "entity_type=lab_test",
    "row": "entity_id={patient}",
    "two days": "created_at_after={first}&created_at_before={last}",
    "person and action": "user={user}&action=view",
    "person and an action never done": "user={user}&action=void",
    "entity and an action never done": "entity_type=lab_test&action=login",
    "search for a name": "q={name}",
    "search for a verb": "q=view",
    "oldest first": "ordering=created_at",
}


def table(engine: str) -> list[str]:
    """A line for each filter."""
    found = [asked(prepared(engine, rows), "look") for rows in (SMALL, BIG)]
    return [
        f"| the audit log's page in {engine}, filter, ms | {SMALL:,} rows | {BIG:,} rows |",
        "|---|--:|--:|",
        *(f"| {name} | {found[0][name]:.1f} | {found[1][name]:.1f} |" for name in FILTERS),
        "",
    ]


def prepared(engine: str, rows: int) -> str:
    """The URL of a small clinic whose trail is so long; built once and kept."""
    name = f"trail_{rows}"
    url, there = databases.url_of(engine, name), databases.exists(engine, name)
    databases.manage(url, "migrate", "--verbosity", "0")
    if not there:
        databases.manage(url, "demo", "--patients", "40")
        print(f"  {engine}: {rows:,} rows of audit log, kept for the next time", file=sys.stderr, flush=True)
        asked(url, "fill", str(rows))
    return url


def asked(url: str, *arguments: str) -> Any:
    """What this module answers as a process of its own that has the database before it."""
    command = [sys.executable, "-m", "scripts.bench.trail", *arguments]
    return json.loads(subprocess.check_output(command, cwd=databases.ROOT, env=databases.environment(url), text=True))


def fill(rows: int) -> None:
    """So many rows, each half a minute older than the last, of everybody about everybody."""
    from django.db import connection

    from audit.models import AuditLog
    from departments.models import User
    from healthcare.planner import renew_statistics
    from patients.models import Patient

    def pick(values: list[Any], salt: int) -> str:
        cases = " ".join(f"WHEN {n} THEN '{value}'" for n, value in enumerate(values))
        return f"CASE (k * {salt} / 256) % {len(values)} {cases} END"

    def keys(model: Any) -> list[Any]:
        found = model.objects.order_by("pk").values_list("pk", flat=True)[:40]
        return [key if connection.vendor == "postgresql" else key.hex for key in found]

    user, patient = pick(keys(User), 2654435761), pick(keys(Patient), 2246822519)
    verb, entity = pick(VERBS, 3266489917), pick(ENTITIES, 668265263)
    if connection.vendor == "postgresql":
        series = f"generate_series(1::bigint, {rows}) AS k"
        key, moment = "lpad(to_hex(k), 32, '0')::uuid", "now() - k * interval '30 seconds'"
        user, patient, values = f"({user})::uuid", f"({patient})::uuid", """'{"city": "Bern"}'::jsonb"""
    else:
        series = f"(WITH RECURSIVE s(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM s WHERE k < {rows}) SELECT k FROM s)"
        key, moment = "printf('%032x', k)", "strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || (k * 30) || ' seconds')"
        values = """'{"city": "Bern"}'"""
    indexes = AuditLog._meta.indexes
    with connection.schema_editor() as editor:  # far quicker than to fill them row by row
        for index in indexes:
            editor.remove_index(AuditLog, index)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_logs (id, created_at, updated_at, user_id, action, entity_type, entity_id, patient_id, "
            f"new_values, ip_address, user_agent, mac) SELECT {key}, {moment}, {moment}, {user}, {verb}, {entity}, "
            f"{patient}, {patient}, {values}, '10.0.0.1', 'Mozilla/5.0', '' FROM {series}"
        )
    with connection.schema_editor() as editor:
        for index in indexes:
            editor.add_index(AuditLog, index)
    renew_statistics()


def look(times: int = 9) -> dict[str, float]:
    """Filter -> milliseconds (median) of its page, by Django's own test client."""
    from django.test import Client

    from departments.models import User
    from healthcare.clock import today
    from patients.models import Patient

    people = User.objects.filter(is_active=True).order_by("pk")
    client, patient = Client(headers={"host": "localhost"}), Patient.objects.order_by("pk")[7]
    client.force_login(next(person for person in people if person.role == "administrator"))
    chosen = {"user": people[3].pk, "patient": patient.pk, "name": patient.last_name, "first": today(), "last": today()}
    found = {}
    for name, query in FILTERS.items():
        taken = []
        for _ in range(times + 1):
            started = time.perf_counter()
            if client.get("/audit-logs/?" + query.format(**chosen)).status_code != 200:
                raise SystemExit(f"The audit log by {name} is no page")
            taken.append((time.perf_counter() - started) * 1000)
        found[name] = statistics.median(taken[1:])
    return found


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthcare.settings")
    django.setup()
    print(json.dumps(fill(int(sys.argv[2])) if sys.argv[1] == "fill" else look()))
