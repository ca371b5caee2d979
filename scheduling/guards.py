"""No doctor is ever booked twice at once (RULE-APPT-2), whoever writes and however."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from healthcare.guards import Guard

NAME = "appointments_no_overlap"

# Half-open intervals; an appointment lasts at most 480 minutes, so only the days beside it matter.
# SQLite keeps moments as whole milliseconds, so equal ones compare equal however they were computed and
# however the time was stored (`09:30`, `09:30:00`, `09:30:00.000000`).
_SQLITE_CONFLICT = f"""
SELECT RAISE(ABORT, '{NAME}') WHERE EXISTS (
  SELECT 1 FROM appointments AS o
  WHERE o.doctor_id = NEW.doctor_id AND o.id <> NEW.id
    AND o.status NOT IN ('cancelled', 'no_show')
    AND o.appointment_date BETWEEN date(NEW.appointment_date, '-1 day') AND date(NEW.appointment_date, '+1 day')
    AND julianday(o.appointment_date || ' ' || o.appointment_time)
        < julianday(NEW.appointment_date || ' ' || NEW.appointment_time, '+' || NEW.duration_minutes || ' minutes')
    AND julianday(NEW.appointment_date || ' ' || NEW.appointment_time)
        < julianday(o.appointment_date || ' ' || o.appointment_time, '+' || o.duration_minutes || ' minutes')
)"""

_COLUMNS = "doctor_id, appointment_date, appointment_time, duration_minutes, status"
_BLOCKS = "NEW.status NOT IN ('cancelled', 'no_show')"

GUARDS = [
    Guard(
        name=NAME,
        table="appointments",
        message=_("The doctor already has an appointment at this time."),
        field="appointment_time",
        sqlite=(
            f"DROP TRIGGER IF EXISTS {NAME}_insert",
            f"CREATE TRIGGER {NAME}_insert BEFORE INSERT ON appointments WHEN {_BLOCKS} BEGIN {_SQLITE_CONFLICT}; END",
            f"DROP TRIGGER IF EXISTS {NAME}_update",
            f"CREATE TRIGGER {NAME}_update BEFORE UPDATE OF {_COLUMNS} ON appointments WHEN {_BLOCKS} "
            f"BEGIN {_SQLITE_CONFLICT}; END",
        ),
        postgresql=(
            "CREATE EXTENSION IF NOT EXISTS btree_gist",
            f"""DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = '{NAME}'
                 AND conrelid = 'appointments'::regclass) THEN
    ALTER TABLE appointments ADD CONSTRAINT {NAME} EXCLUDE USING gist (
      doctor_id WITH =,
      tsrange(appointment_date + appointment_time,
              appointment_date + appointment_time + duration_minutes * interval '1 minute') WITH &&
    ) WHERE (status NOT IN ('cancelled', 'no_show'));
  END IF;
END $$""",
        ),
    )
]
