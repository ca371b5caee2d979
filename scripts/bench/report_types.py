"""Each type of report over ten years, made as the worker makes it, in a process of its own that tells its memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

from scripts.bench.databases import ROOT, environment
from scripts.bench.reports import TYPES


def table(url: str) -> list[str]:
    """Seconds, queries and peak memory of each type."""
    lines = ["| report over ten years, figures + PDF + Excel | seconds | queries | peak MB |", "|---|--:|--:|--:|"]
    for kind in TYPES:
        command = [sys.executable, "-m", "scripts.bench.report_types", kind]
        found = json.loads(subprocess.check_output(command, cwd=ROOT, env=environment(url), text=True))
        lines.append(f"| {kind} | {found['seconds']:.1f} | {found['queries']} | {found['megabytes']:.0f} |")
    return [*lines, ""]


def made(kind: str) -> dict[str, Any]:
    """Make one; nothing is kept."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from departments.models import User
    from healthcare.clock import today
    from reporting import documents
    from reporting.figures import compute
    from reporting.models import Report

    person = User.objects.filter(role="administrator").order_by("email")[0]
    period = {"start_date": today() - timedelta(days=3650), "end_date": today()}
    report = Report(report_name="Bench", report_type=kind, generated_by_user=person, **period)
    started = time.perf_counter()
    with CaptureQueriesContext(connection) as queries:
        result = compute(report)
        documents.pdf(report, result)
        documents.excel(report, result)
    return {
        "seconds": time.perf_counter() - started,
        "queries": len(queries),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthcare.settings")
    django.setup()
    print(json.dumps(made(sys.argv[1])))
