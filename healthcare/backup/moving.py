"""From SQLite to PostgreSQL: every row copied in one transaction, then compared value by value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connections, transaction

from healthcare.backup.engines import BackupError

#: Rows are read so many at a time.
CHUNK = 2000
TARGET = "move_target"


def models() -> list[Any]:
    """Every table that Django knows, those between others included."""
    return [
        model for model in apps.get_models(include_auto_created=True) if model._meta.managed and not model._meta.proxy
    ]


def columns(model: Any) -> list[Any]:
    """The fields that are columns."""
    return list(model._meta.concrete_fields)


def rows_of(model: Any, using: str) -> Iterator[tuple[Any, ...]]:
    """All rows in the order of their keys."""
    names = [field.attname for field in columns(model)]
    # The base manager: an app's own may hide rows.
    rows = model._base_manager.using(using).order_by("pk").values_list(*names)
    yield from rows.iterator(chunk_size=CHUNK)


def digest_of(model: Any, using: str) -> tuple[int, str]:
    """How many rows, and a hash of all that they say, the same on both engines."""
    digest, count = hashlib.sha256(), 0
    for row in rows_of(model, using):
        digest.update(json.dumps([plain(value) for value in row], cls=DjangoJSONEncoder, sort_keys=True).encode())
        count += 1
    return count, digest.hexdigest()


def plain(value: Any) -> Any:
    """A value without what the engines do differently: precision beyond microseconds, kinds of bytes, zones."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds") if value.tzinfo else value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return value


def copy(model: Any) -> int:
    """One table into the target; in its transaction."""
    target = connections[TARGET]
    fields = columns(model)
    quote = target.ops.quote_name
    names = ", ".join(quote(field.column) for field in fields)
    count = 0
    with target.cursor() as cursor:
        statement = f"COPY {quote(model._meta.db_table)} ({names}) FROM STDIN"
        with cursor.cursor.copy(statement) as stream:
            for row in rows_of(model, "default"):
                pairs = zip(fields, row, strict=True)
                stream.write_row([field.get_db_prep_save(value, target) for field, value in pairs])
                count += 1
    return count


def move(say: Callable[[str], None]) -> dict[str, int]:
    """Copy everything, compare everything; nothing stays in the target if anything differs. The rows by table."""
    source, target = connections["default"], connections[TARGET]
    if source.vendor != "sqlite" or target.vendor != "postgresql":
        raise BackupError("This moves a SQLite database (DATABASE_URL) into a PostgreSQL database.")
    tables = models()
    moved = {}
    # SQLite's transactions begin IMMEDIATE: nobody writes while it is read, so nothing is left behind.
    with transaction.atomic(), transaction.atomic(using=TARGET), target.cursor() as cursor:
        quote = target.ops.quote_name
        # Guards forbid what a copy must do (rows that are final at once); constraints stay in force.
        for model in tables:
            cursor.execute(f"ALTER TABLE {quote(model._meta.db_table)} DISABLE TRIGGER USER")
        names = ", ".join(quote(model._meta.db_table) for model in tables)
        cursor.execute(f"TRUNCATE {names}")  # what `migrate` itself wrote: content types, permissions, schedules
        for model in tables:
            moved[model._meta.db_table] = copy(model)
            say(f"{model._meta.db_table}: {moved[model._meta.db_table]:,}")
        for statement in target.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for model in tables:
            cursor.execute(f"ALTER TABLE {quote(model._meta.db_table)} ENABLE TRIGGER USER")
        wrong = [model._meta.db_table for model in tables if digest_of(model, "default") != digest_of(model, TARGET)]
        if wrong:
            raise BackupError(f"These tables arrived differently, so nothing was moved: {', '.join(wrong)}")
    return moved
