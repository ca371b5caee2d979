"""Plausible laboratory results."""

from __future__ import annotations

import random


def lab_value(entry: dict[str, str], rng: random.Random, abnormal: float) -> tuple[str, bool]:
    """A result near the reference range of a catalogue entry, outside it with the given probability."""
    if not entry["ref_high"]:
        return ("positive", True) if rng.random() < abnormal else ("negative", False)
    high, low = float(entry["ref_high"]), float(entry["ref_low"] or 0)
    digits = 0 if high >= 100 else 1 if high >= 10 else 2
    if rng.random() < abnormal:
        return f"{high * rng.uniform(1.06, 1.45):.{digits}f}", True
    inside = rng.uniform(low + (high - low) * 0.15, high - (high - low) * 0.15)
    return f"{inside:.{digits}f}", False
