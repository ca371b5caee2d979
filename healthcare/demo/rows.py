"""Writing many rows at once: deterministic time-ordered keys, and audit rows beside them.

Bulk inserts send no signals, so whoever uses this writes the audit rows too (`Batch.audit`).
"""

from __future__ import annotations

import random
import uuid
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import transaction

CHUNK = 1000


def key_at(moment: datetime, rng: random.Random) -> uuid.UUID:
    """A UUID v7 of that moment whose random part comes from the seed, so that a demo can be repeated."""
    milliseconds = int(moment.timestamp() * 1000)
    value = (
        (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | rng.getrandbits(12) << 64 | 0b10 << 62 | rng.getrandbits(62)
    )
    return uuid.UUID(int=value)


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

    def write(self) -> None:
        """Insert everything, all or nothing, and start anew."""
        with transaction.atomic():
            for model, rows in self.rows.items():
                model._default_manager.bulk_create(rows, batch_size=CHUNK)
        self.rows = {}
