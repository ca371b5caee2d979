"""Tables and action buttons, written in Python: a list has some two hundred cells, and the template language
took more time for them than the database and everything else together."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from healthcare.templatetags.display import cell, escape, icon

register = template.Library()

SORTED = {
    "asc": (' aria-sort="ascending"', icon("caret-up-fill")),
    "desc": (' aria-sort="descending"', icon("caret-down-fill")),
    "": ("", icon("chevron-expand")),
}


@register.simple_tag(takes_context=True)
def table(
    context: Any, columns: Any, rows: Any, caption: Any = "", sticky: Any = False, row_actions: Any = False
) -> SafeString:
    """A table of rows, for lists and for the tables of a page.

    columns: {"name", "label", "sort_url", "sorted": asc|desc|"", "align": ""|end}; rows: {"url", "cells": [{"column",
    "value"}], "inactive", "tone", "actions"}; row_actions: whether rows have buttons for their next step.
    """
    token = context.get("csrf_token") if row_actions else None
    spoken = f'<caption class="visually-hidden">{escape(caption)}</caption>' if caption else ""
    more = f'<th scope="col" class="text-end"><span class="visually-hidden">{_("Next step")}</span></th>'
    classes = "table-list table-sticky" if sticky else "table-list"
    return mark_safe(
        f'<div class="table-wrap"><table class="{classes}">{spoken}'
        f"<thead><tr>{''.join(map(draw_head, columns))}{more if row_actions else ''}</tr></thead>"
        f"<tbody>{''.join(draw_row(row, row_actions, token) for row in rows)}</tbody></table></div>"
    )


def draw_head(column: Any) -> str:
    """A column's heading, with its sorting link."""
    label: str = escape(column["label"])
    aria, arrow = SORTED[column.get("sorted") or ""]
    align = "text-end" if column.get("align") == "end" else ""
    if url := column.get("sort_url"):
        label = f'<a href="{escape(url)}" class="sort">{label} {arrow}</a>'
    return f'<th scope="col" class="{align}"{aria}>{label}</th>'


def draw_row(row: Any, with_actions: bool, token: Any) -> str:
    """A row; its first cell leads to the row's page, and a click anywhere on it too (static/js/app.js)."""
    url = escape(row.get("url") or "")
    classes = ["is-inactive"] if row.get("inactive") else []
    if row.get("tone"):
        classes.append(f"stripe stripe-{escape(row['tone'])}")
    buttons = ""
    if with_actions:
        buttons = f'<td class="cell-actions">{draw_actions(row.get("actions") or (), token, small=True)}</td>'
    link = f' data-href="{url}"' if url else ""
    return f'<tr{link} class="{" ".join(classes)}">{draw_cells(row["cells"], url)}{buttons}</tr>'


def draw_cells(entries: Iterable[Any], url: str) -> str:
    """The cells of a row."""
    parts = []
    for number, entry in enumerate(entries):
        column, shown = entry["column"], escape(cell(entry["value"]))
        if number == 0 and url:
            shown = f'<a href="{url}" class="row-link">{shown}</a>'
        start = cell_start(str(column["label"]), at_end=column.get("align") == "end", first=number == 0)
        parts.append(f"{start}{shown}</td>")
    return "".join(parts)


@lru_cache(1000)
def cell_start(label: str, *, at_end: bool, first: bool) -> str:
    """The tag before a cell: the same in every row."""
    return f'<td data-label="{escape(label)}" class="{"text-end " if at_end else ""}{"cell-first" if first else ""}">'


@register.simple_tag(takes_context=True)
def action_buttons(context: Any, actions: Any, small: bool = False) -> SafeString:
    """The buttons: {"label", "url", "style": primary|secondary|danger, "icon", "method": get|post, "hidden"}."""
    return mark_safe(draw_actions(actions or (), context.get("csrf_token"), small=small))


def draw_actions(actions: Iterable[Any], token: Any, *, small: bool = False) -> str:
    """Links for what asks first, forms for what is done at once.

    A row's next step is outlined (`small`): one filled button per page.
    """
    parts = []
    for action in actions:
        style = action.get("style") or "secondary"
        look = {"primary": "btn-outline-primary" if small else "btn-primary", "danger": "btn-quiet-danger"}
        classes = f"btn {'btn-sm ' if small else ''}{look.get(style, 'btn-quiet')}"
        words, url = f"{icon(action.get('icon'))}{escape(action['label'])}", escape(action["url"])
        if action.get("method") == "post":
            values = {"csrfmiddlewaretoken": token or "", **action.get("hidden", {})}
            hidden = "".join(f'<input type="hidden" name="{name}" value="{escape(v)}">' for name, v in values.items())
            choice, other = draw_reasons(action["reasons"], url) if action.get("reasons") else ("", "")
            form = (
                f'<form method="post" action="{url}" class="action-form action-{style}">{hidden}{choice}'
                f'<button type="submit" class="{classes}">{words}</button>{other}</form>'
            )
            asked = f'<details class="menu action-ask"><summary class="{classes}">{words}</summary>{form}</details>'
            parts.append(asked if choice else form)
        else:
            parts.append(f'<a href="{url}" class="{classes} action-{style}">{words}</a>')
    return "".join(parts)


def draw_reasons(asked: tuple[str, Iterable[Any]], url: str) -> tuple[str, str]:
    """The usual reasons of a step, the first one chosen; and the way to the page where any other can be written."""
    field, reasons = asked
    options = "".join(f"<option>{escape(reason)}</option>" for reason in reasons)
    choice = f'<select name="{field}" class="form-select form-select-sm" aria-label="{_("Reason")}">{options}</select>'
    return choice, f'<a href="{url}">{_("Another reason")}</a>'
