"""Rows of new things within the consultation: an empty row counts as not there."""

from __future__ import annotations

from typing import Any, ClassVar

from django.forms import BaseFormSet

#: More than a visit ever needs; a bound on what one request may ask for.
MAX_ROWS = 50


class Rows(BaseFormSet):
    """A formset of WorkflowForms that make new rows."""

    title: ClassVar[Any] = ""
    add_label: ClassVar[Any] = ""

    def filled(self) -> list[Any]:
        """The rows that somebody wrote something into."""
        return [form for form in self.forms if form.has_changed()]


class RowMixin:
    """A WorkflowForm as one row: what the page itself carries along does not fill it."""

    #: Filled in by the page, so they say nothing about whether the person wrote something.
    PRESET: tuple[str, ...] = ()

    def has_changed(self) -> bool:
        """Whether the person wrote something into this row."""
        return any(name not in (*self.SERVICE_FIELDS, *self.PRESET) for name in self.changed_data)  # type: ignore[attr-defined]
