"""Rows that are written one by one: the SQL is put together once for a model, then only the values are put in.

Django puts it together anew for every row, which takes longer than SQLite takes to insert it. PostgreSQL keeps it
prepared for each connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.db import connections, models

from healthcare.compiled import prepared

#: Fields that hand values of this type to the drivers as they are.
AS_THEY_ARE: dict[type[models.Field[Any, Any]], type] = {
    models.CharField: str,
    models.TextField: str,
    models.BooleanField: bool,
}


def as_it_is(field: models.Field[Any, Any]) -> type | None:
    """The type whose values this field hands on as they are; None if it prepares them all."""
    for kind, values in AS_THEY_ARE.items():
        if isinstance(field, kind):
            own = (getattr(type(field), name) for name in ("get_prep_value", "get_db_prep_value", "get_db_prep_save"))
            usual = (kind.get_prep_value, kind.get_db_prep_value, kind.get_db_prep_save)
            return values if tuple(own) == usual else None
    return None


@cache
def columns(model: type[models.Model]) -> dict[str, tuple[models.Field[Any, Any], type | None]]:
    """What is written, by attribute: the field, and what it hands on as it is."""
    fields = model._meta.concrete_model._meta.local_concrete_fields  # type: ignore[union-attr]
    return {field.attname: (field, as_it_is(field)) for field in fields if not field.generated}


@cache
def insertion(model: type[models.Model], rows: int) -> str:
    """The statement that inserts so many rows."""
    names = ", ".join(f'"{field.column}"' for field, _plain in columns(model).values())
    places = f"({', '.join(['%s'] * len(columns(model)))})"
    return f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES {", ".join([places] * rows)}'  # noqa: S608 - our own


@cache
def change(model: type[models.Model], names: tuple[str, ...]) -> str:
    """The statement that changes these columns of a row."""
    places = ", ".join(f'"{name}" = %s' for name in names)
    return f'UPDATE "{model._meta.db_table}" SET {places} WHERE "{model._meta.pk.column}" = %s'  # noqa: S608 - our own


def ready(values: Iterable[tuple[models.Field[Any, Any], type | None, Any]], connection: Any) -> list[Any] | None:
    """The values as the driver takes them; None where one is an expression, which becomes part of the statement."""
    found = []
    for field, plain, value in values:
        if value is not None and type(value) is not plain:
            value = field.get_db_prep_save(value, connection)
            if hasattr(value, "as_sql"):
                return None
        found.append(value)
    return found


def insert(rows: Sequence[models.Model], alias: str) -> bool:
    """Insert new rows of one model; False, with nothing done, where Django has to put the statement together."""
    model, connection = type(rows[0]), connections[alias]
    fields = columns(model).values()
    values = ready(((field, plain, field.pre_save(row, True)) for row in rows for field, plain in fields), connection)
    if values is None:
        return False
    with prepared(connection), connection.cursor() as cursor:
        cursor.execute(insertion(model, len(rows)), values)
    return True


def update(row: models.Model, changed: Sequence[tuple[models.Field[Any, Any], Any]], alias: str) -> int | None:
    """Write these columns of a row: how many rows that were; None, with nothing done, where Django has to do it."""
    model, connection = type(row), connections[alias]
    fields = columns(model)
    values = ready(((*fields[field.attname], value) for field, value in changed), connection)
    if values is None:
        return None
    key = model._meta.pk.get_db_prep_value(row.pk, connection)
    with prepared(connection), connection.cursor() as cursor:
        cursor.execute(change(model, tuple(field.column for field, _value in changed)), [*values, key])
        return cursor.rowcount
