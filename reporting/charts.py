"""Charts as SVG data URIs: no script, no network, readable in print."""

from __future__ import annotations

import base64
from typing import Any

import pygal
from pygal.style import Style

#: More bars than this cannot be read; the latest months, or the largest classes, are drawn.
MOST_BARS = {"bar": 24, "horizontal": 12}

STYLE = Style(
    background="#ffffff",
    plot_background="#ffffff",
    foreground="#51606b",
    foreground_strong="#1c252b",
    foreground_subtle="#cfd6db",
    guide_stroke_color="#dfe5e8",
    major_guide_stroke_color="#dfe5e8",
    guide_stroke_dasharray="",
    major_guide_stroke_dasharray="",
    colors=("#0f6b73", "#d08c2a", "#6b4fa0", "#8a97a1"),
    font_family="Paper, Inter, 'Noto Sans', sans-serif",
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=13,
    no_data_font_size=20,
    opacity="1",
    opacity_hover="1",
    transition="none",
)


def svg(chart: dict[str, Any]) -> str:
    """The chart as SVG."""
    most = MOST_BARS[chart["kind"]]
    cut = slice(0, most) if chart["kind"] == "horizontal" else slice(-most, None)
    labels = chart["labels"][cut]
    horizontal = chart["kind"] == "horizontal"
    drawn = (pygal.HorizontalBar if horizontal else pygal.Bar)(
        js=[],
        disable_xml_declaration=True,
        style=STYLE,
        width=900,
        height=110 + 34 * len(labels) if horizontal else 320,
        show_legend=len(chart["series"]) > 1,
        legend_at_bottom=True,
        print_values=False,
        show_y_guides=not horizontal,
        margin=12,
        value_formatter=lambda value: f"{value:,.0f}",
        truncate_legend=-1,
        truncate_label=-1,
    )
    # Horizontal bars are drawn from the bottom up.
    drawn.x_labels = [str(label) for label in (reversed(labels) if horizontal else labels)]
    for label, values in chart["series"]:
        drawn.add(str(label), list(reversed(values[cut])) if horizontal else values[cut])
    return str(drawn.render(is_unicode=True))


def data_uri(chart: dict[str, Any]) -> str:
    """The chart for an `img`."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg(chart).encode()).decode()


def drawings(charts: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Title and picture of each chart that has anything to draw."""
    return [
        {"title": chart["title"], "src": data_uri(chart)}
        for chart in charts
        if any(any(values) for _label, values in chart["series"])
    ]
