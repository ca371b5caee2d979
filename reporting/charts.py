"""Charts: as data for Chart.js on the screen, as SVG without script or network on paper."""

from __future__ import annotations

import base64
import json
from typing import Any

import pygal
from pygal.style import Style

#: More bars than this cannot be read; the latest months, or the largest classes, are drawn.
MOST_BARS = {"bar": 24, "line": 36, "horizontal": 12, "pyramid": 12}
#: The same on screen (static/js/charts.js) and paper.
COLOURS = ("#0f6b73", "#d08c2a", "#6b4fa0", "#8a97a1")

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
    colors=COLOURS,
    font_family="Paper, Inter, 'Noto Sans', sans-serif",
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=15,
    title_font_size=16,
    no_data_font_size=20,
    opacity="1",
    opacity_hover="1",
    transition="none",
)
CLASSES = {"bar": pygal.Bar, "line": pygal.Line, "horizontal": pygal.HorizontalBar, "pyramid": pygal.Pyramid}


def readable(chart: dict[str, Any]) -> tuple[list[str], list[tuple[str, list[float]]]]:
    """(labels, series) of as many bars as can be read."""
    most = MOST_BARS[chart["kind"]]
    cut = slice(0, most) if chart["kind"] == "horizontal" else slice(-most, None)
    return [str(label) for label in chart["labels"][cut]], [
        (str(name), values[cut]) for name, values in chart["series"]
    ]


def for_screen(chart: dict[str, Any]) -> dict[str, Any]:
    """The chart as static/js/charts.js takes it."""
    labels, series = readable(chart)
    data = {"kind": chart["kind"], "labels": labels, "series": [{"label": name, "values": v} for name, v in series]}
    rows = len(labels) * (len(series) if chart["kind"] == "horizontal" else 1)
    return {
        "title": chart["title"],
        "json": json.dumps(data),
        # The strict CSP forbids inline styles, so that the height comes in steps that the stylesheet knows.
        "size": "small" if rows <= 4 else "medium" if rows <= 10 else "large",
        "horizontal": chart["kind"] in {"horizontal", "pyramid"},
    }


def axis_number(value: float) -> str:
    """A number at an axis; a pyramid's left side counts like its right one."""
    return f"{abs(value):,.0f}" if float(value).is_integer() else f"{abs(value):,.1f}"


def svg(chart: dict[str, Any]) -> str:
    """The chart as SVG."""
    labels, series = readable(chart)
    kind = chart["kind"]
    sideways = kind in {"horizontal", "pyramid"}
    figure = CLASSES[kind](
        js=[],
        disable_xml_declaration=True,
        style=STYLE,
        width=900,
        height=70 + (10 + 12 * len(series)) * len(labels) if kind == "horizontal" else 280,
        show_legend=len(series) > 1,
        legend_at_bottom=True,
        legend_at_bottom_columns=len(series),
        print_values=False,
        y_labels_major_count=None if sideways else 6,
        # Sideways, it is the names that stand at the y axis: none is left out.
        show_minor_y_labels=sideways,
        show_y_guides=not sideways,
        margin=14,
        spacing=14,
        value_formatter=axis_number,
        truncate_legend=-1,
        truncate_label=30,
        human_readable=False,
    )
    # Horizontal bars are drawn from the bottom up.
    backwards = kind == "horizontal"
    figure.x_labels = list(reversed(labels)) if backwards else labels
    for name, values in series:
        figure.add(name, list(reversed(values)) if backwards else values)
    return str(figure.render(is_unicode=True))


def data_uri(chart: dict[str, Any]) -> str:
    """The chart for an `img`."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg(chart).encode()).decode()


def drawn(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures with their charts as pictures, for paper."""
    return with_charts(figures, lambda chart: {"title": chart["title"], "src": data_uri(chart)})


def on_screen(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures with their charts as data, for the screen."""
    return with_charts(figures, for_screen)


def with_charts(figures: dict[str, Any], make: Any) -> dict[str, Any]:
    """The figures with each table's charts made into something."""
    return figures | {"tables": [t | {"charts": [make(chart) for chart in t["charts"]]} for t in figures["tables"]]}
