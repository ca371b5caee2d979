"""What the database keeps of a merge: the only time at which a row may pass from one patient to another where it is
otherwise frozen (a locked note, an issued invoice, a payment)."""

from __future__ import annotations

from healthcare.guards import Guard

#: SQL, of a row that changes: whether these two patients are being merged, or parted again, in this transaction.
MERGING = (
    "EXISTS (SELECT 1 FROM patient_merges AS merging WHERE merging.moving "
    "AND ((merging.kept_id = NEW.patient_id AND merging.merged_id = OLD.patient_id) "
    "OR (merging.merged_id = NEW.patient_id AND merging.kept_id = OLD.patient_id)))"
)

GUARDS: list[Guard] = []
