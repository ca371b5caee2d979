"""Rules about a doctor's time that several forms share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from healthcare.clock import wall_clock
from healthcare.constraints import name_of
from healthcare.workflow import WorkflowForm, refuse
from scheduling import guards
from scheduling.slots import Span, nearest_free

TAKEN = gettext_lazy("The doctor already has an appointment at this time.")


def spell(starts: Iterable[datetime]) -> str:
    """Starts as people read them: `2026-11-24 09:30, 10:00`; the date once a day."""
    words, day = [], None
    for start in starts:
        words.append(f"{start:%H:%M}" if start.date() == day else f"{start:%Y-%m-%d %H:%M}")
        day = start.date()
    return ", ".join(words)


class DoctorTimeForm(WorkflowForm):
    """A form that claims a doctor's time; refused, it names the nearest free ones (BYD-1)."""

    #: The field that shows what is wrong with the time; empty: the whole form.
    time_field = "appointment_time"
    #: The doctor's key and the span that this form claims; `clean()` sets it once they are known.
    claim: tuple[Any, Span] | None = None
    #: The nearest free starts, once a time was refused.
    free_starts: tuple[datetime, ...] = ()

    def refuse_time(self, message: Any, code: str) -> None:
        """Refuse the time, with the nearest free ones."""
        if self.claim is not None:
            self.free_starts = tuple(nearest_free(*self.claim, wall_clock(), self.instance.pk))
        if self.free_starts:
            message = _("%(message)s Nearest free times: %(times)s.") % {
                "message": message,
                "times": spell(self.free_starts),
            }
        self.add_error(self.time_field or None, refuse(message, code=code))

    def refused_by_database(self, error: IntegrityError) -> None:
        """Who loses a race for a time reads the same as who comes late."""
        if name_of(error) == guards.NAME:
            self.errors.pop(self.time_field or "__all__", None)
            self.refuse_time(TAKEN, "overlap")
