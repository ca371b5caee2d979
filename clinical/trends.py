"""What was measured over time: the last values, lines for charts, and small lines for lists."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from clinical import news2
from clinical.models import LabTest, LabTestStatus, VitalSign
from clinical.reference_ranges import read
from healthcare.clock import local
from healthcare.compiled import Compiled
from healthcare.sparkline import sparkline
from patients.models import Patient

#: So many sets are looked at; older ones are in the list.
SETS = 60
SMALL = 12


@dataclass(frozen=True)
class Measure:
    """One chart: its columns (each a line) and its unit."""

    title: Any
    columns: tuple[str, ...]
    unit: str


MEASURES = (
    Measure(_("Blood pressure"), ("systolic_bp", "diastolic_bp"), "mmHg"),
    Measure(_("Pulse"), ("pulse_rate",), "/min"),
    Measure(_("Breaths"), ("respiratory_rate",), "/min"),
    Measure(_("Temperature"), ("temperature_celsius",), "°C"),
    Measure(_("SpO₂"), ("oxygen_saturation",), "%"),
    Measure(_("Weight"), ("weight_kg",), "kg"),
    Measure(_("Height"), ("height_cm",), "cm"),
    Measure(_("BMI"), ("bmi_value",), "kg/m²"),
)


def plain(value: Any) -> str:
    """A number without idle zeros."""
    return f"{float(value):g}"


@cache
def last_sets(count: int) -> Compiled:
    """Finds so many of a patient's last measurements."""
    return Compiled(
        lambda patient: VitalSign.objects.valid().filter(patient_id=patient).order_by("-recorded_at")[:count]
    )


def sets_of(patient: Patient, count: int = SETS) -> list[VitalSign]:
    """The patient's last valid measurements, the newest first."""
    return last_sets(count)(patient.pk, patient=patient)


def written(row: Any, columns: Sequence[str]) -> str:
    """`120/80`, or a dash for a missing half; empty if nothing was measured."""
    values = [getattr(row, name) for name in columns]
    return "" if all(v is None for v in values) else "/".join("–" if v is None else plain(v) for v in values)


def last_values(sets: Iterable[VitalSign]) -> dict[str, tuple[str, Any]]:
    """The last value of each measure and when it was taken, by the measure's first column."""
    found: dict[str, tuple[str, Any]] = {}
    for row in sets:
        for measure in MEASURES:
            if measure.columns[0] not in found and (text := written(row, measure.columns)):
                found[measure.columns[0]] = (f"{text} {measure.unit}", row.recorded_at)
    return found


def chart(
    title: Any, unit: str, rows: Sequence[tuple[Any, str, Sequence[Any]]], lines: Sequence[Any]
) -> dict[str, Any]:
    """A chart with its table: rows are (moment, text, numbers), from the oldest on."""
    return {
        "title": title,
        "unit": unit,
        "latest": rows[-1][1],
        "latest_at": rows[-1][0],
        "rows": list(reversed(rows)),
        "json": json.dumps(
            {
                "kind": "trend",
                "labels": [f"{local(at):%Y-%m-%d %H:%M}" for at, _text, _numbers in rows],
                "series": [
                    {"label": str(line), "values": [None if n[i] is None else float(n[i]) for _at, _text, n in rows]}
                    for i, line in enumerate(lines)
                ],
            }
        ),
    }


def vital_charts(patient: Patient) -> list[dict[str, Any]]:
    """A chart for each measure that was taken at least once."""
    sets = list(reversed(sets_of(patient)))
    charts = []
    for measure in MEASURES:
        rows = [
            (row.recorded_at, written(row, measure.columns), [getattr(row, name) for name in measure.columns])
            for row in sets
            if written(row, measure.columns)
        ]
        if rows:
            lines = (_("systolic"), _("diastolic")) if len(measure.columns) == 2 else (measure.title,)
            charts.append(chart(measure.title, measure.unit, rows, lines))
    scores = [(row.recorded_at, str(row.news2.total), [row.news2.total]) for row in sets if row.news2]
    return [*charts, chart(_("NEWS2"), "", scores, (_("NEWS2"),))] if scores else charts


def lab_charts(patient: Patient) -> list[dict[str, Any]]:
    """A chart for each test and unit with at least two results that are numbers; units are never mixed."""
    tests = LabTest.objects.filter(patient=patient, status=LabTestStatus.COMPLETED).order_by("result_date")
    found: dict[tuple[str, str], list[tuple[Any, str, list[Any]]]] = defaultdict(list)
    for test in tests[:2000]:
        interval = read(test.result_value, test.result_unit).number
        if interval is not None and interval.low is not None and interval.low == interval.high:
            found[test.test_name, test.result_unit].append((test.result_date, test.result_value, [interval.low]))
    return [chart(name, unit, rows[-SETS:], (name,)) for (name, unit), rows in sorted(found.items()) if len(rows) > 1]


def sparklines(sets: Sequence[VitalSign]) -> list[dict[str, Any]]:
    """The last values of each measure with a small line, for the side of the consultation."""
    recent = list(reversed(sets[:SMALL]))
    found = []
    for measure in MEASURES:
        values = [value for row in recent if (value := getattr(row, measure.columns[0])) is not None]
        row = next((row for row in sets if written(row, measure.columns)), None)
        if row is not None:
            last, beyond = written(row, measure.columns), row.beyond(*measure.columns)
            line = sparkline([plain(value) for value in values], str(measure.title))
            found.append({"title": measure.title, "last": last, "beyond": beyond, "unit": measure.unit, "line": line})
    return found


def pressure_lines(patients: Iterable[Any]) -> dict[Any, Any]:
    """A small line of the last systolic pressures for each of a page's patients, in one query."""
    values: dict[Any, list[int]] = defaultdict(list)
    rows = (
        VitalSign.objects.valid()
        .filter(patient_id__in=list(patients), systolic_bp__isnull=False)
        .order_by("-recorded_at")
        .values_list("patient_id", "systolic_bp")
    )
    for patient, systolic in rows[:1000]:
        if len(values[patient]) < SMALL:
            values[patient].append(systolic)
    return {patient: sparkline(found[::-1], str(_("Systolic pressure"))) for patient, found in values.items()}


def news2_table() -> dict[str, Any]:
    """The bands as the page's script takes them."""
    table: dict[str, Any] = {
        name: [[None if end is None else float(end) for end in (band.low, band.high)] + [band.points] for band in bands]
        for name, bands in news2.bands().items()
    }
    return {**table, "labels": {name: str(label) for name, label in news2.LABELS.items()}}
