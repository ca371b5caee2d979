"""The types that OpenAPI shows, made of the forms' fields and the models' columns.

Answers are written by ourselves and bodies are judged by the forms, so the models here describe, and never refuse.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal

from django import forms
from django.db import models
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model

from healthcare.money import MoneyField, MoneyFormField
from healthcare.rest.answers import api_name
from healthcare.rest.bodies import ACKNOWLEDGED, own_fields, patient_follows, takes_many

MONEY = {"type": "string", "pattern": r"^-?\d+\.\d\d$", "examples": ["125.00"]}
UUID_TYPE = {"type": "string", "format": "uuid"}
TIME = {"type": "string", "pattern": r"^\d\d:\d\d(:\d\d)?$", "examples": ["09:30"]}


# -- values --------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """A column's value as JSON holds it; money is handled apart."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return str(value) if value is not None and not isinstance(value, str | int | float | bool | list | dict) else value


def amount(value: Any) -> str | None:
    """Money as a text with two decimals (API-3)."""
    return None if value is None else f"{value:.2f}"


def reader_of(field: Any) -> Any:
    """How a column's value is written."""
    return amount if isinstance(field, MoneyField) else plain


# -- JSON Schema ---------------------------------------------------------------------------------


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def of_column(field: Any) -> dict[str, Any]:
    """The schema of a column in an answer."""
    kinds = (
        (models.ForeignKey, UUID_TYPE),
        (models.UUIDField, UUID_TYPE),
        (MoneyField, MONEY),
        (models.DecimalField, {"type": "number"}),
        (models.BooleanField, {"type": "boolean"}),
        (models.IntegerField, {"type": "integer"}),
        (models.DateTimeField, {"type": "string", "format": "date-time"}),
        (models.DateField, {"type": "string", "format": "date"}),
        (models.TimeField, TIME),
        (models.JSONField, {}),
    )
    schema: dict[str, Any] = next((dict(s) for kind, s in kinds if isinstance(field, kind)), {"type": "string"})
    if field.choices and schema.get("type") == "string":
        schema["enum"] = [value for value, _label in field.flatchoices] + ([""] if field.blank else [])
    return (nullable(schema) if field.null and schema else schema) | words_of(field.verbose_name, field.help_text)


def words_of(title: Any, description: Any) -> dict[str, str]:
    """What people call it, and what it means."""
    told = {"title": str(title or ""), "description": str(description or "")}
    return {name: text for name, text in told.items() if text and "<" not in text}


def of_query(field: Any, title: Any = "") -> dict[str, Any]:
    """A query parameter for a filter's form field, or for a column."""
    schema = of_form_field(field) if isinstance(field, forms.Field) else of_column(field)
    for kind in schema.pop("anyOf", [])[:1]:
        schema = kind | schema
    if isinstance(schema.get("type"), list):
        schema["type"] = schema["type"][0]
    if "enum" in schema:
        schema["enum"] = [value for value in schema["enum"] if value != ""]
    words = {"title": schema.pop("title", ""), "description": schema.pop("description", "")}
    text = ". ".join(part for part in (str(title) or words["title"], words["description"]) if part)
    return {"schema": schema, **({"description": text} if text else {})}


#: Query parameters that every list knows, beside its filters.
COMMON: dict[str, dict[str, Any]] = {
    "page": {"schema": {"type": "integer", "minimum": 1, "maximum": 400}, "description": "From 1 on"},
    "page_size": {"schema": {"type": "integer", "minimum": 1, "maximum": 100}, "description": "25 if not given"},
    "ordering": {"schema": {"type": "string"}, "description": "A column, with a minus for backwards; several by comma"},
    "q": {"schema": {"type": "string", "maxLength": 100}, "description": "Search, as on the page"},
    "inactive": {"schema": {"type": "boolean"}, "description": "Also what was deactivated"},
    "after": {"schema": UUID_TYPE, "description": "Walk on behind this row: the `next` of the last answer"},
}


