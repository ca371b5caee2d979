"""The National Early Warning Score 2 of the Royal College of Physicians (2017), from its published bands."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

DATA = Path(__file__).resolve().parent / "data"
ADULT = 16
LABELS = {
    "respiratory_rate": _("respiration"),
    "oxygen_saturation": _("SpO₂"),
    "supplemental_oxygen": _("oxygen"),
    "systolic_bp": _("systolic pressure"),
    "pulse_rate": _("pulse"),
    "consciousness": _("consciousness"),
    "temperature_celsius": _("temperature"),
}
#: Our columns by the names in the table.
_COLUMNS = {
    "respiration_rate": "respiratory_rate",
    "systolic_bp": "systolic_bp",
    "pulse": "pulse_rate",
    "temperature": "temperature_celsius",
}


@dataclass(frozen=True)
class Band:
    """A range of values, both ends included (None: without end), and its points."""

    low: Decimal | None
    high: Decimal | None
    points: int

    def holds(self, value: Any) -> bool:
        """Whether the value lies in it."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True)
class News2:
    """A complete score with its parts."""

    parts: tuple[tuple[Any, int], ...]
    total: int
    risk: str
    response: str


@lru_cache(maxsize=1)
def bands() -> dict[str, tuple[Band, ...]]:
    """The bands by column; the saturation's under spo2_scale1, spo2_scale2_on_air and spo2_scale2_on_oxygen."""
    found: dict[str, tuple[Band, ...]] = {}
    with (DATA / "news2_thresholds.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = _COLUMNS.get(row["parameter"], row["parameter"])
            if name not in ("consciousness", "supplemental_oxygen"):
                ends = [Decimal(row[end]) if row[end] else None for end in ("low_inclusive", "high_inclusive")]
                found[name] = (*found.get(name, ()), Band(ends[0], ends[1], int(row["score"])))
    return found


def points(name: str, value: Any) -> int:
    """The points of a value within its bands."""
    return next(band.points for band in bands()[name] if band.holds(value))


def saturation_scale(scale: int | None, oxygen: bool) -> str:
    """Which bands the saturation is read by."""
    if scale == 2:
        return "spo2_scale2_on_oxygen" if oxygen else "spo2_scale2_on_air"
    return "spo2_scale1"


def score(vitals: Any, age: int) -> News2 | None:
    """The score of an adult whose seven parts are all known; None otherwise, as a part of it would mislead."""
    needed = [getattr(vitals, name) for name in LABELS]
    if age < ADULT or any(value is None or value == "" for value in needed):
        return None
    oxygen = bool(vitals.supplemental_oxygen)
    found = {
        "respiratory_rate": points("respiratory_rate", vitals.respiratory_rate),
        "oxygen_saturation": points(saturation_scale(vitals.spo2_scale, oxygen), vitals.oxygen_saturation),
        "supplemental_oxygen": 2 if oxygen else 0,
        "systolic_bp": points("systolic_bp", vitals.systolic_bp),
        "pulse_rate": points("pulse_rate", vitals.pulse_rate),
        "consciousness": 0 if vitals.consciousness == "A" else 3,
        "temperature_celsius": points("temperature_celsius", vitals.temperature_celsius),
    }
    total = sum(found.values())
    risk, response = answer(total, 3 in found.values())
    return News2(tuple((LABELS[name], part) for name, part in found.items()), total, risk, response)


@lru_cache(maxsize=1)
def _responses() -> dict[str, tuple[str, str]]:
    with (DATA / "news2_response.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["aggregate_or_trigger"]: (row["risk"], row["response_summary"].removeprefix("minimum "))
            for row in csv.DictReader(file)
        }


def answer(total: int, any_three: bool) -> tuple[str, str]:
    """(risk, what to do) for a total; one part of three points counts more than a low total."""
    if total >= 7:
        return _responses()["7+"]
    if total >= 5:
        return _responses()["5-6"]
    if any_three:
        return _responses()["any single parameter = 3"]
    return _responses()["1-4" if total else "0"]
