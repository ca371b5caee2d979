"""Zones of vital signs (BYD-9): normal, concerning, impossible. One place for the page and for the server."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings

from clinical import news2

#: What a measurement can be at all, in the table; the clinic's own limits (settings.VITAL_LIMITS) are narrower.
POSSIBLE = {
    "systolic_bp": (1, 400),
    "diastolic_bp": (1, 300),
    "pulse_rate": (0, 400),
    "temperature_celsius": (20, 50),
    "respiratory_rate": (1, 200),
    "oxygen_saturation": (0, 100),
}


def limits(name: str) -> tuple[Decimal, Decimal] | None:
    """The least and the most that is taken; None where anything above zero is."""
    found = settings.VITAL_LIMITS.get(name) or POSSIBLE.get(name)
    return (Decimal(str(found[0])), Decimal(str(found[1]))) if found else None


def normal(name: str, age: int, spo2: str = "spo2_scale1") -> tuple[Decimal | None, Decimal | None] | None:
    """The normal zone of an adult: each end from the settings, or where NEWS2 gives no points; children have none.

    `spo2` names the bands by which the saturation is read: 97 % is too much on oxygen where 88 to 92 % are aimed at.
    """
    if age < news2.ADULT:
        return None
    table = spo2 if name == "oxygen_saturation" else name
    band = next((band for band in news2.bands().get(table, ()) if band.points == 0), None)
    scored = (band.low, band.high) if band else (None, None)
    ours = settings.VITAL_NORMAL.get(name, (None, None))
    low, high = (end if own is None else Decimal(str(own)) for own, end in zip(ours, scored, strict=True))
    return None if low is None and high is None else (low, high)


def place(name: str, value: Any, age: int, spo2: str = "spo2_scale1") -> str:
    """low, normal or high; empty where there is no value or no zone."""
    usual = normal(name, age, spo2)
    if value is None or usual is None:
        return ""
    low, high = usual
    if high is not None and value > high:
        return "high"
    return "low" if low is not None and value < low else "normal"


def zone(name: str, value: Any, age: int, spo2: str = "spo2_scale1") -> str:
    """normal, concerning or impossible; empty where there is no value or no zone."""
    if value is None:
        return ""
    ends = limits(name)
    if ends and not ends[0] <= value <= ends[1]:
        return "impossible"
    found = place(name, value, age, spo2)
    return "concerning" if found in ("low", "high") else found
