"""Writing many rows at once: deterministic time-ordered keys, and audit rows beside them.

What is written here sends no signals, so whoever uses this writes the audit rows too (`Batch.audit`). SQLite's
`executemany` takes a third of the time of Django's bulk inserts, which build each statement anew for every 42 rows;
PostgreSQL has COPY.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction

from healthcare import written

#: SQL and the values of its rows.
Statement = tuple[str, list[tuple[Any, ...]]]


def key_at(moment: datetime, rng: random.Random) -> uuid.UUID:
    """A UUID v7 of that moment whose random part comes from the seed, so that a demo can be repeated."""
    milliseconds = int(moment.timestamp() * 1000)
    value = (
        (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | rng.getrandbits(12) << 64 | 0b10 << 62 | rng.getrandbits(62)
    )
    return uuid.UUID(int=value)


def values_for(rows: Sequence[Any], names: Sequence[str]) -> list[tuple[Any, ...]]:
    """The rows' columns as the database takes them."""
    # Not `connection`, which looks up what it stands for each time that it is touched.
    columns, database = [], connections[DEFAULT_DB_ALIAS]
    for field in (rows[0]._meta.get_field(name) for name in names):
        values = [getattr(row, field.attname) for row in rows]
        if getattr(field, "auto_now", False):
            values = [field.pre_save(rows[0], True)] * len(rows)
        if isinstance(field, models.JSONField):
            values = [field.get_db_prep_save(value, database) for value in values]
        elif written.as_it_is(field) is None:
            # The same days, people and amounts come again and again.
            prepared = {value: field.get_db_prep_save(value, database) for value in set(values)}
            values = [prepared[value] for value in values]
        columns.append(values)
    return list(zip(*columns, strict=True))


def insertion(rows: Sequence[Any], last: str = "") -> Statement:
    """What inserts rows of one model; a column that is named comes last."""
    fields = [field for field in rows[0]._meta.concrete_fields if not field.generated]
    names = sorted((field.name for field in fields), key=lambda name: name == last)
    columns = ", ".join(connection.ops.quote_name(rows[0]._meta.get_field(name).column) for name in names)
    sql = f"INSERT INTO {rows[0]._meta.db_table} ({columns})"
    sql += f" VALUES ({', '.join(['%s'] * len(names))})"
    if connection.vendor == "postgresql":
        sql = f"COPY {rows[0]._meta.db_table} ({columns}) FROM STDIN"
    return sql, values_for(rows, names)


def change(rows: Sequence[Any], *names: str) -> Statement:
    """What writes these columns of rows of one model."""
    return written.change(rows[0].__class__, names), values_for(rows, [*names, "id"])


def run(statements: Iterable[Statement]) -> None:
    """Do them one after the other."""
    with connection.cursor() as cursor:
        for sql, values in statements:
            if sql.startswith("COPY"):
                with cursor.copy(sql) as copy:
                    for row in values:
                        copy.write_row(row)
            else:
                cursor.executemany(sql, values)


class Batch:
    """Rows collected by model, written together in one transaction in the order in which models came."""

    def __init__(self) -> None:
        self.rows: dict[Any, list[Any]] = {}
        self.audit_model = apps.get_model("audit", "AuditLog")

    def add(self, row: Any) -> Any:
        """Keep a row for the next write."""
        self.rows.setdefault(type(row), []).append(row)
        return row

    def audit(self, rng: random.Random, action: str, row: Any, user: Any, moment: datetime, **values: Any) -> None:
        """Keep the audit row of something done to a row at a moment."""
        entry = self.audit_model(
            id=key_at(moment, rng),
            user_id=getattr(user, "pk", user),
            action=action,
            entity_type=row.entity_name(),
            entity_id=row.pk,
            patient_id=row.patient_of_row(),
            new_values=values or None,
            ip_address="10.0.0.15",
            user_agent="Demo",
            created_at=moment,
        )
        self.rows.setdefault(self.audit_model, []).append(entry)

    def __len__(self) -> int:
        return sum(len(rows) for rows in self.rows.values())

    def statements(self) -> list[Statement]:
        """What inserts everything; the batch starts anew."""
        for entry in self.rows.get(self.audit_model, ()):
            entry.sign()
        made = [insertion(rows) for rows in self.rows.values() if rows]
        self.rows = {}
        return made

    def write(self) -> None:
        """Insert everything, all or nothing, and start anew."""
        with transaction.atomic():
            run(self.statements())
