"""Things that happen without a row changing: views, prints, exports, refusals. The audit app listens."""

from __future__ import annotations

from typing import Any

from django.dispatch import Signal

#: Sent with action, entity_type, entity_id, patient_id, values, user.
happened = Signal()


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
