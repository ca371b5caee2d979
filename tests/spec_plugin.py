"""Collects which rows of the specification passing tests name (`make spec` reads the file)."""

from __future__ import annotations

import json
import os
from pathlib import Path

RESULTS = Path(".spec-results.json")
_passed: dict[str, list[str]] = {}


def pytest_runtest_makereport(item, call):
    """Hang the rows on the item's report, so that xdist carries them to the controller."""
    if call.when == "call":
        rows = sorted({row for mark in item.iter_markers("spec") for row in mark.args})
        item.user_properties.append(("spec", rows))


def pytest_runtest_logreport(report):
    """Note the rows of each passed test."""
    if report.when == "call" and report.passed:
        for name, rows in report.user_properties:
            if name == "spec":
                for row in rows:
                    _passed.setdefault(row, []).append(report.nodeid)


def pytest_sessionfinish(session):
    """Merge into the results file, on the controller only."""
    if os.environ.get("PYTEST_XDIST_WORKER") or not os.environ.get("SPEC_RESULTS"):
        return
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for row, tests in _passed.items():
        known[row] = sorted({*known.get(row, []), *tests})
    RESULTS.write_text(json.dumps(known, indent=1, sort_keys=True))
