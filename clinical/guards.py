"""What the database keeps of the clinical rules, whoever writes and however."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from clinical.models import EDITABLE_AFTER_COMPLETION, Consultation, LabTest
from healthcare.guards import Guard, append_only, refuse_function
from patients.guards import MERGING

ADDENDA = "consultation_addenda_append_only"
RESULT_VERSIONS = "lab_result_versions_append_only"
LOCKED = "consultations_locked"
PRESCRIBED = "prescriptions_locked"
ORDERED = "lab_tests_locked"
TRANSITION = "lab_tests_no_skipping"

_HOURS = int(EDITABLE_AFTER_COMPLETION.total_seconds() // 3600)
# Written from the table on the model, so that the two cannot differ.
_ALLOWED = ", ".join(f"'{old}>{new}'" for old, following in LabTest.TRANSITIONS.items() for new in following)
# What was prescribed or ordered. It may still be discontinued or renewed (as a new row); processed or cancelled.
_PRESCRIBED = (
    *("medication_name", "dosage", "frequency", "duration", "route", "special_instructions", "quantity"),
    *("prescribed_date", "doctor_id", "consultation_id"),
)
_ORDERED = ("test_name", "test_type", "notes", "ordered_date", "ordered_by_doctor_id", "consultation_id")
_SKIPS = f"OLD.status <> NEW.status AND OLD.status || '>' || NEW.status NOT IN ({_ALLOWED})"


def _row_trigger(name: str, table: str, when: str, columns: str = "") -> tuple[str, ...]:
    """PostgreSQL: refuse the UPDATE of a row for which the condition holds."""
    return (
        refuse_function(name),
        f"DROP TRIGGER IF EXISTS {name} ON {table}",
        f"CREATE TRIGGER {name} BEFORE UPDATE {columns} ON {table} FOR EACH ROW WHEN ({when}) "
        f"EXECUTE FUNCTION {name}_refuse()",
    )


def _sqlite_trigger(name: str, table: str, when: str, columns: str = "") -> tuple[str, ...]:
    """SQLite: the same."""
    return (
        f"DROP TRIGGER IF EXISTS {name}",
        f"CREATE TRIGGER {name} BEFORE UPDATE {columns} ON {table} WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, '{name}'); END",
    )


def _same_text(same: str) -> str:
    """SQL: nothing of the note changes but whose it is (a merge of charts)."""
    columns = [field.column for field in Consultation._meta.concrete_fields]
    return " AND ".join(f"OLD.{name} {same} NEW.{name}" for name in columns if name not in ("patient_id", "updated_at"))


def _locked_with_its_consultation(name: str, table: str, columns: tuple[str, ...], message: Any) -> Guard:
    """24 hours after the consultation's completion these columns stand; the patient changes in a merge only."""

    def retold(differs: str) -> str:
        return " OR ".join(f"OLD.{column} {differs} NEW.{column}" for column in columns)

    return Guard(
        name=name,
        table=table,
        message=message,
        sqlite=_sqlite_trigger(
            name,
            table,
            f"({retold('IS NOT')} OR (OLD.patient_id <> NEW.patient_id AND NOT {MERGING})) "
            "AND EXISTS (SELECT 1 FROM consultations c WHERE c.id = OLD.consultation_id AND "
            f"julianday('now') - julianday(c.completed_at) >= {_HOURS} / 24.0)",
        ),
        postgresql=(
            f"CREATE OR REPLACE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF EXISTS (SELECT 1 FROM consultations c WHERE c.id = OLD.consultation_id "
            f"AND clock_timestamp() - c.completed_at >= interval '{_HOURS} hours') "
            f"AND NOT ({MERGING} AND NOT ({retold('IS DISTINCT FROM')})) THEN "
            f"RAISE EXCEPTION '{name}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
            "RETURN NEW; END $$",
            *_row_trigger(name, table, f"{retold('IS DISTINCT FROM')} OR OLD.patient_id <> NEW.patient_id")[1:],
        ),
    )


GUARDS = [
    append_only("consultation_addenda", ADDENDA, _("A signed addendum cannot be changed.")),
    append_only("lab_result_versions", RESULT_VERSIONS, _("An earlier result cannot be changed.")),
    Guard(
        name=LOCKED,
        table="consultations",
        message=_("24 hours after completion a consultation can no longer be edited; write an addendum."),
        # The database's own clock; julianday reads Django's text in UTC, with or without fractions of a second.
        sqlite=_sqlite_trigger(
            LOCKED,
            "consultations",
            f"OLD.completed_at IS NOT NULL AND julianday('now') - julianday(OLD.completed_at) >= {_HOURS} / 24.0 "
            f"AND NOT ({MERGING} AND {_same_text('IS')})",
        ),
        # A trigger's condition may hold no subquery there, so its function asks about the merge.
        postgresql=(
            f"CREATE OR REPLACE FUNCTION {LOCKED}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN IF {MERGING} AND {_same_text('IS NOT DISTINCT FROM')} THEN RETURN NEW; END IF; "
            f"RAISE EXCEPTION '{LOCKED}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
            *_row_trigger(
                LOCKED, "consultations", f"clock_timestamp() - OLD.completed_at >= interval '{_HOURS} hours'"
            )[1:],
        ),
    ),
    _locked_with_its_consultation(
        PRESCRIBED,
        "prescriptions",
        _PRESCRIBED,
        _("24 hours after its consultation was completed a prescription's text can no longer be changed."),
    ),
    _locked_with_its_consultation(
        ORDERED,
        "lab_tests",
        _ORDERED,
        _("24 hours after its consultation was completed a laboratory order can no longer be changed."),
    ),
    Guard(
        name=TRANSITION,
        table="lab_tests",
        message=_("A lab test goes through its steps one by one, and never back."),
        field="status",
        sqlite=_sqlite_trigger(TRANSITION, "lab_tests", _SKIPS, "OF status"),
        postgresql=_row_trigger(TRANSITION, "lab_tests", _SKIPS, "OF status"),
    ),
]
