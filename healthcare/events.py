"""Things that happen without `save()`: views, prints, exports, refusals, many new rows. The audit app listens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.dispatch import Signal

from healthcare.context import Untold, act

#: Sent with action, entity_type, entity_id, patient_id, values, user.
happened = Signal()
#: Sent with rows, all of one model, that were inserted together.
created_together = Signal()
#: Sent with rows (`Untold`) once a change is whole, in its transaction.
change_is_whole = Signal()


def record(
    action: str,
    instance: Any = None,
    *,
    entity_type: str = "",
    entity_id: Any = None,
    patient_id: Any = None,
    values: dict[str, Any] | None = None,
    user: Any = None,
) -> None:
    """Say that `action` (a verb of the audit vocabulary) happened to an instance or to a named entity."""
    happened.send(
        sender=type(instance) if instance is not None else None,
        action=action,
        entity_type=entity_type or (instance.entity_name() if instance is not None else ""),
        entity_id=entity_id if entity_id is not None else getattr(instance, "pk", None),
        patient_id=patient_id or (instance.patient_of_row() if instance is not None else None),
        values=values,
        user=user,
    )


def create_all(rows: Sequence[Any]) -> None:
    """Insert new rows of one model in one statement, and tell it of all of them at once."""
    if rows:
        type(rows[0])._default_manager.bulk_create(rows)
        created_together.send(sender=type(rows[0]), rows=rows)


@contextmanager
def change(**acting: Any) -> Iterator[None]:
    """Act with these values; what is told of it until the block ends is inserted together, in one statement."""
    untold = Untold(len(connection.savepoint_ids))
    with act(**acting, untold=untold):
        yield
    change_is_whole.send(sender=None, rows=untold)
