"""`python -m scripts.bench.reports`: each type of report over a million appointments, invoices and payments.

Builds the rows by SQL once for each engine and keeps them; every report is made in a process of its own, as the worker
makes it, so that its peak memory is its own. Prints a table: seconds, queries, megabytes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from scripts.bench import databases, million

TYPES = (
    "patient_statistics",
    "revenue",
    "appointment_summary",
    "service_utilization",
    "doctor_performance",
    "billing_summary",
    "operational_metrics",
)


def setup(url: str) -> None:
    """Django on that database."""
    import os

    import django

    os.environ.update(databases.environment(url), DJANGO_SETTINGS_MODULE="healthcare.settings", DEBUG="0", HTTPS="0")
    os.environ.setdefault("ALLOWED_HOSTS", "localhost")
    os.environ.setdefault("SECRET_KEY", "bench-only-bench-only-bench-only-bench-only-bench-only")
    os.environ["MEDIA_ROOT"] = tempfile.mkdtemp()
    django.setup()


def one(url: str, name: str) -> dict[str, Any]:
    """Make one report here, as the worker does, and tell what it took."""
    setup(url)
    from django.db import connection

    from departments.models import User
    from reporting import worker
    from reporting.models import Report

    user = User.objects.filter(role="administrator").first() or User.objects.create_user(
        "bench@bench.example", "Bench-2026!", first_name="Ben", last_name="Ch", role="administrator"
    )
    report = Report.objects.create(
        report_name=name,
        report_type=name,
        generated_by_user=user,
        start_date="2023-01-01",
        end_date="2025-12-31",
    )
    queries = 0

    def counted(execute: Any, *arguments: Any) -> Any:
        nonlocal queries
        queries += 1
        return execute(*arguments)

    started = time.monotonic()
    with connection.execute_wrapper(counted):
        worker.generate(str(report.pk))
    seconds = time.monotonic() - started
    report.refresh_from_db()
    return {
        "status": report.status,
        "seconds": seconds,
        "cpu": time.process_time(),
        "queries": queries,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def export(rows: int) -> dict[str, Any]:
    """An Excel file of so many rows through the writer that lists and reports share."""
    from datetime import date, datetime
    from decimal import Decimal

    from healthcare.xlsx import workbook

    line = (
        "P-000123",
        "Lopez, Maria",
        date(2026, 1, 1),
        "Consultation",
        "Scheduled",
        Decimal("12.50"),
        datetime(2026, 1, 1),
    )
    started = time.monotonic()
    with tempfile.TemporaryFile() as file, workbook(file) as book:
        book.add_sheet("Bench", [f"Column {n}" for n in range(8)], ((n, *line) for n in range(rows)))
    return {
        "status": f"{rows:,} rows",
        "seconds": time.monotonic() - started,
        "cpu": time.process_time(),
        "queries": 0,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def apart(*arguments: str) -> dict[str, Any]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "scripts.bench.reports", *arguments]
    done = subprocess.run(command, cwd=databases.ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def prepare(engine: str, size: int) -> str:
    """The data set, built unless it is there."""
    url = databases.url_of(engine, size).replace(f"{size}", f"reports_{size}")
    marker = databases.FOLDER / f"reports_{engine}_{size}.built"
    if not marker.exists():
        databases.FOLDER.mkdir(parents=True, exist_ok=True)
        if engine == "sqlite":
            Path(url.removeprefix("sqlite:///")).unlink(missing_ok=True)
        else:
            import psycopg

            name = url.rsplit("/", 1)[1]
            with psycopg.connect(databases.SERVER, autocommit=True) as server:
                server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                server.execute(f'CREATE DATABASE "{name}"')
        databases.manage(url, "migrate", "--verbosity", "0")
        command = [sys.executable, "-m", "scripts.bench.reports", "--fill", engine, "--url", url, "--rows", str(size)]
        subprocess.run(command, cwd=databases.ROOT, check=True)
        marker.touch()
    return url


def main() -> int:
    """Measure everything that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench.reports", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--engines", nargs="+", choices=["sqlite", "postgresql"], default=["sqlite", "postgresql"])
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--fill", help=argparse.SUPPRESS)
    parser.add_argument("--export", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.fill:
        setup(asked.url)
        million.fill(asked.fill, asked.rows)
        return 0
    if asked.one or asked.export:
        if asked.export:
            setup("sqlite://:memory:")
        print(json.dumps(one(asked.url, asked.one) if asked.one else export(asked.export)))
        return 0
    print(
        "| report | engine | state | seconds | of which CPU here | queries | peak MB |\n|---|---|---|--:|--:|--:|--:|"
    )
    for engine in asked.engines:
        url = prepare(engine, asked.rows)
        for name in TYPES:
            show(name, engine, apart("--one", name, "--url", url))
    show("Excel writer", "", apart("--export", "100000"))
    return 0


def show(name: str, engine: str, found: dict[str, Any]) -> None:
    """One line of the table."""
    print(
        "| {name} | {engine} | {status} | {seconds:.1f} | {cpu:.1f} | {queries} | {megabytes:.0f} |".format(
            name=name, engine=engine, **found
        ),
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