def of_form_field(field: Any) -> dict[str, Any]:
    """The schema of a form's field in a body."""
    kinds = (
        (forms.NullBooleanField, {"type": ["boolean", "null"]}),
        (forms.BooleanField, {"type": "boolean"}),
        (MoneyFormField, {"type": ["string", "number"], "examples": ["125.00"]}),
        (forms.FloatField, {"type": "number"}),
        (forms.DecimalField, {"type": "number"}),
        (forms.IntegerField, {"type": "integer"}),
        (forms.DateTimeField, {"type": "string", "format": "date-time"}),
        (forms.DateField, {"type": "string", "format": "date"}),
        (forms.TimeField, TIME),
        (forms.ModelChoiceField, UUID_TYPE),
        (forms.UUIDField, UUID_TYPE),
        (forms.EmailField, {"type": "string", "format": "email"}),
    )
    schema: dict[str, Any] = next((dict(s) for kind, s in kinds if isinstance(field, kind)), {"type": "string"})
    if schema == {"type": "string"} and getattr(field, "max_length", None):
        schema["maxLength"] = field.max_length
    if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
        listed_values: Any = field.choices
        values = [str(value) for value, _label in listed_values if value != ""]
        schema["enum"] = values if field.required else [*values, ""]
    if takes_many(field):
        schema = {"type": "array", "items": {"type": "string"}}
    elif not field.required and "type" in schema and schema["type"] != "boolean":
        schema = nullable(schema)
    return schema | words_of(field.label, field.help_text)


def described(name: str, properties: dict[str, dict[str, Any]], required: list[str]) -> type[BaseModel]:
    """A pydantic model with these properties, which takes any value."""

    def finish(schema: dict[str, Any]) -> None:
        for shown in schema["properties"].values():
            shown.pop("default", None)
        schema["required"] = required
        if not required:
            del schema["required"]

    fields: dict[str, Any] = {key: (Annotated[Any, WithJsonSchema(schema)], None) for key, schema in properties.items()}
    return create_model(name, __config__=ConfigDict(json_schema_extra=finish, extra="ignore"), **fields)


def body_of(
    name: str,
    form_class: Any,
    rows: dict[str, Any],
    *,
    partial: bool = False,
    optional: tuple[str, ...] = (),
    unfolded: tuple[str, ...] = (),
    then: Any = None,
    new: bool = False,
    reason: bool = False,
) -> type[BaseModel]:
    """The schema of a body for this form; for a `new` row it may say whom it is about, for a DELETE the `reason`."""
    properties, required = {}, []
    for key, field in own_fields(form_class).items():
        properties[api_name(key, field)] = of_form_field(field)
        if field.required and field.initial is None and not partial and key not in optional:
            required.append(api_name(key, field))
    for key, field in own_fields(then).items() if then else ():
        properties.setdefault(api_name(key, field), of_form_field(field))
    for key, row_class in rows.items():
        row = {api_name(n, f): of_form_field(f) for n, f in own_fields(row_class).items()}
        properties[key] = {"type": "array", "items": {"type": "object", "properties": row}}
    if new and patient_follows(form_class):
        words = "Need not be given; refused if it is somebody else's."
        properties["patient_id"] = nullable(UUID_TYPE) | {"description": words}
    if reason:
        properties.setdefault("reason", {"type": "string", "description": "Why, under this name too."})
    for key in unfolded:
        properties[key] = {"type": "object", "description": "Fields may stand in here too."}
    for key in ACKNOWLEDGED:
        properties[key] = {"type": "boolean"} if key == "acknowledge_warnings" else {"type": "string", "maxLength": 500}
    return described(name, properties, required)


# -- answers -------------------------------------------------------------------------------------


class Warned(BaseModel):
    """What has to be acknowledged before the same is sent again."""

    kind: str = Field(description="allergy, interaction, duplicate, overlap, or a rule's own")
    severity: str = Field(description="high, moderate or low")
    message: str
    source: str = Field(description="Where this is known from")


class ErrorBody(BaseModel):
    """What went wrong."""

    code: str = Field(
        description="For programs: validation, malformed, safety_warning, a rule's own such as transition (400); "
        "unauthenticated, invalid_credentials, otp_required, otp_invalid, invalid_token (401); forbidden, csrf, "
        "reason_required, password_change_required, second_factor_required (403); not_found (404); method (405); "
        "stale, overlap, idempotency_key (409); too_large (413); throttled (429); error (500); unavailable (503)"
    )
    message: str = Field(description="For people")
    fields: dict[str, list[str]] = Field(description="Messages by column name; `__all__` is about the whole")
    warnings: list[Warned] | None = Field(None, description="With the code safety_warning")


class ErrorAnswer(BaseModel):
    """An error in its envelope."""

    status: Literal["error"]
    data: None
    error: ErrorBody


def success(name: str, data: Any) -> type[BaseModel]:
    """A success in its envelope."""
    status: Any = Literal["success"]
    return create_model(name, status=(status, ...), data=(data, ...), error=(None, ...))


def listed(name: str, item: Any) -> type[BaseModel]:
    """The data of a list."""
    return create_model(
        name,
        items=(list[item], ...),
        page=(int, ...),
        page_size=(int, ...),
        total=(int, Field(description="Exact up to 10,000; above, a count that may be some seconds old")),
        next=(str | None, ...),
    )
