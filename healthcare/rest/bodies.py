"""From a JSON body to the data that a form takes: the API fills in the page's form and sends it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from ninja.parser import Parser

from healthcare.rest.answers import ApiError, api_name
from healthcare.rest.confidential import patient_column

#: The services of every form that a body may use.
ACKNOWLEDGED = ("acknowledge_warnings", "override_reason")


class ExactParser(Parser):
    """Reads JSON without floating point: `10.10` stays what was typed."""

    def parse_body(self, request: HttpRequest) -> Any:
        return json.loads(request.body, parse_float=Decimal, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def own_fields(form_class: Any) -> dict[str, Any]:
    """The form's fields that a person fills in, by name."""
    return {
        name: field
        for name, field in form_class.base_fields.items()
        if name not in getattr(form_class, "SERVICE_FIELDS", ()) and not isinstance(field, forms.FileField)
    }


def patient_follows(form_class: Any) -> bool:
    """Whether a new row's patient follows from another row, such as the visit: who names somebody else is refused."""
    return "patient" not in form_class.base_fields and patient_column(form_class._meta.model) == "patient_id"


def as_text(name: str, value: Any, field: Any) -> str:
    """A JSON value as a form is posted it."""
    if value is None:
        return ""
    if isinstance(field, forms.BooleanField):
        # A form's tick is set by any text, and its yes-or-no knows few: "no" would acknowledge, "yes" say nothing.
        if (text := str(value).lower()) not in ("true", "false", ""):
            said = {name: [_("Enter true or false.")]}
            raise ApiError(400, "validation", _("The request is not as described."), said)
        return text
    if isinstance(value, bool):
        raise ApiError(400, "validation", _("The request is not as described."), {name: [_("Enter a text.")]})
    if isinstance(value, str | int | Decimal | UUID):
        return str(value)
    raise ApiError(400, "validation", _("The request is not as described."), {name: [_("Enter a single value.")]})


def takes_many(field: Any) -> bool:
    """Whether the field is a choice of several."""
    return isinstance(field.widget, forms.SelectMultiple)


def as_posted(name: str, value: Any, field: Any) -> str | list[str]:
    """A JSON value as a form is posted it; several in a list."""
    if takes_many(field) and isinstance(value, list):
        # As answers show them: plain values, or objects with a code.
        plain = [each["code"] if isinstance(each, dict) and "code" in each else each for each in value]
        return [as_text(name, each, forms.CharField()) for each in plain]
    return as_text(name, value, field)


def put(data: QueryDict, name: str, value: str | list[str]) -> None:
    """Write one value or several."""
    data.setlist(name, value if isinstance(value, list) else [value])


def given(body: Mapping[str, Any], form_class: Any, prefix: str = "") -> dict[str, str | list[str]]:
    """What the body says about the form's fields, by field name. Anything else in it is ignored."""
    data: dict[str, str | list[str]] = {}
    for name, field in own_fields(form_class).items():
        for key in (api_name(name, field), name):
            if key in body:
                data[name] = as_posted(prefix + key, body[key], field)
                break
    return data


def left_out(told: Mapping[str, Any], form_class: Any) -> dict[str, str | list[str]]:
    """The fields that no longer say anything, as what was told stands instead of them."""
    return {other: "" for name, other in form_class.INSTEAD_OF.items() if told.get(name)}


def shown(form: Any, name: str) -> str | list[str]:
    """What the page would send back for a field that nobody touched."""
    bound = form[name]
    value = bound.value()
    if isinstance(value, bool):
        return "true" if value else ""
    text = bound.field.widget.format_value(value)
    if takes_many(bound.field):
        return [str(each) for each in text or []]
    if isinstance(text, list | tuple):
        text = text[0] if text else ""
    return "" if text is None else str(text)


def first_value(field: Any) -> str:
    """The value with which a new page's field begins."""
    value = field.initial() if callable(field.initial) else field.initial
    return "" if value is None or value is False else str(value)


def first_values(form_class: Any, body: Mapping[str, Any]) -> dict[str, str]:
    """With what a new row's form begins: required fields as on the page, and for whom it was shown."""
    data = {name: first_value(field) for name, field in own_fields(form_class).items() if field.required}
    if patient_follows(form_class):
        data["shown_patient"] = as_text("patient_id", body.get("patient_id"), form_class.base_fields["shown_patient"])
    return data


def form_data(
    form_class: Any, body: Mapping[str, Any], rows: Mapping[str, Any], *, page: Any = None, new: bool = False
) -> QueryDict:
    """The data to submit. `page` is the unbound form of the row (PATCH): what is not given keeps its value.

    For a new row, a required field that is not given begins as on the page; all other missing ones are empty.
    """
    data = QueryDict(mutable=True)
    fields = own_fields(form_class)
    if page is not None:
        for name in page.fields.keys() & fields.keys():
            put(data, name, shown(page, name))
    elif new:
        data.update(first_values(form_class, body))
    else:
        data.update({name: "" for name, field in fields.items() if not takes_many(field)})
    told = given(body, form_class)
    for name, value in (left_out(told, form_class) | told).items():
        put(data, name, value)
    for name in ACKNOWLEDGED:
        if body.get(name) not in (None, False):
            data[name] = as_text(name, body[name], form_class.base_fields[name])
    for prefix, row_class in rows.items():
        if body.get(prefix) is not None:
            for name, value in rows_data(prefix, body[prefix], row_class, data).items():
                put(data, name, value)
    return data


def rows_data(prefix: str, entries: Any, row_class: Any, shared: QueryDict) -> dict[str, str | list[str]]:
    """The data of a formset from a list of objects."""
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ApiError(
            400, "validation", _("The request is not as described."), {prefix: [_("Give a list of objects.")]}
        )
    data: dict[str, str | list[str]] = {f"{prefix}-TOTAL_FORMS": str(len(entries)), f"{prefix}-INITIAL_FORMS": "0"}
    service = [name for name in ACKNOWLEDGED if name in row_class.base_fields]
    for index, entry in enumerate(entries):
        required = ((n, f) for n, f in own_fields(row_class).items() if f.required and f.initial is not None)
        begun: dict[str, str | list[str]] = {n: first_value(f) for n, f in required}
        told = given(entry, row_class, f"{prefix}.{index}.")
        if not any(told.values()):
            # A page leaves out rows that nobody filled in; a program that sends one means it.
            raise ApiError(
                400,
                "validation",
                _("The request is not as described."),
                {f"{prefix}.{index}.__all__": [_("This entry is empty.")]},
            )
        row = begun | told
        for name in service:
            if value := entry.get(name) or shared.get(name):
                row[name] = as_text(f"{prefix}.{index}.{name}", value, row_class.base_fields[name])
        data |= {f"{prefix}-{index}-{name}": text for name, text in row.items()}
    return data
