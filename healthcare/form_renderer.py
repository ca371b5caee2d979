"""Draws the plain form inputs in Python, everything else from its template.

A form is some thirty inputs and their options; each as templates of its own took half of a page's time.
"""

from __future__ import annotations

from typing import Any

from django.forms.renderers import TemplatesSetting
from django.utils.safestring import SafeString

from healthcare.templatetags.display import escape


class ClinicRenderer(TemplatesSetting):
    """Django's own inputs, selects and text areas, as `django/forms/widgets/*.html` draw them."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        draw = DRAWN.get(template_name)
        return SafeString(draw(context["widget"])) if draw else super().render(template_name, context, request)


def attributes(attrs: dict[str, Any]) -> str:
    """`attrs.html`: False is left out, True stands without a value."""
    parts = []
    for name, value in attrs.items():
        if value is True:
            parts.append(f" {name}")
        elif value is not False:
            parts.append(f' {name}="{escape(str(value))}"')
    return "".join(parts)


def draw_input(widget: dict[str, Any]) -> str:
    """`input.html`"""
    value = widget["value"]
    shown = f' value="{escape(str(value))}"' if value is not None else ""
    return f'<input type="{widget["type"]}" name="{escape(widget["name"])}"{shown}{attributes(widget["attrs"])}>'


def draw_textarea(widget: dict[str, Any]) -> str:
    """`textarea.html`; the line break saves a first one in the text."""
    text = escape(str(widget["value"])) if widget["value"] else ""
    return f'<textarea name="{escape(widget["name"])}"{attributes(widget["attrs"])}>\n{text}</textarea>'


def draw_select(widget: dict[str, Any]) -> str:
    """`select.html` with its options, in groups where they have names."""
    parts = [f'<select name="{escape(widget["name"])}"{attributes(widget["attrs"])}>']
    for group, options, _index in widget["optgroups"]:
        if group:
            parts.append(f'<optgroup label="{escape(str(group))}">')
        parts += [
            f'<option value="{escape(str(option["value"]))}"{attributes(option["attrs"])}>'
            f"{escape(option['label'])}</option>"
            for option in options
        ]
        if group:
            parts.append("</optgroup>")
    return "".join([*parts, "</select>"])


INPUTS = ("text", "number", "email", "url", "password", "hidden", "date", "datetime", "time", "checkbox")
DRAWN = {f"django/forms/widgets/{kind}.html": draw_input for kind in INPUTS} | {
    "django/forms/widgets/textarea.html": draw_textarea,
    "django/forms/widgets/select.html": draw_select,
}
