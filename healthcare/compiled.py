"""Queries asked with other values on every request: Django writes their SQL once, then only the values are put in.

Writing the SQL of a query takes Django three to four times as long as SQLite takes to answer it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import date, datetime, time
from functools import cached_property
from types import SimpleNamespace
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.transaction import TransactionManagementError

from healthcare.clock import unread

#: Values that the databases' drivers do not all take as they are, and what prepares them.
FIELDS: dict[type, models.Field[Any, Any]] = {
    uuid.UUID: models.UUIDField(),
    date: models.DateField(),
    datetime: models.DateTimeField(),
    time: models.TimeField(),
}


class Given(models.Expression):
    """The place of a value in compiled SQL."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]

    def _combine(self, *args: Any) -> Any:
        raise TypeError("Reckon first, then put the value in: a database would reckon in its own way.")


class Plan(NamedTuple):
    """What Django made of a query."""

    compiler: Any
    sql: str
    places: tuple[Any, ...]


class Compiled:
    """A function that makes a queryset of its arguments, turned into one that gives the rows.

    The function is called once, so it may read nothing but its arguments (asking for the time or the zone raises
    RuntimeError), and these can only be compared with: they cannot be None, nor looked into.
    """

    def __init__(self, make: Callable[..., models.QuerySet[Any, Any]]) -> None:
        self.make = make
        self.names = make.__code__.co_varnames[: make.__code__.co_argcount]
        self.plans: dict[str, Plan] = {}

    @cached_property
    def queryset(self) -> Any:
        """The query, with places instead of values."""
        with unread():
            return self.make(*(Given(name) for name in self.names))

    def plan(self, alias: str) -> Plan:
        """What Django makes of it for this database. Raises EmptyResultSet where no row can ever fit."""
        compiler = self.queryset.query.get_compiler(using=alias)
        with unread():
            sql, places = compiler.as_sql()
        converters = compiler.get_converters([column for column, *_ in compiler.select[: compiler.col_count]])
        compiler.get_converters = lambda columns: converters
        compiler.connection = None  # was this thread's own
        return self.plans.setdefault(alias, Plan(compiler, sql, tuple(places)))

    def __call__(self, *values: Any, **known: Any) -> list[Any]:
        """The rows for these values; `known` are rows that all of them refer to, by the name of the field."""
        queryset = self.queryset
        alias = queryset.db  # where rows are locked: never a replica
        connection = connections[alias]
        if queryset.query.select_for_update and connection.get_autocommit():
            raise TransactionManagementError("Rows are locked within a transaction only.")
        try:
            plan = self.plans.get(alias) or self.plan(alias)
        except EmptyResultSet:
            return []
        given = dict(zip(self.names, values, strict=True))
        bound = plan.sql, tuple([bind(place, given, connection) for place in plan.places])
        compiler = copy(plan.compiler)
        compiler.connection = connection
        compiler.as_sql = lambda *args, **kwargs: bound
        # All that Django's iterables ask of a queryset.
        query = SimpleNamespace(get_compiler=lambda *args, **kwargs: compiler)
        answer = SimpleNamespace(db=alias, query=query, _fields=queryset._fields, _known_related_objects={})
        with prepared(connection):
            rows = list(queryset._iterable_class(answer))
        for name, row in known.items():
            for each in rows:
                setattr(each, name, row)
        models.prefetch_related_objects(rows, *queryset._prefetch_related_lookups)
        return rows

    def first(self, *values: Any, **known: Any) -> Any:
        """The first of the rows, or None."""
        return next(iter(self(*values, **known)), None)


def lockable(rows: models.QuerySet[Any, Any]) -> models.QuerySet[Any, Any]:
    """The rows, each locked as it is read, until the transaction ends.

    SQLite needs no row lock: its transactions begin IMMEDIATE, so there is one writer at a time.
    PostgreSQL locks all but the key, so that rows which only refer to this one (an audit row of a
    locked doctor) need not wait.
    """
    return rows.select_for_update(of=("self",), no_key=True)


@contextmanager
def prepared(connection: Any) -> Iterator[None]:
    """Have PostgreSQL read and plan each statement once for a connection, as often as it is asked.

    Only what is compiled: Django's other statements differ from time to time, and some do not work with values apart.
    """
    wanted = connection.vendor == "postgresql" and connection.settings_dict["OPTIONS"].get("prepare_threshold")
    if not wanted or connection.queries_logged:  # the driver does not tell the text of what it has prepared
        yield
        return
    connection.ensure_connection()
    driver = connection.connection
    usual, driver.cursor_factory = driver.cursor_factory, ServerBindingCursor
    try:
        yield
    finally:
        driver.cursor_factory = usual


def bind(place: Any, given: dict[str, Any], connection: Any) -> Any:
    """The value for a place, as the driver takes it."""
    if type(place) is not Given:
        return place
    value = given[place.name]
    field = FIELDS.get(type(value))
    return value if field is None else field.get_db_prep_value(value, connection)
