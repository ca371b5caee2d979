"""Two people changed the same row: what stood there before, what each wrote, field by field (FND-7)."""

from __future__ import annotations

import datetime
import json
from contextlib import suppress
from typing import Any

from django import forms

#: What a page carries of the values that it showed; a longer text is compared without its past.
LONGEST = 20_000


def text_of(field: Any, value: Any) -> Any:
    """A field's value as its input posts it."""
    value = field.prepare_value(value)
    if isinstance(value, (list, tuple)):
        return [str(one) for one in value]
    if value is None or value is False:
        return ""
    if value is True:
        return "on"
    if isinstance(value, (datetime.date, datetime.time)):
        return field.widget.format_value(value) or ""
    return str(getattr(value, "pk", value))


def own_fields(form: Any) -> dict[str, Any]:
    """The fields that belong to the row and can be compared; a file cannot."""
    return {
        name: field
        for name, field in form.fields.items()
        if name not in form.SERVICE_FIELDS
        and hasattr(form.instance, name)
        and not isinstance(field, forms.FileField)
        and not isinstance(field.widget, forms.PasswordInput)
    }


def values_shown(form: Any) -> str:
    """What the page shows, to be compared if somebody else saves meanwhile."""
    shown = {name: text_of(field, form.get_initial_for_field(field, name)) for name, field in own_fields(form).items()}
    text = json.dumps(shown, ensure_ascii=False)
    return text if len(text) <= LONGEST else ""


def compare(form: Any) -> list[dict[str, Any]]:
    """Each field in which the two differ; those that only the other person changed are taken over into the form."""
    before: dict[str, Any] = {}
    with suppress(ValueError, TypeError):
        before = dict(json.loads(form.data.get(form.add_prefix("values_seen")) or "{}"))
    data, changes = form.data.copy(), []
    for name, field in own_fields(form).items():
        prefixed = form.add_prefix(name)
        mine = text_of(field, field.widget.value_from_datadict(form.data, form.files, prefixed))
        theirs = text_of(field, getattr(form.instance, f"{name}_id", getattr(form.instance, name)))
        if same(field, mine, theirs):
            continue
        known = name in before
        mine_changed = not known or not same(field, mine, before[name])
        changes.append(
            {
                "label": form[name].label,
                "name": prefixed,
                "before": shown(field, before[name]) if known else None,
                "mine": shown(field, mine),
                "theirs": shown(field, theirs),
                "mine_changed": mine_changed,
                "theirs_changed": not known or not same(field, theirs, before[name]),
                "value": theirs if isinstance(theirs, str) else "",
                "mine_value": mine if isinstance(mine, str) else "",
            }
        )
        if not mine_changed:
            put(data, prefixed, theirs)
    form.data = data
    return changes


def same(field: Any, one: Any, other: Any) -> bool:
    """Whether two texts mean the same value."""
    if one == other:
        return True
    with suppress(forms.ValidationError, ValueError, TypeError):
        return bool(field.to_python(one) == field.to_python(other))
    return False


def put(data: Any, name: str, value: Any) -> None:
    """Set a value in posted data."""
    if isinstance(value, list) and hasattr(data, "setlist"):
        data.setlist(name, value)
    elif value == "":
        data.pop(name, None)
        data[name] = ""
    else:
        data[name] = value


def shown(field: Any, value: Any) -> Any:
    """A posted text as people read it: a choice by its words."""
    if value in ("", []):
        return ""
    kind = type(field)
    if issubclass(kind, forms.ModelChoiceField):
        with suppress(forms.ValidationError, ValueError, TypeError):
            found = field.queryset.model._default_manager.filter(pk=value).first()
            return str(found) if found is not None else value
    if issubclass(kind, forms.ChoiceField):
        words = {str(key): str(label) for key, label in field.choices if not isinstance(label, (list, tuple))}
        return ", ".join(words.get(one, one) for one in (value if isinstance(value, list) else [value]))
    if issubclass(kind, forms.BooleanField):
        return value == "on"
    return value
