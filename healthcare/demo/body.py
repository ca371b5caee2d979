"""What is measured of the demo's patients: everybody has a body of their own, which changes little between visits."""

from __future__ import annotations

import random
from bisect import bisect_right
from datetime import date
from typing import Any
from uuid import UUID

#: The share of an adult's height at an age in years, roughly as growth charts have it for boys and girls together.
GROWTH = ((0, 0.30), (1, 0.44), (2, 0.51), (4, 0.60), (6, 0.68), (8, 0.75), (10, 0.81), (12, 0.88), (14, 0.94), (17, 1))
YEAR = 365.25
#: From here on weights drift.
THEN = date(2026, 1, 1)


def grown(age: float) -> float:
    """The share of the height that somebody will have."""
    at = bisect_right(GROWTH, (age, 2.0))
    if at == len(GROWTH):
        return 1.0
    (young, low), (old, high) = GROWTH[at - 1], GROWTH[at]
    return low + (high - low) * (age - young) / (old - young)


def measured(
    key: UUID, gender: str, born: date, on: date, shift: dict[str, float], rng: random.Random
) -> dict[str, Any]:
    """A set of vital signs of a person that day, shifted by what the person came with."""
    own, age = random.Random(key.int), (on - born).days / YEAR  # noqa: S311 - the body, not chance
    child, share = age < 15, grown(max(age, 0))
    height = share * own.gauss(176 if gender == "male" else 163, 6)
    build = min(max(own.gauss(26, 4), 18.5), 42)
    index = build if share == 1 else 16.5 + (build - 26) / 4
    usual_pressure, usual_pulse, yearly = own.gauss(0, 7), own.gauss(0, 6), own.gauss(0.3, 0.6)
    weight = index * (height / 100) ** 2 + (0 if child else yearly * (on - THEN).days / YEAR)
    systolic = (100 if child else 116 + age / 8) + usual_pressure + rng.gauss(0, 5) + shift.get("systolic_bp", 0)
    diastolic = systolic * 0.64 + rng.gauss(0, 2) + shift.get("diastolic_bp", 0)
    pulse = (118 - age * 2 if child else 74) + usual_pulse + rng.gauss(0, 5) + shift.get("pulse_rate", 0)
    temperature = min(40.5, rng.gauss(36.7, 0.2) + shift.get("temperature_celsius", 0))
    breaths = (26 - age * 0.6 if child else 15) + rng.gauss(0, 1.5) + shift.get("respiratory_rate", 0)
    saturation = min(100, round(rng.gauss(98, 0.8) + shift.get("oxygen_saturation", 0)))
    return {
        "systolic_bp": round(systolic),
        "diastolic_bp": round(min(diastolic, systolic - 15)),
        "pulse_rate": round(min(max(pulse, 48), 180)),
        "temperature_celsius": round(temperature, 1),
        "respiratory_rate": round(max(breaths, 8)),
        "oxygen_saturation": saturation,
        "weight_kg": round(weight + rng.gauss(0, 0.1 if child else 0.4), 1),
        "height_cm": round(height + (0 if share == 1 else rng.gauss(0, 0.2)), 1),
    }
