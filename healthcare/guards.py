"""Database guards that Django's constraints cannot express: triggers and exclusion constraints.

Each app lists its guards in `guards.py`; they are (re)installed after every `migrate`, because on
SQLite an altered table is rebuilt and silently loses its triggers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connections
from django.utils.module_loading import import_string, module_has_submodule

from healthcare.constraints import register


@dataclass(frozen=True)
class Guard:
    """One rule kept by the database.

    `sqlite` and `postgresql` are the statements that create it, in order; `message` is what a person
    reads when it refuses, at `field`. On PostgreSQL a trigger's function must raise with
    ERRCODE 'integrity_constraint_violation' and the guard's name as its message.
    """

    name: str
    table: str
    message: Any
    sqlite: tuple[str, ...]
    postgresql: tuple[str, ...]
    field: str = ""


def all_guards() -> list[Guard]:
    """The guards of every installed app."""
    found: list[Guard] = []
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, "guards") and config.name != "healthcare":
            found += import_string(f"{config.name}.guards.GUARDS")
    return found


def append_only(table: str, name: str, message: Any) -> Guard:
    """A guard that refuses UPDATE and DELETE of any row of the table."""
    return Guard(
        name=name,
        table=table,
        message=message,
        sqlite=tuple(
            statement
            for event in ("update", "delete")
            for statement in (
                f"DROP TRIGGER IF EXISTS {name}_{event}",
                f"CREATE TRIGGER {name}_{event} BEFORE {event.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{name}'); END",
            )
        ),
        postgresql=(
            refuse_function(name),
            f"DROP TRIGGER IF EXISTS {name} ON {table}",
            f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}_refuse()",
        ),
    )


def refuse_function(name: str) -> str:
    """PostgreSQL: a trigger function that always refuses with the guard's name."""
    return (
        f"CREATE OR REPLACE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION '{name}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )


def install(using: str = "default", **_kwargs: Any) -> None:
    """Create every guard whose table exists; safe to repeat."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for guard in all_guards():
            if guard.table in tables:
                for statement in getattr(guard, connection.vendor):
                    cursor.execute(statement)


def uninstall(using: str = "default", plan: Any = (), **_kwargs: Any) -> None:
    """SQLite: take the triggers away while tables are altered; `install` puts them back.

    An altered table is rebuilt: dropped, and another renamed to its name, which a trigger that reads it forbids.
    """
    connection = connections[using]
    if not plan or connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")


def register_messages() -> None:
    """Make every guard's message known to `healthcare.constraints`."""
    for guard in all_guards():
        register(guard.name, guard.message, guard.field)
