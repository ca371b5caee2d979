"""A small line of the last values, as SVG that a strict CSP lets through: attributes, no style, no script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.html import format_html

WIDTH, HEIGHT, EDGE = 84, 22, 3


def sparkline(values: Sequence[Any], label: str) -> Any:
    """The values from the oldest to the newest; empty for fewer than two."""
    if len(values) < 2:
        return ""
    numbers = [float(value) for value in values]
    low, high = min(numbers), max(numbers)
    step = (WIDTH - 2 * EDGE) / (len(numbers) - 1)
    scale = (HEIGHT - 2 * EDGE) / ((high - low) or 1)
    points = [
        (EDGE + index * step, HEIGHT / 2 if high == low else HEIGHT - EDGE - (number - low) * scale)
        for index, number in enumerate(numbers)
    ]
    return format_html(
        '<svg class="sparkline" viewBox="0 0 {} {}" role="img" aria-label="{}: {}">'
        '<polyline points="{}" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"></polyline>'
        '<circle cx="{}" cy="{}" r="2.2" fill="currentColor"></circle></svg>',
        WIDTH,
        HEIGHT,
        label,
        ", ".join(str(value) for value in values),
        " ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        f"{points[-1][0]:.1f}",
        f"{points[-1][1]:.1f}",
    )
